"""The web door: one WebSocket, as an asyncio protocol without a task.

The same skeleton as `tcp_room.connection`: bytes to lines to the session, the
session's answers to the socket, and the ends of a connection. The handshake and
how a connection comes here is `upgrade`'s business, the frames are `frames`'.

Whose heart beats. Who has said nothing for a while is asked by a ping, and cut
if there is no answer; but a slow reader comes to the ping only behind all that
waits before it. So only the idle are asked; of those who have to read, the
kernel knows (`pulse`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from aiohttp import WSCloseCode, web

from tcp_room import messages
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.intake import LINELESS, SESSION, Reading
from tcp_room.limits import Turnstile
from tcp_room.member import Why
from tcp_room.pulse import Linger, Pulse, has_to_read, keep_alive, peer, unsent
from tcp_room.session import Session
from tcp_room.terminal import TEXT as TEXT_VIEW
from tcp_room.views import JSON
from web_gateway.frames import (
    BINARY,
    CLOSE,
    EMPTY_PING,
    PING,
    PONG,
    TEXT,
    UNSUPPORTED,
    FrameDecoder,
    answer_to_closing,
    closing,
    control,
    framed,
)
from web_gateway.handler import Handler
from web_gateway.refusals import STATUS, as_json
from web_gateway.security import is_own_origin
from web_gateway.upgrade import VERSION, Upgraded, check_handshake, take_over

HALL: Final = web.AppKey("hall", Hall)
TURNSTILE: Final = web.AppKey("turnstile", Turnstile)
BRIDGES: Final = web.AppKey("bridges", set["Bridge"])

# What an answer of 426 says (RFC 6455, 4.4; RFC 9110, 15.5.22).
_UPGRADE_TO: Final = {"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket"}
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
    try:
        return _admit(request)
    except RoomError as error:
        return _refusal(error)


def _admit(request: web.Request) -> web.StreamResponse:
    """Raises RoomError."""
    hall, bridges = request.app[HALL], request.app[BRIDGES]
    if not is_own_origin(request.headers.get("Origin"), request.headers.get("Host")):
        raise RoomError("foreign_origin", "a page of another address may not join")
    check_handshake(request)
    view, hello = _view(request), _hello(request)
    # The connection counts already: its place at the turnstile goes along.
    leave = cast(Handler, request.protocol).hand_over()
    bridge = Bridge(hall, view, hello, lost=bridges.discard, leave=leave)
    bridges.add(bridge)
    try:
        said_already = take_over(request, bridge)
    except ConnectionResetError:
        bridges.discard(bridge)
        leave()
    else:
        hall.intake.offer(bridge, said_already)
    return Upgraded()


class Bridge(asyncio.BufferedProtocol):
    """An outlet (see `member.Outlet`), and the reading side of a session."""

    __slots__ = (
        "_asked",
        "_closing",
        "_decoder",
        "_gone",
        "_hall",
        "_heard",
        "_hello",
        "_leave",
        "_linger",
        "_lost",
        "_pulse",
        "_since",
        "_transport",
        "_view",
        "reading",
        "session",
        "write",
    )

    reading: Reading
    session: Session
    write: Callable[[bytes], None]

    def __init__(
        self,
        hall: Hall,
        view: str | None,
        hello: messages.Hello | None,
        *,
        lost: Callable[[Bridge], None],
        leave: Callable[[], None],
    ) -> None:
        """`view` and `hello` are what the query chose. `lost` is called when the connection is
        over, and `leave` when its session is."""
        self._hall = hall
        self._view = view
        self._hello = hello
        self._lost = lost
        self._leave = leave
        config = hall.config
        self._decoder = FrameDecoder(
            config.message_bytes, config.message_frames, config.frames_at_once
        )
        self._heard = True  # since it was last looked at
        self._asked = False  # a ping has had no answer yet
        self._since = 0.0  # when it was last heard, or asked
        self._closing = False  # the closing handshake has begun
        self._linger: Linger | None = None
        self._gone: asyncio.Future[None] | None = None

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        hall, view = self._hall, self._view
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self.reading = Reading(self._transport)
        self._transport.set_write_buffer_limits(hall.config.member_buffer_bytes)
        keep_alive(self._transport, hall.config)
        self._pulse = Pulse(self._transport)
        self.session = Session(
            hall,
            self,
            door="web",
            view=TEXT_VIEW.changed(lang=hall.config.lang) if view == "text" else JSON,
            dress=framed,
            says_hello=view == "json",
            address=peer(self._transport),
        )
        if view == "text":
            self.session.bare_lines()
        if self._hello is not None:
            self.session.hello(self._hello)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._hall.intake.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._hall.intake.received(self, nbytes)

    def take_in(self, data: bytes, /) -> None:
        """What the client sent, when its turn has come (see `intake`)."""
        self._heard = True
        decoder, said = self._decoder, []
        messages = decoder.feed(data)
        for opcode, payload in messages:
            if opcode == TEXT:
                # A last line may have its end, or not.
                said.append(payload if payload.endswith(b"\n") else payload + b"\n")
            else:
                self._hear(said)
                said = []
                self._obey(opcode, payload)
        self._hear(said)
        if decoder.broken:
            self._close(decoder.broken)
        elif decoder.allowance <= 0:
            self._ration()
        elif data and not messages:
            self._hall.intake.charge(self.reading, len(data))

    def eof_received(self) -> None:
        """Who ends without a word is gone."""

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        self._lost(self)
        self.session.member.mute()
        if unhandled := self._hall.intake.forget(self):
            self.take_in(unhandled[: self._hall.config.parting_bytes])
        self.session.lost(self._leave)
        if self._gone is not None:
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        self.session.member.full = True

    def resume_writing(self) -> None:
        member = self.session.member
        member.full = False
        if member.room is not None:
            member.room.drained(member)

    # -- frames

    def _ration(self) -> None:
        """It sent frames that bring no line: the rest of them wait for a turn, or longer."""
        config = self._hall.config
        cost = config.frames_at_once * config.control_as_bytes
        delay = self._hall.intake.charge(self.reading, cost)
        self._hall.scheduler.call_later(delay, self._go_on)

    def _go_on(self) -> None:
        if not self._transport.is_closing():
            self._decoder.allowance = self._hall.config.frames_at_once
            self._hall.intake.offer(self, b"")

    def _hear(self, said: list[bytes]) -> None:
        if said and not self._closing:
            self.session.feed(b"".join(said))

    def _obey(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._part(payload)
        elif opcode == PING:
            self._answer_ping(payload)
        elif opcode == BINARY:
            self._close(UNSUPPORTED, "text only")

    def _answer_ping(self, payload: bytes) -> None:
        member = self.session.member
        if not (self._closing or member.full or member.is_gone):
            self._transport.write(control(PONG, payload))

    def _part(self, payload: bytes) -> None:
        """The client closes, or answers that we do (RFC 6455, 5.5.1)."""
        if not self._closing:
            self._closing = True
            self.session.lost()
            self._transport.write(answer_to_closing(payload))
        self._transport.close()
        self._wait_for_the_end()

    def _close(self, code: int, reason: str = "", *, in_haste: bool = False) -> None:
        """Says goodbye, and waits for the same; `in_haste`, until the kernel has sent it."""
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        self.session.lost()
        self._transport.write(closing(code, reason))
        self.reading.resume(SESSION | LINELESS)
        self._wait_for_the_end(in_haste=in_haste)

    def _wait_for_the_end(self, *, in_haste: bool = False) -> None:
        if self._linger is None:
            linger_s = self._hall.config.linger_s
            self._linger = Linger(self._transport, linger_s, in_haste=in_haste)

    # -- called by the room and the session

    def close(self, why: Why) -> None:
        self._close(CLOSE_CODES[why], why, in_haste=why == "stopping")

    def pause(self) -> None:
        self.reading.pause(SESSION)

    def resume(self) -> None:
        self.reading.resume(SESSION)

    def unsent(self) -> int:
        return unsent(self._transport)

    def check(self) -> None:
        now, config = self._hall.scheduler.time(), self._hall.config
        if self._pulse.is_over(now, config) or not self._is_alive(now):
            self._transport.abort()

    # -- the heartbeat

    def _is_alive(self, now: float) -> bool:
        """Asks who was not heard for half a heartbeat; proxies in between hear it, too."""
        if self._heard or has_to_read(self._transport):
            self._heard = self._asked = False
            self._since = now
        elif now - self._since >= self._hall.config.heartbeat_s / 2:
            if self._asked and self._transport.is_reading():
                return False
            self._asked, self._since = True, now
            self._transport.write(EMPTY_PING)
        return True

    # -- called by the application

    def gone(self) -> asyncio.Future[None]:
        """Done when the connection is over."""
        if self._gone is None:
            self._gone = asyncio.get_running_loop().create_future()
        return self._gone


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


def _view(request: web.Request) -> str | None:
    """Raises RoomError (bad_message)."""
    view = request.query.get("view")
    if view not in (None, "json", "text"):
        raise RoomError("bad_message", "view is json or text")
    return view


def _refusal(error: RoomError) -> web.Response:
    """What follows a request that asked for another protocol is not read as HTTP."""
    headers = _UPGRADE_TO if error.code == "bad_version" else None
    body = {"code": error.code, "text": error.text}
    response = as_json(body, STATUS.get(error.code, 400), headers)
    response.force_close()
    return response
