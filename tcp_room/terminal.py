"""The text view: how the room looks to people on `nc` and `telnet`.

    12:01 <alice> hi
    12:01 <alice>| a second line of the same message
    12:01 ** bob waves
    12:01 <ci|bot> the build is green
    12:02 * carol joined (13 here)
    12:02 -> private from bob: are you there?
    12:02 ! that name is taken (nick_taken)

A line's head cannot be forged: user text never starts a line, each line of a
message repeats its head, names hold none of `< > * ! |`. And this is the last
place before a terminal: whatever it would obey is made visible here, whatever
got past the first guard. Colour is put on after that guard.

How an event reads is a table, `_LINES`, of functions that return lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal
from zlib import crc32

from tcp_room import events
from tcp_room.languages import Language
from tcp_room.text import visible

Clock = Literal["off", "hm", "hms", "iso"]
CLOCKS: Final[dict[Clock, str]] = {
    "off": "",
    "hm": "%H:%M ",
    "hms": "%H:%M:%S ",
    "iso": "%Y-%m-%dT%H:%M:%S%z ",
}
# Names told in words before "and 9 others": what fits a terminal's line.
NAMES_IN_A_LINE: Final = 8
# The eight colours of ECMA-48 without black and white, which vanish on some backgrounds.
_COLORS: Final = (31, 32, 33, 34, 35, 36, 91, 92, 94, 95, 96)


@dataclass(frozen=True, slots=True, eq=False)
class TextView:
    """Lines for people. Each field is something that a reader may choose: see `changed`."""

    newline: str = "\r\n"
    clock: Clock = "hm"
    color: bool = False
    quiet: bool = False
    lang: Language = "en"

    @property
    def echoes(self) -> bool:
        """No: the terminal has shown what its user typed."""
        return False

    @property
    def is_text(self) -> bool:
        return True

    def encode(self, event: events.Event) -> bytes:
        if self.quiet and isinstance(event, events.Presence):
            return b""
        lines = [visible(line) for line in _LINES[type(event)](event, self)]
        if self.color and isinstance(event, events.Logged):
            clock = len(self.time(event.at))
            lines = [_colored(line, event.nick, clock) for line in lines]
        # A lone surrogate can come from a log of another making; it must not stop the room.
        return "".join(line + self.newline for line in lines).encode("utf-8", "replace")

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return b"".join(parts)

    def time(self, at: int) -> str:
        """`at` (ms since 1970) as the head of a line, in the server's time zone."""
        return _time(at // 1000 if self.clock != "hm" else at // 60_000 * 60, CLOCKS[self.clock])

    def changed(self, **chosen: object) -> TextView:
        """The one view with these fields chosen otherwise."""
        return _text_view(**{**asdict(self), **chosen})


_text_view = lru_cache(maxsize=None)(TextView)  # bounded: each field has few values
TEXT: Final = _text_view(newline="\r\n", clock="hm", color=False, quiet=False, lang="en")


@lru_cache(maxsize=256)
def _time(seconds: int, form: str) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime(form) if form else ""


def _colored(line: str, nick: str, start: int) -> str:
    color = _COLORS[crc32(nick.encode("utf-8", "replace")) % len(_COLORS)]
    return line[:start] + line[start:].replace(nick, f"\x1b[{color}m{nick}\x1b[0m", 1)


def _say(event: events.Say, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}<{_speaker(event)}>"
    first, *others = event.text.split("\n")
    yield f"{head} {first}"
    for line in others:
        yield f"{head}| {line}"


def _speaker(event: events.Logged) -> str:
    """A program is marked by what no name can hold."""
    return f"{event.nick}|bot" if event.door == events.BOT else event.nick


def _act(event: events.Act, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}** {_speaker(event)}"
    for line in event.text.split("\n"):
        yield f"{head} {line}"


def _topic(event: events.Topic, view: TextView) -> Iterator[str]:
    if event.text:
        yield f"{view.time(event.at)}* {event.nick} set the topic: {event.text}"
    else:
        yield f"{view.time(event.at)}* {event.nick} took the topic away"


def _presence(event: events.Presence, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}*"
    if event.left:
        yield f"{head} {_names(event.left)} left ({event.count} here)"
    for renamed in event.renamed:
        yield f"{head} {renamed.old} is now {renamed.new}"
    if event.joined:
        yield f"{head} {_names([who.nick for who in event.joined])} joined ({event.count} here)"


def _dm(event: events.Dm, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}-> private from {event.sender}:"
    for line in event.text.split("\n"):
        yield f"{head} {line}"


def _welcome(event: events.Welcome, view: TextView) -> Iterator[str]:
    yield (
        f"* Welcome to #{event.room}: {_doors(event.members, event.count)}."
        " /help lists the commands, /nick NAME chooses a name."
    )
    if event.topic:
        yield f"* Topic: {event.topic}"
    yield f"* You are {event.nick}.{_look_back(event)}"


def _look_back(event: events.Welcome) -> str:
    if not event.replay:
        return ""
    count = f"{event.replay} of {event.seq} messages" if event.replay > 1 else "message"
    since, today = (_time(at // 60_000 * 60, "%Y-%m-%d") for at in (event.since, event.at))
    is_older = event.since and since != today
    return f" The last {count}{f', since {since}' if is_older else ''}:"


def _live(event: events.Live, view: TextView) -> Iterator[str]:
    return iter(())


def _gap(event: events.Gap, view: TextView) -> Iterator[str]:
    if event.reason == "epoch":
        yield "* This is another log than the one you read before; what follows is its latest part"
    else:
        yield f"* Messages {event.first} to {event.last} are no longer kept"


def _nick(event: events.Nick, view: TextView) -> Iterator[str]:
    yield f"* You are now {event.nick}"


def _members(event: events.Members, view: TextView) -> Iterator[str]:
    people = ", ".join(f"{who.nick} ({who.door})" for who in event.members)
    more = event.count - len(event.members)
    yield f"* {event.count} in #{event.room}: {people}" + (f" and {more} more" if more > 0 else "")


def _rooms(event: events.Rooms, view: TextView) -> Iterator[str]:
    for line in event.rooms:
        yield f"* #{line.room} ({line.count} here)" + (f": {line.topic}" if line.topic else "")


def _history(event: events.History, view: TextView) -> Iterator[str]:
    if not event.events:
        yield "* Nothing has been said here yet"
    for logged in event.events:
        yield from _LINES[type(logged)](logged, view)


def _help(event: events.Help, view: TextView) -> Iterator[str]:
    width = max(len(line.usage) for line in event.commands)
    for line in event.commands:
        yield f"* {line.usage:<{width}}  {line.help}"


def _notice(event: events.Notice, view: TextView) -> Iterator[str]:
    yield f"* {event.text}"


def _error(event: events.Error, view: TextView) -> Iterator[str]:
    yield f"{view.time(event.at) if event.at else ''}! {event.text} ({event.code})"


def _pong(event: events.Pong, view: TextView) -> Iterator[str]:
    yield "* yes, still here"


_LINES: Final[dict[type[events.Event], Callable[[Any, TextView], Iterator[str]]]] = {
    events.Say: _say,
    events.Act: _act,
    events.Topic: _topic,
    events.Presence: _presence,
    events.Typing: lambda event, view: iter(()),
    events.Dm: _dm,
    events.Welcome: _welcome,
    events.Live: _live,
    events.Gap: _gap,
    events.Nick: _nick,
    events.Members: _members,
    events.Rooms: _rooms,
    events.History: _history,
    events.Help: _help,
    events.Notice: _notice,
    events.Error: _error,
    events.Pong: _pong,
}


def _names(nicks: Sequence[str]) -> str:
    if len(nicks) > NAMES_IN_A_LINE:
        return f"{', '.join(nicks[:NAMES_IN_A_LINE])} and {len(nicks) - NAMES_IN_A_LINE} others"
    return ", ".join(nicks)


def _doors(members: Sequence[events.Here], count: int) -> str:
    if count == 1:
        return "you are the first one here"
    doors = Counter(who.door for who in members)
    by_door = ", ".join(f"{number} {door}" for door, number in sorted(doors.items()))
    return f"{count} here ({by_door})" if len(members) == count else f"{count} here"
