"""The port between a room and its log.

An engine keeps the logs of all rooms; a `Log` is one room's. Nothing above this
port knows which engine it has, so the port is shaped by the hardest of them, a
log on another machine: every answer comes through a callback, at once from an
engine in this process, later (on the loop's thread) from one that waits.

The contract of a `Log`:

1. An event exists when it is in the log, and is handed to the room only then.
2. `seq` is gapless from 1 and never reused; `at` never runs backwards.
3. The room hears of every event exactly once, in order of `seq`: of its own
   through `settled`, of those that other nodes posted through `arrived`.
4. `settled` answers drafts in the order they were appended, one outcome each,
   in as many calls as the engine likes. A refused draft is not in the log.
5. A draft whose (author, id) is in the log already is not appended again: its
   outcome is the record of the first time.
6. `append` and `read` never block the loop for longer than one commit or page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from tcp_room.errors import RoomError
from tcp_room.events import Logged
from tcp_room.retention import Retention


class Draft(msgspec.Struct, frozen=True):
    """What somebody asks to be logged.

    `author` is who asks, told apart by session and not by name: ids are unique
    within it, and a text reader is not sent what it wrote itself. `by` is the
    room's own business, to be ignored by the engine.
    """

    kind: type[Logged]
    text: str
    nick: str
    door: str
    author: str
    id: str | None = None
    by: Any = None


class Record(msgspec.Struct, frozen=True, gc=False):
    """An event of the log, and who wrote it: the author goes over no wire."""

    event: Logged
    author: str


Outcome = Record | RoomError
Page = Sequence[Record] | RoomError


class Sink(Protocol):
    """What a log tells: the room implements it."""

    def settled(self, outcomes: Sequence[Outcome], /) -> None:
        """What became of the oldest drafts that are still unanswered."""

    def arrived(self, records: Sequence[Record], /) -> None:
        """What others added to the log."""


class Log(Protocol):
    """One room's log. `first` is the lowest seq still kept, `head` the highest given out."""

    @property
    def epoch(self) -> str: ...
    @property
    def first(self) -> int: ...
    @property
    def head(self) -> int: ...
    @property
    def topic(self) -> str: ...

    def append(self, drafts: Sequence[Draft], at: int, /) -> None:
        """Commit these together, if need be some of them; `at` is ms since 1970."""

    def read(self, after: int, limit: int, done: Callable[[Page], None], /) -> None:
        """At most `limit` records from `after + 1` on, or from `first` if that is later."""

    def close(self) -> None:
        """The room is gone from memory; what it logged stays."""


class Engine(Protocol):
    """All logs of a house."""

    def open(self, room: str, sink: Sink, /) -> Log:
        """The log of that room, made if it is new."""

    def rooms(self, limit: int, /) -> Mapping[str, str]:
        """The topics of the rooms that have a log, by name; of `limit` of them at most. Raises
        RoomError (storage)."""

    def holds(self, room: str, /) -> bool:
        """Whether that room has a log. Raises RoomError (storage)."""

    def trim(self, retention: Retention, at: int, /) -> None:
        """Let go of what is not to be kept at `at` (ms since 1970), in the background. The logs'
        `first` moves when it is gone."""

    def close(self) -> None:
        """Nothing is asked of its logs any more."""


def number(draft: Draft, seq: int, at: int) -> Record:
    """The record that a draft becomes, for engines that number themselves."""
    event = draft.kind(seq, draft.id, at, draft.nick, draft.door, draft.text)
    return Record(event, draft.author)
