"""The SQLite engine: the embedded log, one file for all rooms.

What a member has seen is in the file: an append is one transaction, committed
before the room hears of it. With durability `normal` that happens on the loop's
thread, in some microseconds and without waiting for the disk: what is committed
survives the death of the process, and a loss of power may take the last moments.
With `full` each commit waits for the disk, so it happens on a thread of its own,
which takes together all that came while it waited.

Never on the loop's thread: checkpoints, which copy the write-ahead log into the
file and may take tens of milliseconds, and trimming.

A row is a turn, with all that was committed for a room together (see `logs.turns`). Its key is
its place: the room in the high bits, the seq of its first event in the low ones; so a room's rows
lie side by side and in order, and what has the seq n is in the last row that begins up to n.

One process at a time: a lock refuses a second one, since the numbers that come
next are kept in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Page, Record, Sink, number, stamp
from tcp_room.logs.sqlite.committer import Committer
from tcp_room.logs.sqlite.lock import boot, lock_folder, sign, went_down_with_its_machine
from tcp_room.logs.sqlite.rows import LATEST, ROOMS, ids_of, newest_turn, page, place_of
from tcp_room.logs.sqlite.schema import (
    BROKEN,
    FILE_NAME,
    Durability,
    LogError,
    OnLoop,
    connect,
    epoch_of,
    migrate,
    trouble,
    unusable,
)
from tcp_room.logs.sqlite.upkeep import Trim, Upkeep
from tcp_room.logs.turns import to_text
from tcp_room.retention import Retention

_INSERT: Final = "INSERT INTO turn (place, events, at, said) VALUES (?, ?, ?, ?)"
_REMEMBER: Final = "INSERT INTO posted (room, author, id, seq) VALUES (?, ?, ?, ?)"
_ROOM: Final = "INSERT OR IGNORE INTO room (id, name) VALUES (?, ?)"
_TOPIC: Final = "UPDATE room SET topic = ? WHERE id = ?"
_POSTED: Final = "SELECT seq FROM posted WHERE room = ? AND author = ? AND id = ?"


class SqliteLog:
    """One room's part of the file. Its numbers are those of the last commit."""

    __slots__ = ("_engine", "at", "first", "head", "name", "room", "sink", "topic")

    def __init__(
        self, engine: SqliteEngine, room: int, name: str, sink: Sink, numbers: _Numbers
    ) -> None:
        self._engine = engine
        self.room = room
        self.name = name
        self.sink = sink
        self.first, self.head, self.at, self.topic = numbers

    @property
    def epoch(self) -> str:
        return self._engine.epoch

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        self._engine.append(_Append(self, drafts, at))

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        done(self._engine.read(self.room, max(after, self.first - 1), limit))

    def close(self) -> None:
        self._engine.forget(self)


class _Numbers(NamedTuple):
    first: int
    head: int
    at: int
    topic: str


class _Append(NamedTuple):
    log: SqliteLog
    drafts: Sequence[Draft]
    at: int


class SqliteEngine:
    def __init__(self, folder: Path, durability: Durability, on_loop: OnLoop) -> None:
        """Opens the file in `folder`, both made if they are not there.

        `on_loop` calls a function on the loop's thread, from whatever thread. Raises LogError.
        """
        self._lock = lock_folder(folder)
        path = folder / FILE_NAME
        try:
            self._writing = connect(path, durability, on_loop=durability == "normal")
            migrate(self._writing, path)
            self._reading = connect(path, durability, on_loop=True)
            self.epoch = epoch_of(self._writing, is_another=went_down_with_its_machine(self._lock))
            sign(self._lock, f"{durability} {boot()}")
            self._ids: dict[str, int] = dict(self._writing.execute("SELECT name, id FROM room"))
            self._new_ids = count(max(self._ids.values(), default=0) + 1)
        except apsw.Error as error:
            self._lock.close()
            raise unusable(path, error) from error
        except LogError:
            self._lock.close()
            raise
        self.trouble = ""
        self._logs: dict[int, SqliteLog] = {}
        self._pen = threading.Lock()  # held by whoever writes
        self._upkeep = Upkeep(path, durability, self._pen)
        self._on_loop = on_loop
        self._writing.set_wal_hook(self._upkeep.written)
        self._committer = (
            Committer(self._commit_and_settle, on_loop) if durability == "full" else None
        )

    # -- the port

    def open(self, room: str, sink: Sink) -> SqliteLog:
        """Raises RoomError (storage)."""
        try:
            id = self._id(room)
            log = self._logs[id] = SqliteLog(self, id, room, sink, self._numbers(room))
            return log
        except apsw.Error as error:
            raise trouble(error) from error

    def rooms(self, limit: int) -> Mapping[str, str]:
        """Raises RoomError (storage)."""
        try:
            held = self._reading.execute(f"{ROOMS} ORDER BY {LATEST} DESC LIMIT ?", (limit,))
            return {name: topic for _, name, topic in held}
        except apsw.Error as error:
            raise trouble(error) from error

    def holds(self, room: str) -> bool:
        """Raises RoomError (storage)."""
        try:
            return bool(list(self._reading.execute(f"{ROOMS} AND name = ?", (room,))))
        except apsw.Error as error:
            raise trouble(error) from error

    def trim(self, retention: Retention, at: int) -> None:
        self._upkeep.trim(Trim(retention, at, partial(self._on_loop, self._trimmed)))

    def _trimmed(self) -> None:
        """The logs' beginnings have moved. (Or the file is closed, or cannot be read: then they
        are read when it is opened, or after the next trim.)"""
        with suppress(apsw.Error):
            for id, trimmed in self._reading.execute("SELECT id, trimmed FROM room"):
                if id in self._logs:
                    self._logs[id].first = trimmed + 1

    def close(self) -> None:
        """Commits what waits, and leaves one file behind, without its write-ahead log."""
        if self._committer is not None:
            self._committer.close()
        self._upkeep.close()
        self._reading.close()
        self._writing.close()
        sign(self._lock, "")
        self._lock.close()

    # -- for its logs

    def append(self, append: _Append) -> None:
        if self._committer is not None:
            self._committer.put(append)
        else:
            _settle(append, self._commit([append])[0])

    def read(self, room: int, after: int, limit: int) -> Page:
        try:
            return page(self._reading, room, after, limit)
        except BROKEN as error:
            return trouble(error)

    def forget(self, log: SqliteLog) -> None:
        self._logs.pop(log.room, None)
        if not log.head:
            self._ids.pop(log.name, None)

    # -- writing

    def _commit(self, appends: Sequence[_Append]) -> list[list[Outcome]]:
        """All of these in one transaction, or, if that fails, none of them."""
        with self._pen:
            return self._transact(appends)

    def _commit_and_settle(self, appends: Sequence[_Append]) -> Callable[[], None]:
        return partial(_settle_all, appends, self._commit(appends))

    def _transact(self, appends: Sequence[_Append]) -> list[list[Outcome]]:
        writing = self._writing
        try:
            writing.execute("BEGIN IMMEDIATE")
            outcomes = [self._write(append) for append in appends]
            writing.execute("COMMIT")
            return outcomes
        except BROKEN as error:
            refusal: Outcome = trouble(error)
            return [[refusal] * len(append.drafts) for append in appends]
        finally:
            if writing.in_transaction:
                writing.execute("ROLLBACK")

    def _write(self, append: _Append) -> list[Outcome]:
        log, drafts, at = append
        seq, at = log.head, stamp(log.at, at)
        outcomes: list[Outcome] = []
        new: list[Record] = []
        by_id: dict[tuple[str, str], Record] = {}
        if not seq:
            self._writing.execute(_ROOM, (log.room, log.name))
        for draft in drafts:
            posted = None
            if draft.id is not None:
                key = draft.author, draft.id
                posted = by_id.get(key) or self._posted(log.room, draft)
            if posted is None:
                seq += 1
                posted = number(draft, seq, at)
                new.append(posted)
                if draft.id is not None:
                    by_id[key] = posted
            outcomes.append(posted)
        if new:
            self._insert(log.room, new)
        return outcomes

    def _posted(self, room: int, draft: Draft) -> Record | None:
        """What was made of this draft when it was posted before."""
        found = self._writing.execute(_POSTED, (room, draft.author, draft.id)).fetchone()
        return None if found is None else page(self._writing, room, found[0] - 1, 1)[0]

    def _insert(self, room: int, records: Sequence[Record]) -> None:
        first = records[0].event
        place = place_of(room, first.seq)
        self._writing.execute(_INSERT, (place, len(records), first.at, to_text(records)))
        if ids := ids_of(room, records):
            self._writing.executemany(_REMEMBER, ids)
        for record in records:
            if isinstance(record.event, Topic):
                self._writing.execute(_TOPIC, (record.event.text, room))

    # -- rooms

    def _id(self, room: str) -> int:
        """It is written down with the first event: who only looks into rooms leaves no trace."""
        found = self._ids.get(room)
        if found is None:
            found = self._ids[room] = next(self._new_ids)
        return found

    def _numbers(self, room: str) -> _Numbers:
        query = "SELECT id, trimmed, topic FROM room WHERE name = ?"
        for id, trimmed, topic in list(self._reading.execute(query, (room,))):
            newest = newest_turn(self._reading, id)
            return _Numbers(trimmed + 1, max(newest.last, trimmed), newest.at, topic)
        return _Numbers(first=1, head=0, at=0, topic="")


def _settle_all(appends: Sequence[_Append], outcomes: Sequence[list[Outcome]]) -> None:
    for append, its_own in zip(appends, outcomes, strict=True):
        _settle(append, its_own)


def _settle(append: _Append, outcomes: list[Outcome]) -> None:
    """On the loop's thread: the log's numbers move, and the room hears of it."""
    log = append.log
    for outcome in outcomes:
        if isinstance(outcome, Record) and (event := outcome.event).seq > log.head:
            log.head, log.at = event.seq, event.at
            if isinstance(event, Topic):
                log.topic = event.text
    log.sink.settled(outcomes)
