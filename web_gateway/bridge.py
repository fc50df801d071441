"""The web door: one WebSocket, bridged into the room.

The same skeleton as `tcp_room.connection`: bytes to lines to the session, the
session's answers to the socket, and the ends of a connection.

Who writes. The room's bytes are framed already, and go straight to the
transport; aiohttp writes only its control frames to it, whole, so the two do
not mix. Whether the socket is full, asyncio tells the connection's protocol,
which is aiohttp's: `tap.Tap` stands before it and listens.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from aiohttp import WSCloseCode, WSMsgType, web

from tcp_room import messages
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.member import Why
from tcp_room.pulse import Pulse, keep_alive
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from web_gateway.frames import framed
from web_gateway.security import is_own_origin
from web_gateway.tap import Tap

HALL: Final = web.AppKey("hall", Hall)
TURNSTILE: Final = web.AppKey("turnstile", Turnstile)
BRIDGES: Final = web.AppKey("bridges", set["Bridge"])

# RFC 6455, 7.4; from 4000 on they are ours. docs/protocol.md lists them.
CLOSE_CODES: Final[dict[Why, int]] = {
    "left": WSCloseCode.OK,
    "stopping": WSCloseCode.GOING_AWAY,
    "replaced": 4001,
    "refused": 4002,
}


async def websocket(request: web.Request) -> web.StreamResponse:
    """`/ws`: the JSON view, or `?view=text`; by `?view=json` a hello is promised; `nick`, `room`,
    `since`, `epoch` as in a hello."""
    hall, turnstile = request.app[HALL], request.app[TURNSTILE]
    if not is_own_origin(request.headers.get("Origin"), request.headers.get("Host")):
        return _refusal(403, RoomError("foreign_origin", "a page of another address may not join"))
    try:
        hello = _hello(request)
        turnstile.enter(address := request.remote or "")
    except RoomError as error:
        return _refusal(400 if error.code == "bad_message" else 503, error)
    try:
        return await _converse(request, hall, hello)
    finally:
        turnstile.leave(address)


async def _converse(
    request: web.Request, hall: Hall, hello: messages.Hello | None
) -> web.StreamResponse:
    config = hall.config
    socket = web.WebSocketResponse(
        heartbeat=config.heartbeat_s,
        compress=False,
        decode_text=False,
        timeout=config.linger_s,
        # Lines over the limit are answered; a message of very many is not even read.
        max_msg_size=4 * config.line_bytes,
    )
    await socket.prepare(request)
    bridge = Bridge(hall, request, socket, view=request.query.get("view"))
    request.app[BRIDGES].add(bridge)
    try:
        if hello is not None:
            bridge.session.hello(hello)
        await bridge.read()
    finally:
        request.app[BRIDGES].discard(bridge)
        bridge.lost()
    return socket


class Bridge:
    """An outlet (see `member.Outlet`), and the reading side of a session."""

    __slots__ = ("_gate", "_pulse", "_send", "_socket", "_transport", "closing", "session")

    def __init__(
        self,
        hall: Hall,
        request: web.Request,
        socket: web.WebSocketResponse[bool],
        *,
        view: str | None,
    ) -> None:
        assert request.transport is not None
        self._transport = request.transport
        self._socket = socket
        self._pulse = Pulse(self._transport)
        self._gate: asyncio.Future[None] | None = None
        self.closing: set[asyncio.Task[object]] = set()  # handshakes that are under way
        self._send = self._transport.write
        self.session = Session(
            hall,
            self,
            door="web",
            view=TEXT if view == "text" else JSON,
            dress=framed,
            says_hello=view == "json",
        )
        if view == "text":
            self.session.bare_lines()
        keep_alive(self._transport, hall.config)
        self._transport.set_write_buffer_limits(hall.config.member_buffer_bytes)
        tap = Tap(cast(asyncio.Protocol, request.protocol), self.session.member)
        self._transport.set_protocol(tap)

    async def read(self) -> None:
        """Reads until the client says no more."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self.session.receive(cast(bytes, message.data).splitlines())
            elif message.type is WSMsgType.BINARY:
                await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text only")
            if self._gate is not None:
                await self._gate

    def lost(self) -> None:
        """The connection is over; what still waits in the socket must not keep it."""
        self.session.lost()
        transport = self._transport
        if transport.get_write_buffer_size():
            loop = asyncio.get_running_loop()
            loop.call_later(self.session.hall.config.linger_s, transport.abort)

    # -- called by the room and the session

    def write(self, data: bytes) -> None:
        try:  # noqa: SIM105  (suppress() costs six times as much, and this is the hot path)
            self._send(data)
        except RuntimeError:
            pass  # aiohttp has closed the transport, and `lost` is on its way

    def close(self, why: Why) -> None:
        self._open_gate()
        closing = self._socket.close(code=CLOSE_CODES[why], message=why.encode())
        task = asyncio.get_running_loop().create_task(closing)
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)

    def check(self) -> None:
        hall = self.session.hall
        if self._pulse.is_over(hall.scheduler.time(), hall.config):
            self._transport.abort()

    def pause(self) -> None:
        if self._gate is None:
            self._gate = asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        self._open_gate()

    def _open_gate(self) -> None:
        gate, self._gate = self._gate, None
        if gate is not None and not gate.done():
            gate.set_result(None)


def _hello(request: web.Request) -> messages.Hello | None:
    """What the query says in place of a hello. Raises RoomError (bad_message)."""
    query = request.query
    if not query.keys() & {"nick", "room", "since", "epoch"}:
        return None
    since = query.get("since")
    if since is not None and not (since.isascii() and since.isdigit() and len(since) < 16):
        raise RoomError("bad_message", "since is the number of the last event you have seen")
    return messages.Hello(
        nick=query.get("nick"),
        room=query.get("room"),
        since=None if since is None else int(since),
        epoch=query.get("epoch"),
    )


def _refusal(status: int, error: RoomError) -> web.Response:
    return web.json_response({"code": error.code, "text": error.text}, status=status)
