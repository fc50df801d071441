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
from functools import partial
from typing import Final, cast

from aiohttp import WSCloseCode, web

from tcp_room import messages
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.intake import LINELESS, SESSION, Reading
from tcp_room.limits import Turnstile
from tcp_room.lines import TOO_LONG, TooLong
from tcp_room.member import Why
from tcp_room.pulse import Linger, Pulse, has_to_read, keep_alive
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
    Message,
    answer_to_closing,
    closing,
    control,
    framed,
)
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
    hall, turnstile, bridges = request.app[HALL], request.app[TURNSTILE], request.app[BRIDGES]
    if not is_own_origin(request.headers.get("Origin"), request.headers.get("Host")):
        raise RoomError("foreign_origin", "a page of another address may not join")
    check_handshake(request)
    view, hello = _view(request), _hello(request)
    turnstile.enter(address := request.remote or "")
    lost = partial(_depart, turnstile, address, bridges)
    bridge = Bridge(hall, view, hello, lost)
    bridges.add(bridge)
    try:
        said_already = take_over(request, bridge)
    except ConnectionResetError:
        lost(bridge)
    else:
        hall.intake.offer(bridge, said_already)
    return Upgraded()


def _depart(turnstile: Turnstile, address: str, bridges: set[Bridge], bridge: Bridge) -> None:
    turnstile.leave(address)
    bridges.discard(bridge)


class Bridge(asyncio.BufferedProtocol):
    """An outlet (see `member.Outlet`), and the reading side of a session."""

    __slots__ = (
        "_asked",
        "_closing",
        "_decoder",
        "_gone",
        "_granted",
        "_hall",
        "_heard",
        "_hello",
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
        lost: Callable[[Bridge], None],
    ) -> None:
        """`view` and `hello` are what the query chose; `lost` is called when it is over."""
        self._hall = hall
        self._view = view
        self._hello = hello
        self._lost = lost
        config = hall.config
        self._decoder = FrameDecoder(
            config.message_bytes, config.message_frames, config.lineless_frames
        )
        self._granted = hall.scheduler.time()  # when frames without a line were last allowed
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
        lines: list[bytes | TooLong] = []
        for message in self._decoder.feed(data):
            if message.opcode == TEXT and not self._closing:
                lines += self._lines(message.payload)
            else:
                self._hear(lines)
                lines = []
                self._obey(message)
        self._hear(lines)
        if self._decoder.broken:
            self._close(self._decoder.broken)
        elif self._decoder.allowance <= 0:
            self._ration()

    def eof_received(self) -> None:
        """Who ends without a word is gone."""

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        self._lost(self)
        self.session.member.mute()
        if unhandled := self._hall.intake.forget(self):
            self.take_in(unhandled[: self._hall.config.parting_bytes])
        self.session.lost()
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

    def _lines(self, payload: bytes) -> list[bytes | TooLong]:
        lines, limit = payload.splitlines(), self._hall.config.line_bytes
        if len(payload) <= limit:
            return [*lines]
        return [TOO_LONG if len(line) > limit else line for line in lines]

    def _ration(self) -> None:
        """It sent frames that bring no line: not more than so many in a second."""
        wait = self._granted + 1.0 - self._hall.scheduler.time()
        if wait <= 0:
            self._allow()
        else:
            self.reading.pause(LINELESS)
            self._hall.scheduler.call_later(wait, self._allow)

    def _allow(self) -> None:
        if self._transport.is_closing():
            return
        self._granted = self._hall.scheduler.time()
        self._decoder.allowance = self._hall.config.lineless_frames
        self.reading.resume(LINELESS)
        self._hall.intake.offer(self, b"")

    def _hear(self, lines: list[bytes | TooLong]) -> None:
        if lines and not self._closing:
            self.session.receive(lines)

    def _obey(self, message: Message) -> None:
        opcode, payload = message
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

    def _close(self, code: int, reason: str = "") -> None:
        """Says goodbye, and waits for the same."""
        if self._closing or self._transport.is_closing():
            return
        self._closing = True
        self.session.lost()
        self._transport.write(closing(code, reason))
        self.reading.resume(SESSION)
        self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        if self._linger is None:
            self._linger = Linger(self._transport, self._hall.config.linger_s)

    # -- called by the room and the session

    def close(self, why: Why) -> None:
        self._close(CLOSE_CODES[why], why)

    def pause(self) -> None:
        self.reading.pause(SESSION)

    def resume(self) -> None:
        self.reading.resume(SESSION)

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
