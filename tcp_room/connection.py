"""The TCP door: one connection, as an asyncio protocol without a task.

It moves bytes: telnet's out of the way, lines to the session, the session's
answers to the socket; and sees to the ends of a connection. What is said and
to whom is not its business. (`web_gateway.bridge` is the same for WebSockets.)

How it ends. At EOF the client has said all (`printf hi | nc -N`): what it said
is said, what it is owed is written, then we close too. Whoever is shown the
door hears why first: we write, end our side, and wait a little for the other
side to have read it, since closing at once would make a reset of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from tcp_room import events, preamble
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.intake import ENDED, SESSION, Reading
from tcp_room.limits import Turnstile
from tcp_room.lines import LineDecoder, TooLong
from tcp_room.member import Why
from tcp_room.pulse import Linger, Pulse, keep_alive, unsent
from tcp_room.session import Session
from tcp_room.telnet import TelnetFilter
from tcp_room.terminal import TEXT

if TYPE_CHECKING:
    from tcp_room.server import Addresses

_OPENING_BYTES = 16
_log = logging.getLogger(__name__)


def peer(transport: asyncio.BaseTransport) -> str:
    """The address of the other end. A Unix socket has none, nor has one that was reset before we
    came to it: all these count as one."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else "unix"


class Connection(asyncio.BufferedProtocol):
    """An outlet (see `member.Outlet`), and the reading side of a session."""

    __slots__ = (
        "_address",
        "_addresses",
        "_closing",
        "_decoder",
        "_ended",
        "_hall",
        "_judged",
        "_linger",
        "_opening",
        "_pulse",
        "_session",
        "_telnet",
        "_transport",
        "_turnstile",
        "reading",
        "write",
    )

    reading: Reading
    write: Callable[[bytes], None]

    def __init__(self, hall: Hall, turnstile: Turnstile, addresses: Addresses) -> None:
        self._hall = hall
        self._turnstile = turnstile
        self._addresses = addresses
        self._decoder = LineDecoder(hall.config.line_bytes)
        self._telnet = TelnetFilter()
        self._session: Session | None = None
        self._address: str | None = None
        self._opening = b""
        self._judged = False
        self._closing = False
        self._ended = False  # the client has sent its EOF
        self._linger: Linger | None = None

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self.reading = Reading(self._transport)
        self._transport.set_write_buffer_limits(self._hall.config.member_buffer_bytes)
        keep_alive(self._transport, self._hall.config)
        self._pulse = Pulse(self._transport)
        view = TEXT.changed(lang=self._hall.config.lang)
        address = peer(self._transport)
        try:
            self._turnstile.enter(address)
        except RoomError as error:
            self._farewell(view.encode(events.Error(error.code, error.text)))
            return
        self._address = address
        self._session = Session(self._hall, self, door="tcp", view=view)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._hall.intake.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._hall.intake.received(self, nbytes)

    def take_in(self, data: bytes, /) -> None:
        """What the client sent, when its turn has come (see `intake`)."""
        if self._closing or self._session is None:
            return
        if len(self._opening) < _OPENING_BYTES and not self._judged:
            self._opening = (self._opening + data)[:_OPENING_BYTES]
        clean, reply = self._telnet.feed(data)
        member = self._session.member
        if reply and not (member.full or member.is_gone):
            self._transport.write(reply)
        lines = self._decoder.feed(clean)
        if not self._judged and self._is_stranger(lines):
            return
        if lines:
            self._session.receive(lines)

    def eof_received(self) -> bool:
        """True: our side stays open until what the client is owed is written."""
        if self._closing or self._session is None:
            return False
        self._ended = True
        self.reading.pause(ENDED)
        lines = self._decoder.finish()
        if not self._judged and self._is_stranger(lines):
            return True
        self._session.receive(lines)
        self._session.finish()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        if self._address is not None:
            self._turnstile.leave(self._address)
        if self._session is not None:
            self._session.member.mute()
            if unhandled := self._hall.intake.forget(self):
                self.take_in(unhandled[: self._hall.config.parting_bytes])
            self._session.lost()

    def pause_writing(self) -> None:
        assert self._session is not None
        self._session.member.full = True

    def resume_writing(self) -> None:
        assert self._session is not None
        member = self._session.member
        member.full = False
        if member.room is not None:
            member.room.drained(member)

    # -- called by the room and the session

    def close(self, why: Why) -> None:
        self._farewell(b"")

    def pause(self) -> None:
        self.reading.pause(SESSION)

    def unsent(self) -> int:
        return unsent(self._transport)

    def check(self) -> None:
        if self._pulse.is_over(self._hall.scheduler.time(), self._hall.config):
            self._transport.abort()

    def resume(self) -> None:
        self.reading.resume(SESSION)

    # -- the beginning and the end

    def _is_stranger(self, lines: list[bytes | TooLong]) -> bool:
        """Judges the first line, and turns away who is no chat client."""
        stranger = preamble.stranger_by_bytes(self._opening)
        if lines and not stranger:
            first = lines[0]
            if isinstance(first, TooLong):
                stranger = preamble.stranger_by_long_line(self._opening)
            else:
                stranger = preamble.stranger_by_line(first)
                if self._decoder.sends_bare_lf:
                    assert self._session is not None
                    self._session.bare_lines()
        self._judged = bool(lines)
        if stranger is None:
            return False
        assert self._session is not None
        _log.info("%s came to the line door, from %s", stranger, self._address)
        self._session.lost()
        self._farewell(preamble.answer(stranger, self._addresses.page, self._addresses.nc))
        return True

    def _farewell(self, last_words: bytes) -> None:
        transport = self._transport
        if self._closing or transport.is_closing():
            return
        self._closing = True
        transport.write(last_words)
        if self._ended:
            transport.close()
        else:
            try:
                transport.write_eof()
            except OSError:  # the peer has broken off, and the loop has not told us yet
                transport.abort()
                return
            self.reading.resume(SESSION)
        self._linger = Linger(transport, self._hall.config.linger_s)
