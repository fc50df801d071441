"""The port between a room and its log.

An engine keeps the logs of all rooms; a `Log` is one room's. Nothing above this
port knows which engine it has, so the port is shaped by the hardest of them, a
log on another machine: every answer comes through a callback, at once from an
engine in this process, later (on the loop's thread) from one that waits.

The contract of a `Log`:

1. An event exists when it is in the log, and is handed to the room only then.
2. `seq` is gapless from 1 and never reused within an epoch. `at` never steps
   back by less than a minute, and follows the clock when that was wrong by more.
3. The room hears of every event exactly once, in order of `seq`: of its own
   through `settled`, of those that other nodes posted through `arrived`.
4. `settled` answers drafts in the order they were appended, one outcome each,
   in as many calls as the engine likes. An outcome is one of three:
   - a `Record`: the event is in the log;
   - a RoomError with any code but `unknown`: the draft is not in the log, and
     never will be;
   - a RoomError with the code `unknown`: the log cannot tell yet whether it has
     the draft. Its author keeps it, and posts it again with the same id. If the
     log does have it, the room hears of it like of any other event.
5. A draft whose (author, id) is in the log already is not appended again: its
   outcome is the record of the first time. (Ids are trimmed with their events.)
6. A page contains what can be read, in order of `seq`. Its records need not
   follow each other: an event that is missing between `after` and the last one
   of the page, or up to `head` if the page is empty, cannot be read. Below
   `first` it was trimmed, elsewhere it is lost. An event that cannot be read just
   now makes the page a RoomError instead.
7. `first` moves with each batch that is trimmed, before a page shows it.
8. No call raises anything but what it documents, and every draft and every read
   is answered. `append` and `read` never block the loop for longer than a few
   milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from tcp_room.errors import RoomError
from tcp_room.events import Logged
from tcp_room.retention import Retention

# A clock that is set right by less than this is not followed backwards.
_STEP_BACK_MS: Final = 60_000


# Without the garbage collector: it would look at each draft of a burst, and finds cycles only where
# a room with drafts on their way is dropped, which none is (`Room.is_idle`).
class Draft(msgspec.Struct, frozen=True, gc=False):
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


# Three kinds: see the contract, 4.
Outcome = Record | RoomError
# See the contract, 6.
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
        """At most `limit` records from `after + 1` on, without those that cannot be read."""

    def close(self) -> None:
        """The room is gone from memory; what it logged stays."""


class Engine(Protocol):
    """All logs of a house."""

    @property
    def trouble(self) -> str:
        """Empty while the log can be written; else why it cannot, as a sentence for the operator.

        It says what is known, without trying: a log may fail at the next message, and heal at it.
        """

    def open(self, room: str, sink: Sink, /) -> Log:
        """The log of that room, made if it is new. Raises RoomError (storage)."""

    def rooms(self, limit: int, /) -> Mapping[str, str]:
        """The topics of the rooms that have a log, by name, those spoken in most recently first;
        of `limit` of them at most. Raises RoomError (storage)."""

    def holds(self, room: str, /) -> bool:
        """Whether that room has a log. Raises RoomError (storage)."""

    def trim(self, retention: Retention, at: int, /) -> None:
        """Delete what is not to be kept at `at` (ms since 1970), in the background and in batches.
        The logs' `first` moves with each of them."""

    def close(self) -> None:
        """Nothing is asked of its logs any more."""


def stamp(latest: int, now: int) -> int:
    """The `at` of an event that follows one of `latest`: the clock's `now`, unless that is a small
    step back. (All in ms since 1970.)"""
    return latest if latest - _STEP_BACK_MS < now < latest else now


def number(draft: Draft, seq: int, at: int) -> Record:
    """The record that a draft becomes, for engines that number themselves."""
    event = draft.kind(seq, draft.id, at, draft.nick, draft.door, draft.text)
    return Record(event, draft.author)
