"""The room in a pipe: lines in are messages, lines out are the room.

On stdout there is nothing but the room: messages, topics, arrivals, departures
and holes in the log; as text without one's own lines (a program that answers
must not hear itself), or with --json every event of the wire, own ones too.
Everything else goes to stderr. A line is a message even if it begins with a
slash; with --json, a line that begins with { is a message of the wire.

A person who types (stdin is a terminal, but stdout is not, or nothing can be
moved on it) gives commands with a slash, and sees the answers on stderr.

At the end of input it waits until all is acknowledged, then leaves; with a
count or a time to listen for, it stays as long as that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from oneroom_client import stdio, typed
from oneroom_client.errors import Refused
from oneroom_client.room import Room
from oneroom_client.status import Failure, Status
from oneroom_client.stdio import STDERR, STDIN, STDOUT, complain
from oneroom_client.visit import Back, Offline
from tcp_room import events, messages
from tcp_room.errors import RoomError
from tcp_room.languages import translated
from tcp_room.lines import TooLong
from tcp_room.terminal import TextView
from tcp_room.text import decode

# Shorter absences are nobody's concern.
TOLD_AFTER_S: Final = 5.0
# Posts read from stdin before the first of them is acknowledged.
_AHEAD_MESSAGES: Final = 256
_LINE_BYTES: Final = 32 * 1024
_OBEYED: Final = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHOWN: Final = (events.Logged, events.Presence, events.Gap, events.Dm)
# Lines that `complain` writes.
_COMPLAINED: Final = (events.Error, events.Notice, Offline, Back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to write, and until when."""

    view: TextView
    json: bool = False
    own: bool = False  # one's own lines too
    count: int | None = None  # messages
    listen_s: float | None = None
    confirm_s: float = 30.0
    typed: bool = False  # by a person

    @property
    def is_limited(self) -> bool:
        return self.count is not None or self.listen_s is not None


class Printer:
    """Events as what goes to stdout, and complaints."""

    def __init__(self, room: Room, wanted: Wanted) -> None:
        self._room = room
        self._wanted = wanted
        self._left = wanted.count
        self.status = Status.FINE

    @property
    def is_done(self) -> bool:
        return self._left is not None and self._left <= 0

    def printed(self, told: list[events.Event]) -> bytes:
        return b"".join(self._parts(told))

    def _parts(self, told: list[events.Event]) -> Iterator[bytes]:
        for event in told:
            if self.is_done:
                return
            if isinstance(event, Offline | Back):
                self._comment(event)
            else:
                yield self._part(event)

    def _part(self, event: events.Event) -> bytes:
        self._comment(event)
        if self._wanted.json:
            self._count(event)
            return json_line(event)
        if not isinstance(event, _SHOWN):
            self._answer(event)
            return b""
        if not self._wanted.own and self._room.is_own(event):
            return b""
        self._count(event)
        return self._wanted.view.encode(event)

    def _count(self, event: events.Event) -> None:
        if self._left is not None and isinstance(event, events.Logged):
            self._left -= 1

    def _answer(self, event: events.Event) -> None:
        """Shows a person who types what a command is answered with."""
        is_asked_for = not (isinstance(event, events.Members) and event.id is None)
        if self._wanted.typed and is_asked_for and not isinstance(event, _COMPLAINED):
            with suppress(stdio.Closed, Failure):
                stdio.write(STDERR, self._wanted.view.encode(event))

    def _comment(self, event: events.Event) -> None:
        view = self._wanted.view
        match event:
            case events.Error():
                self.refuse(event)
            case events.Notice():
                complain(translated(view.lang, event.text))
            case Offline(retry_s=retry_s) if retry_s >= TOLD_AFTER_S / 2:
                why = translated(view.lang, event.why)
                complain(view.phrase("{why}; trying again in {s} s", why=why, s=round(retry_s)))
            case Back(after_s=after_s) if after_s >= TOLD_AFTER_S:
                complain(view.phrase("connected again after {s} s", s=round(after_s)))

    def refuse(self, error: events.Error | RoomError | Refused) -> None:
        """Says that something was refused."""
        self.status = Status.ERROR
        complain(f"{translated(self._wanted.view.lang, error.text)} ({error.code})")


def json_line(event: object) -> bytes:
    """One line, without anything that a terminal obeys: JSON leaves C1 as it is."""
    line = msgspec.json.encode(event).decode()
    return (_OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", line) + "\n").encode()


async def listen(room: Room, wanted: Wanted, *, say: bool) -> Status:
    """Writes the room to stdout, and says what comes from stdin if `say`. Raises
    Refused, Unconfirmed, Failure."""
    printer = Printer(room, wanted)
    must_go_on = say and not wanted.typed  # there is more to say
    tasks = {asyncio.create_task(_write(room, printer, must_go_on))}
    if say:
        tasks.add(asyncio.create_task(_say(room, printer, wanted)))
    stdio.on_closed(STDOUT, _stopper(tasks))
    try:
        async with asyncio.timeout(wanted.listen_s):
            await _first_of(tasks)
    except TimeoutError:
        pass
    except (stdio.Closed, asyncio.CancelledError):
        return Status.FINE
    finally:
        for task in tasks:
            task.cancel()
    with suppress(stdio.Closed):
        stdio.write(STDOUT, printer.printed(room.waiting()))
    return printer.status


def _stopper(tasks: set[asyncio.Task[None]]) -> Callable[[], None]:
    """Nobody reads: there is nothing more to do, unless something is still to be said."""

    def stop() -> None:
        if len(tasks) == 1:
            for task in tasks:
                task.cancel()

    return stop


async def _first_of(tasks: set[asyncio.Task[None]]) -> None:
    """Waits for the first one, and raises what it raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _write(room: Room, printer: Printer, must_go_on: bool) -> None:
    """`must_go_on`: also when nobody reads stdout. Otherwise it raises Closed."""
    nobody_reads = False
    async for event in room:
        lines = printer.printed([event, *room.waiting()])
        try:
            stdio.write(STDOUT, b"" if nobody_reads else lines)
        except stdio.Closed:
            if not must_go_on:
                raise
            nobody_reads = True
        if printer.is_done:
            return


async def _say(room: Room, printer: Printer, wanted: Wanted) -> None:
    async for lines in stdio.lines(STDIN, _LINE_BYTES):
        for line in lines:
            _post(room, printer, line, wanted)
            await room.settled(_AHEAD_MESSAGES, wanted.confirm_s)
    await room.settled(0, wanted.confirm_s)
    if wanted.is_limited:
        await asyncio.Event().wait()
    await room.until_live()


def _post(room: Room, printer: Printer, line: bytes | TooLong, wanted: Wanted) -> None:
    try:
        if isinstance(line, TooLong):
            raise RoomError("too_long", f"a line of more than {_LINE_BYTES} bytes; it was not sent")
        if line.strip():
            room.post(_message(room, line, wanted))
    except (RoomError, Refused) as error:
        printer.refuse(error)


def _message(room: Room, line: bytes, wanted: Wanted) -> messages.Message:
    """Raises RoomError (bad_utf8, bad_json, bad_message)."""
    if wanted.json and line.lstrip().startswith(b"{"):
        message = messages.decode(line)
        return msgspec.structs.replace(message, id=message.id or room.new_id())
    if wanted.typed:
        return typed.message(decode(line), room.new_id())
    return messages.Say(text=decode(line), id=room.new_id())
