"""The events of a room, as they go over the wire.

Three logged kinds (`say`, `act`, `topic`), which exist once the log has them
and carry their place in it; and kinds that pass: to everybody in the room
(`presence`, `typing`), or to one member (all others). docs/protocol.md is the
same table for clients. An event is immutable and knows nothing of its encodings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

# The door of who says that it is a program: everybody is shown it, and hooks do not answer it.
BOT: Final = "bot"


class Event(msgspec.Struct, frozen=True, tag_field="kind"):
    """Anything that a member may be told."""


class Logged(Event, frozen=True, gc=False):
    """`seq` is gapless from 1 per room; `at` is ms since 1970 UTC, never running backwards."""

    seq: int
    id: str | None
    at: int
    nick: str
    door: str
    text: str


class Say(Logged, frozen=True, gc=False, tag="say"):
    pass


class Act(Logged, frozen=True, gc=False, tag="act"):
    pass


class Topic(Logged, frozen=True, gc=False, tag="topic"):
    pass


class Here(msgspec.Struct, frozen=True):
    """One who is here, and through which door."""

    nick: str
    door: str


class Renamed(msgspec.Struct, frozen=True):
    old: str = msgspec.field(name="from")
    new: str = msgspec.field(name="to")


class Presence(Event, frozen=True, tag="presence"):
    """Who left, changed name, came: to be applied in that order."""

    at: int
    joined: Sequence[Here]
    left: Sequence[str]
    renamed: Sequence[Renamed]
    count: int


class Typing(Event, frozen=True, tag="typing"):
    nick: str


class Dm(Event, frozen=True, tag="dm"):
    at: int
    sender: str = msgspec.field(name="from")
    to: str
    text: str
    id: str | None = None


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a client should know before it is refused."""

    text_bytes: int
    nick_chars: int
    rate: float
    tcp_port: int = 0


class Welcome(Event, frozen=True, tag="welcome"):
    """You are in. `replay` logged events follow at most, then `live`.

    `at` is now, `since` the time of the first of them (0: not known).
    """

    nick: str
    room: str
    epoch: str
    seq: int
    topic: str
    members: Sequence[Here]
    count: int
    limits: Limits
    replay: int
    since: int
    at: int


class Live(Event, frozen=True, tag="live"):
    seq: int


TRIMMED: Final = "trimmed"  # the log keeps them no longer
LOST: Final = "lost"  # the log should have them, and cannot read them
EPOCH: Final = "epoch"  # this is another log: numbers mean other events


class Gap(Event, frozen=True, tag="gap"):
    """Events `first` to `last` are unavailable, for one of three reasons.

    With the reason `epoch` there are no numbers to give: both are 0.
    """

    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    reason: str


class Nick(Event, frozen=True, tag="nick"):
    nick: str
    id: str | None = None


class Members(Event, frozen=True, tag="members"):
    room: str
    members: Sequence[Here]
    count: int
    id: str | None = None


class RoomLine(msgspec.Struct, frozen=True):
    room: str
    count: int
    topic: str


class Rooms(Event, frozen=True, tag="rooms"):
    rooms: Sequence[RoomLine]
    id: str | None = None


class Range(msgspec.Struct, frozen=True):
    """Events `first` to `last` are unavailable (see `Gap`)."""

    first: int = msgspec.field(name="from")
    last: int = msgspec.field(name="to")
    reason: str


class History(Event, frozen=True, tag="history"):
    """A page of the log: everything from `first` to `last`, but for the `gaps` in it.

    `last` is lower than `first` if the page is empty.
    """

    events: Sequence[Logged]
    more: bool
    id: str | None = None
    first: int = msgspec.field(name="from", default=1)
    last: int = msgspec.field(name="to", default=0)
    gaps: Sequence[Range] = []


class Found(Event, frozen=True, tag="found"):
    """What a search found, newest first.

    Everything from `before` on has been read, but for `lost` events that the log cannot read.
    """

    events: Sequence[Logged]
    more: bool
    before: int
    id: str | None = None
    lost: int = 0


class HelpLine(msgspec.Struct, frozen=True):
    usage: str
    help: str


class Help(Event, frozen=True, tag="help"):
    commands: Sequence[HelpLine]
    id: str | None = None


class Notice(Event, frozen=True, tag="notice"):
    text: str


class Error(Event, frozen=True, tag="error"):
    code: str
    text: str
    at: int = 0
    id: str | None = None


class Pong(Event, frozen=True, tag="pong"):
    id: str | None = None
