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
from functools import partial
from typing import TYPE_CHECKING, cast

from tcp_room import events, preamble
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.intake import ENDED, LINELESS, SESSION, Reading
from tcp_room.limits import Turnstile
from tcp_room.member import Why
from tcp_room.preamble import Preamble
from tcp_room.pulse import Linger, Pulse, keep_alive, peer, unsent
from tcp_room.session import Session
from tcp_room.telnet import TelnetFilter
from tcp_room.terminal import TEXT

if TYPE_CHECKING:
    from tcp_room.server import Addresses

_log = logging.getLogger(__name__)


class Connection(asyncio.BufferedProtocol):
    """An outlet (see `member.Outlet`), and the reading side of a session."""

    __slots__ = (
        "_address",
        "_addresses",
        "_closing",
        "_ended",
        "_hall",
        "_is_refused",
        "_linger",
        "_preamble",
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
        self._preamble: Preamble | None = Preamble(hall.config.line_bytes)
        self._telnet = TelnetFilter()
        self._session: Session | None = None
        self._address = ""
        self._is_refused = False  # and counted as such while it is told so
        self._closing = False
        self._ended = False  # the client has sent its EOF
        self._linger: Linger | None = None

    # -- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self.reading = Reading(self._transport)
        view = TEXT.changed(lang=self._hall.config.lang)
        self._address = peer(self._transport)
        try:
            self._turnstile.enter(self._address)
        except RoomError as error:
            self._refuse(view.encode(events.Error(error.code, error.text)))
            return
        self._transport.set_write_buffer_limits(self._hall.config.member_buffer_bytes)
        keep_alive(self._transport, self._hall.config)
        self._pulse = Pulse(self._transport)
        self._session = Session(self._hall, self, door="tcp", view=view, address=self._address)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._hall.intake.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._hall.intake.received(self, nbytes)

    def take_in(self, data: bytes, /) -> None:
        """What the client sent, when its turn has come (see `intake`)."""
        session = self._session
        if self._closing or self._ended or session is None:
            return
        # Nearly every read is plain lines; the rest takes as long as it takes to say one.
        if self._preamble is None and self._telnet.is_plain(data) and b"\n" in data:
            session.feed(data)
        else:
            self._filter(session, data)

    def _filter(self, session: Session, data: bytes) -> None:
        """Takes in what may be part of a line, or of the first one, or contain telnet commands."""
        heard = self._telnet.feed(data)
        if heard.reply and not (session.member.full or session.member.is_gone):
            self._transport.write(heard.reply)
        typed = heard.typed if self._preamble is None else self._judge(heard.typed)
        self._charge(data, typed, heard.commands)
        if typed:
            session.feed(typed)
        if heard.ended:
            self._end_input(session)

    def eof_received(self) -> bool:
        """True: our side stays open until what the client is owed is written."""
        if self._closing or self._session is None:
            return False
        if not self._ended:
            self._end_input(self._session)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        if self._is_refused:
            self._turnstile.end_refusal()
        if self._session is not None:
            self._session.member.mute()
            if unhandled := self._hall.intake.forget(self):
                self.take_in(unhandled[: self._hall.config.parting_bytes])
            self._preamble = None  # what it has not decided is not said
            self._session.lost(partial(self._turnstile.leave, self._address))

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
        self._farewell(b"", in_haste=why == "stopping")

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

    def _charge(self, data: bytes, typed: bytes, commands: int) -> None:
        """What brings no line has a budget. A small read without one costs as much as a command."""
        command = self._hall.config.control_as_bytes
        cost = commands * command
        if b"\n" not in typed and b"\r" not in typed:
            cost += max(len(data), command)
        if cost:
            self._hall.intake.charge(self.reading, cost)

    def _judge(self, typed: bytes, *, is_all: bool = False) -> bytes:
        """Judges the first line, and turns away what is no chat client. Returns what is for the
        session."""
        first, session = self._preamble, self._session
        assert first is not None
        assert session is not None
        knew = first.ends_bare
        typed = first.feed(typed, is_all=is_all)
        if first.ends_bare and knew is None:
            session.bare_lines()
        if first.verdict == "person":
            self._preamble = None
        elif first.verdict is not None:
            self._turn_away(first.verdict)
        elif first.has_line:
            self._hall.scheduler.call_later(self._hall.config.hello_wait_s, self._judge_alone)
        return typed

    def _judge_alone(self) -> None:
        """The second line, which would have told more, has not come."""
        if self._preamble is not None and not self._closing and self._session is not None:
            self._session.feed(self._judge(b"", is_all=True))

    def _turn_away(self, stranger: preamble.Stranger) -> None:
        assert self._session is not None
        self._preamble = None
        _log.info("%s came to the line door, from %s", stranger, self._address)
        self._session.lost()
        self._farewell(preamble.answer(stranger, self._addresses.page, self._addresses.nc))

    def _refuse(self, last_words: bytes) -> None:
        """Says why it may not come in, unless too many are being told so already."""
        if self._turnstile.begin_refusal(self._hall.config.refused_lingering):
            self._is_refused = True
            self._farewell(last_words)
        else:
            self._transport.abort()

    def _end_input(self, session: Session) -> None:
        """The client says no more."""
        self._ended = True
        self.reading.pause(ENDED)
        if self._preamble is not None:
            session.feed(self._judge(b"", is_all=True))
        if not self._closing:
            session.finish()

    def _farewell(self, last_words: bytes, *, in_haste: bool = False) -> None:
        """`in_haste`: the peer's kernel has acknowledged it: that is enough."""
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
            self.reading.resume(SESSION | LINELESS)
        self._linger = Linger(transport, self._hall.config.linger_s, in_haste=in_haste)
