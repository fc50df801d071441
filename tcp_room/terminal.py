"""The text view: how the room looks to people on `nc` and `telnet`.

    12:01 <alice> hi
    12:01 <alice>| a second line of the same message
    12:01 ** bob waves
    12:01 <ci|bot> the build is green
    12:02 * carol joined (13 here)
    12:02 -> private from bob: are you there?
    12:02 ! that name is taken (nick_taken)

No line has a forged head: user text never starts a line, each line of a message
repeats its head, names contain none of `< > * ! |`. A terminal wraps a long line
and begins the next row without a head; so that the text before it stays in sight,
runs of blanks are cut to eight columns. And this is the last place before a
terminal: whatever it would obey is made visible here, whatever got past the first
guard. Colour is put on after that guard.

How an event reads is a table, `_LINES`, of functions that return lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal
from zlib import crc32

from tcp_room import events
from tcp_room.languages import Language, phrase, translated
from tcp_room.text import is_plain, narrowed, visible

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
    echo: bool = False
    greet: bool = True

    @property
    def echoes(self) -> bool:
        """Not as a rule: the terminal has shown what its user typed."""
        return self.echo

    @property
    def is_text(self) -> bool:
        return True

    def encode(self, event: events.Event) -> bytes:
        if isinstance(event, events.Say) and not self.color and is_plain(event.text):
            # Nearly all that is said: no line's end in it, and nothing that a terminal obeys.
            return f"{self.head(event)} {event.text}{self.newline}".encode()
        if self.quiet and isinstance(event, events.Presence):
            return b""
        newline = self.newline
        lines = map(visible, _LINES[type(event)](event, self))
        if not isinstance(event, events.Help):  # it is all ours, and in columns
            lines = map(narrowed, lines)
        shown = [line + newline for line in lines]
        if self.color and isinstance(event, events.Logged):
            clock = len(self.time(event.at))
            shown = [_colored(line, event.nick, clock) for line in shown]
        # A lone surrogate can come from a log of another making; it must not stop the room.
        return "".join(shown).encode("utf-8", "replace")

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return b"".join(parts)

    def time(self, at: int) -> str:
        """`at` (ms since 1970) as the head of a line, in the server's time zone."""
        return _time(self._second(at), CLOCKS[self.clock])

    def head(self, event: events.Say) -> str:
        """Time and name, as each line of what somebody said begins."""
        at, clock = event.at, self.clock
        # `_second`, without its call.
        return _head(
            at // 60_000 * 60 if clock == "hm" else at // 1000, clock, event.nick, event.door
        )

    def _second(self, at: int) -> int:
        """In seconds since 1970, as exact as it is shown."""
        return at // 60_000 * 60 if self.clock == "hm" else at // 1000

    def phrase(self, template: str, **parts: object) -> str:
        """A sentence of ours in its reader's language."""
        return phrase(self.lang, template, **parts)

    def changed(self, **chosen: object) -> TextView:
        """The one view with these fields chosen otherwise."""
        return _text_view(**{**asdict(self), **chosen})


_text_view = lru_cache(maxsize=None)(TextView)  # bounded: each field has few values
TEXT: Final = _text_view(**asdict(TextView()))


@lru_cache(maxsize=256)
def _time(seconds: int, form: str) -> str:
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime(form) if form else ""
    except (ValueError, OverflowError, OSError):
        return "??:?? "  # no calendar has it: a log of another making, another server


@lru_cache(maxsize=1024)  # of who speaks just now; a turn's lines have the same few
def _head(second: int, clock: Clock, nick: str, door: str) -> str:
    return visible(f"{_time(second, CLOCKS[clock])}<{_speaker(nick, door)}>")


def _colored(line: str, nick: str, start: int) -> str:
    color = _COLORS[crc32(nick.encode("utf-8", "replace")) % len(_COLORS)]
    return line[:start] + line[start:].replace(nick, f"\x1b[{color}m{nick}\x1b[0m", 1)


def _say(event: events.Say, view: TextView) -> Iterable[str]:
    head, text = view.head(event), event.text
    if "\n" not in text:
        return [f"{head} {text}"]
    first, *others = text.split("\n")
    return [f"{head} {first}", *(f"{head}| {line}" for line in others)]


def _speaker(nick: str, door: str) -> str:
    """A program is marked by what no name can hold."""
    return f"{nick}|bot" if door == events.BOT else nick


def _act(event: events.Act, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}** {_speaker(event.nick, event.door)}"
    for line in event.text.split("\n"):
        yield f"{head} {line}"


def _topic(event: events.Topic, view: TextView) -> Iterator[str]:
    template = "{nick} set the topic: {topic}" if event.text else "{nick} took the topic away"
    yield f"{view.time(event.at)}* " + view.phrase(template, nick=event.nick, topic=event.text)


def _presence(event: events.Presence, view: TextView) -> Iterator[str]:
    head = f"{view.time(event.at)}* "
    if event.left:
        names = _names(event.left, view)
        yield head + view.phrase("{names} left ({count} here)", names=names, count=event.count)
    for renamed in event.renamed:
        yield head + view.phrase("{old} is now {new}", old=renamed.old, new=renamed.new)
    if event.joined:
        names = _names([who.nick for who in event.joined], view)
        yield head + view.phrase("{names} joined ({count} here)", names=names, count=event.count)


def _dm(event: events.Dm, view: TextView) -> Iterator[str]:
    # Who has an echo sees its own words too, and must be told whose they are.
    template = "private from {nick} to {to}:" if view.echo else "private from {nick}:"
    head = f"{view.time(event.at)}-> " + view.phrase(template, nick=event.sender, to=event.to)
    for line in event.text.split("\n"):
        yield f"{head} {line}"


def _welcome(event: events.Welcome, view: TextView) -> Iterator[str]:
    if not view.greet:
        return
    yield "* " + view.phrase(
        "Welcome to #{room}: {doors}. /help lists the commands, /nick NAME chooses a name.",
        room=event.room,
        doors=_doors(event.members, event.count, view),
    )
    if not view.echo:  # a terminal's own line, which the others' lines break into
        yield "* " + view.phrase(
            "Ctrl-R shows again what you were typing when others' words came in between."
        )
    if event.topic:
        yield "* " + view.phrase("Topic: {topic}", topic=event.topic)
    yield f"* {view.phrase('You are {nick}.', nick=event.nick)} {_look_back(event, view)}".rstrip()


def _look_back(event: events.Welcome, view: TextView) -> str:
    if not event.replay:
        return ""
    since, today = (_time(at // 60_000 * 60, "%Y-%m-%d") for at in (event.since, event.at))
    what = "The last {count} of {seq} messages" if event.replay > 1 else "The last message"
    when = ", since {day}:" if event.since and since != today else ":"
    return view.phrase(what + when, count=event.replay, seq=event.seq, day=since)


def _live(event: events.Live, view: TextView) -> Iterator[str]:
    return iter(())


_GAPS: Final = {
    events.EPOCH: (
        "This is another log than the one you read before; what follows is its latest part"
    ),
    events.TRIMMED: "Messages {first} to {last} are no longer kept",
    events.LOST: "Messages {first} to {last} are lost: the log cannot read them",
}


def _gap(event: events.Gap | events.Range, view: TextView) -> Iterator[str]:
    template = _GAPS.get(event.reason, "Messages {first} to {last} are missing")
    yield "* " + view.phrase(template, first=event.first, last=event.last)


def _nick(event: events.Nick, view: TextView) -> Iterator[str]:
    yield "* " + view.phrase("You are now {nick}", nick=event.nick)


def _members(event: events.Members, view: TextView) -> Iterator[str]:
    people = ", ".join(f"{who.nick} ({who.door})" for who in event.members)
    more = event.count - len(event.members)
    template = "{count} in #{room}: {people}" + (" and {more} more" if more > 0 else "")
    yield "* " + view.phrase(template, count=event.count, room=event.room, people=people, more=more)


def _rooms(event: events.Rooms, view: TextView) -> Iterator[str]:
    for line in event.rooms:
        template = "#{room} ({count} here)" + (": {topic}" if line.topic else "")
        yield "* " + view.phrase(template, room=line.room, count=line.count, topic=line.topic)


def _history(event: events.History, view: TextView) -> Iterator[str]:
    if not (event.events or event.gaps):
        yield "* " + view.phrase("Nothing has been said here yet")
    gaps = list(reversed(event.gaps))
    for logged in event.events:
        while gaps and gaps[-1].last < logged.seq:
            yield from _gap(gaps.pop(), view)
        yield from _LINES[type(logged)](logged, view)
    for gap in reversed(gaps):
        yield from _gap(gap, view)


def _found(event: events.Found, view: TextView) -> Iterator[str]:
    if not event.events:
        yield "* " + view.phrase("Nothing found")
    for logged in reversed(event.events):
        yield from _LINES[type(logged)](logged, view)
    if event.lost:
        yield "* " + view.phrase(
            "{count} messages could not be read: they are lost", count=event.lost
        )


def _help(event: events.Help, view: TextView) -> Iterator[str]:
    width = max((len(line.usage) for line in event.commands), default=0)
    for line in event.commands:
        yield f"* {line.usage:<{width}}  {translated(view.lang, line.help)}"


def _notice(event: events.Notice, view: TextView) -> Iterator[str]:
    yield f"* {translated(view.lang, event.text)}"


def _error(event: events.Error, view: TextView) -> Iterator[str]:
    head = view.time(event.at) if event.at else ""
    yield f"{head}! {translated(view.lang, event.text)} ({event.code})"


def _pong(event: events.Pong, view: TextView) -> Iterator[str]:
    yield "* " + view.phrase("yes, still here")


_LINES: Final[dict[type[events.Event], Callable[[Any, TextView], Iterable[str]]]] = {
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
    events.Found: _found,
    events.Help: _help,
    events.Notice: _notice,
    events.Error: _error,
    events.Pong: _pong,
}


def _names(nicks: Sequence[str], view: TextView) -> str:
    shown = ", ".join(nicks[:NAMES_IN_A_LINE])
    if len(nicks) <= NAMES_IN_A_LINE:
        return shown
    others = len(nicks) - NAMES_IN_A_LINE
    return view.phrase("{names} and {count} others", names=shown, count=others)


def _doors(members: Sequence[events.Here], count: int, view: TextView) -> str:
    if count == 1:
        return view.phrase("you are the first one here")
    if len(members) != count:
        return view.phrase("{count} here", count=count)
    doors = Counter(who.door for who in members)
    by_door = ", ".join(f"{number} {door}" for door, number in sorted(doors.items()))
    return view.phrase("{count} here ({doors})", count=count, doors=by_door)
