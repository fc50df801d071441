"""The web door: one WebSocket, bridged into the room.

The same skeleton as `tcp_room.connection`: bytes to lines to the session, the
session's answers to the socket, and the ends of a connection.

Who writes. The room's bytes are framed already, and go straight to the
transport; aiohttp writes only its control frames to it, whole, so the two do
not mix. Whether the socket is full, asyncio tells the connection's protocol,
which is aiohttp's: `tap.Tap` stands before it and listens.

Whose heart beats. aiohttp's own heartbeat cuts who has not answered a ping in
time, but a slow reader comes to the ping only behind all that waits before it.
So only the idle are asked; of those who have to read, the kernel knows (`pulse`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import WSCloseCode, WSMsgType, web

from tcp_room import messages
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.member import Why
from tcp_room.pulse import Pulse, has_to_read, keep_alive
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from web_gateway.frames import PING, framed
from web_gateway.security import is_own_origin
from web_gateway.tap import Tap, cut_later, transport_of

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
    """`/ws`: the JSON view, or `?view=text`; `nick`, `room`, `since`, `epoch` as in a hello.

    By `?view=json` a hello is promised, however long it takes.
    """
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

    __slots__ = (
        "_asked",
        "_gate",
        "_pulse",
        "_send",
        "_socket",
        "_timer",
        "_transport",
        "closing",
        "session",
    )

    def __init__(
        self,
        hall: Hall,
        request: web.Request,
        socket: web.WebSocketResponse[bool],
        *,
        view: str | None,
    ) -> None:
        self._transport = transport_of(request)
        self._socket = socket
        self._pulse = Pulse(self._transport)
        self._gate: asyncio.Future[None] | None = None
        self.closing: tuple[asyncio.Task[object], ...] = ()  # handshakes that were begun
        self._send = self._transport.write
        self.session = Session(
            hall,
            self,
            door="web",
            view=TEXT.changed(lang=hall.config.lang) if view == "text" else JSON,
            dress=framed,
            says_hello=view == "json",
        )
        if view == "text":
            self.session.bare_lines()
        keep_alive(self._transport, hall.config)
        self._transport.set_write_buffer_limits(hall.config.member_buffer_bytes)
        behind = cast(asyncio.Protocol, request.protocol)
        self._transport.set_protocol(Tap(behind, self.session.member, heard=self._hear))
        self._asked = False  # a ping has had no answer yet
        self._wait(self._ask)

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
        self._timer.cancel()
        self.session.lost()
        cut_later(self._transport, self.session.hall.config.linger_s)

    # -- the heartbeat

    def _wait(self, then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.session.hall.config.heartbeat_s / 2, then)

    def _ask(self) -> None:
        """Proxies in between hear it, too."""
        self._asked = not (self.session.member.is_gone or has_to_read(self._transport))
        if self._asked:
            self.write(PING)
        self._wait(self._listen)

    def _hear(self) -> None:
        self._asked = False

    def _listen(self) -> None:
        """Who had nothing else to read has answered by now, if we read it."""
        if self._asked and self._gate is None and not has_to_read(self._transport):
            self._transport.abort()
        self._wait(self._ask)

    # -- called by the room and the session

    def write(self, data: bytes) -> None:
        try:  # noqa: SIM105  (suppress() costs six times as much, and this is the hot path)
            self._send(data)
        except RuntimeError:
            pass  # aiohttp has closed the transport, and `lost` is on its way

    def close(self, why: Why) -> None:
        self._open_gate()
        closing = self._socket.close(code=CLOSE_CODES[why], message=why.encode())
        self.closing += (asyncio.get_running_loop().create_task(closing),)

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
