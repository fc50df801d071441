"""The SQLite engine: the embedded log, one file for all rooms.

What a member has seen is in the file: an append is one transaction, committed
before the room hears of it. With durability `normal` that happens on the loop's
thread, in some microseconds and without waiting for the disk: what is committed
survives the death of the process, and a loss of power may take the last moments.
With `full` each commit waits for the disk, so it happens on a thread of its own,
which takes together all that came while it waited.

Never on the loop's thread: checkpoints, which copy the write-ahead log into the
file and may take tens of milliseconds, and trimming. Nor commits and reads while
storage is slow or somebody else writes to the file: then those take the way of
`full`, until nothing has been slow for a while.

Nothing but LogError and RoomError leaves this package: what a damaged, full or
vanished file raises becomes a refusal, `unknown`, or a hole in a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import apsw

from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Page, Record, Sink
from tcp_room.logs.sqlite.lock import Life, Lock, Reach, stamp_of
from tcp_room.logs.sqlite.opening import left, life, opened
from tcp_room.logs.sqlite.pace import Pace
from tcp_room.logs.sqlite.rows import DAMAGED, latest, page
from tcp_room.logs.sqlite.schema import (
    BROKEN,
    FILE_NAME,
    Durability,
    LogError,
    OnLoop,
    connect,
    trouble,
    unusable,
)
from tcp_room.logs.sqlite.trimming import Trim
from tcp_room.logs.sqlite.upkeep import Upkeep
from tcp_room.logs.sqlite.wal import Wal
from tcp_room.logs.sqlite.worker import Worker
from tcp_room.logs.sqlite.writer import Append, Occupied, Tail, Writer, Written
from tcp_room.retention import Retention

_NUMBERS: Final = "SELECT id, trimmed, topic FROM room WHERE name = ?"
_TRIMMED: Final = "SELECT trimmed FROM room WHERE id = ?"
_ROOMS: Final = "SELECT id, name, topic, spoke FROM room ORDER BY spoke DESC LIMIT ?"
# A page that cannot be read is lost if it is asked for so often, once a second by each who waits.
_TRIES: Final = 10
# So many of such pages are counted.
_COUNTED: Final = 1000
_MISSING: Final = (
    "its file was deleted or replaced while the server runs: nothing that is said can be kept"
)

_log = logging.getLogger(__name__)


class SqliteLog(Written):
    """One room's part of the file. Its numbers are those that the room has heard of."""

    __slots__ = ("_engine", "at", "first", "head", "sink", "topic")

    def __init__(
        self, engine: SqliteEngine, room: int, name: str, sink: Sink, numbers: _Numbers
    ) -> None:
        super().__init__(room, name, Tail(numbers.head, numbers.at))
        self._engine = engine
        self.sink = sink
        self.first, self.head, self.at, self.topic = numbers

    @property
    def epoch(self) -> str:
        return self._engine.epoch

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        self._engine.append(self, Append(self, drafts, at))

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        self._engine.read(_Ask(self, max(after, self.first - 1), limit, self.head, done))

    def close(self) -> None:
        self._engine.forget(self)

    def move(self, record: Record) -> None:
        """The room hears of this event, if it has not."""
        event = record.event
        if event.seq > self.head:
            self.head, self.at = event.seq, event.at
            if isinstance(event, Topic):
                self.topic = event.text


class _Numbers(NamedTuple):
    first: int
    head: int
    at: int
    topic: str


class _Ask(NamedTuple):
    """For a page; `head` is the last event that the room knew of then."""

    log: SqliteLog
    after: int
    limit: int
    head: int
    done: Callable[[Page], None]


class _Read(NamedTuple):
    page: Page
    trimmed: int


class SqliteEngine:
    def __init__(
        self,
        folder: Path,
        durability: Durability,
        on_loop: OnLoop,
        config: Config = Config(),  # noqa: B008 (frozen)
        *,
        new_epoch: bool = False,
    ) -> None:
        """Opens the file in `folder`, both made if they are not there.

        `on_loop` calls a function on the loop's thread, from whatever thread. With `new_epoch` it
        counts as another log than before. Raises LogError.
        """
        self._on_loop = on_loop
        self._durability = durability
        self._path = folder / FILE_NAME
        self._wait_s = config.slow_storage_s
        self._lock = Lock(folder, config.lock_wait_s)
        try:
            self.epoch = opened(self._path, durability, self._lock, new_epoch=new_epoch)
            self._wal = Wal(self._path, self._lock.reached)
            self._writer = Writer(self._path, durability, self._wal)
            self._reading = connect(self._path, durability)
            self._life = life(self._path, durability)
            self._lock.sign([self._lock.mark], self._life, self._wal.reach())
            self._new_rooms = count(_last_room(self._reading) + 1)
            self._logs: dict[int, SqliteLog] = {}
            self._missing = ""  # why the file is not where it was
            self._wal_inode = 0
            self._upkeep = Upkeep(
                self._path, durability, self._writer.pen, self._wal, self._look_after_it
            )
        except BROKEN as error:
            self._lock.close()
            raise unusable(self._path, error) from error
        except LogError:
            self._lock.close()
            raise
        self._tries: dict[tuple[int, int], int] = {}  # of pages that cannot be read just now
        self._pace = Pace(config.slow_storage_s, config.slow_storage_calm_s)
        self._reading_pace = Pace(config.slow_storage_s, config.slow_storage_calm_s)
        self._waiting = 0  # appends that the committer has
        self._committer = Worker("oneroom-log", self._commit_there, on_loop)
        self._reader = Worker("oneroom-pages", self._read_there, on_loop)
        self._reading_there: apsw.Connection | None = None  # the reader's

    # -- the port

    @property
    def trouble(self) -> str:
        return self._missing or self._writer.trouble

    def open(self, room: str, sink: Sink) -> SqliteLog:
        """Raises RoomError (storage)."""
        try:
            id, numbers = self._numbers(room)
        except BROKEN as error:
            raise trouble(error) from error
        log = self._logs[id] = SqliteLog(self, id, room, sink, numbers)
        return log

    def rooms(self, limit: int) -> Mapping[str, str]:
        """Of those that are open, it is known when somebody spoke in them; of the others the file
        says so. Raises RoomError (storage)."""
        try:
            rooms = list(self._reading.execute(_ROOMS, (limit,)))
        except BROKEN as error:
            raise trouble(error) from error
        found = {id: (spoke, name, topic) for id, name, topic, spoke in rooms}
        for log in self._logs.values():
            if log.head:
                found[log.room] = log.at, log.name, log.topic
        in_order = sorted(found.values(), key=lambda room: room[0], reverse=True)
        return {name: topic for _, name, topic in in_order[:limit]}

    def holds(self, room: str) -> bool:
        """Raises RoomError (storage)."""
        try:
            return bool(list(self._reading.execute(_NUMBERS, (room,))))
        except BROKEN as error:
            raise trouble(error) from error

    def trim(self, retention: Retention, at: int) -> None:
        def moved(room: int, trimmed: int) -> None:
            self._on_loop(partial(self._trimmed, room, trimmed))

        self._upkeep.trim(Trim(retention, at, moved))

    def close(self) -> None:
        """Commits what waits, and leaves one file behind, without its write-ahead log."""
        self._committer.close()
        self._reader.close()
        self._upkeep.close()
        with suppress(*BROKEN):
            self._reading.close()
            if self._reading_there is not None:
                self._reading_there.close()
            for log in list(self._logs.values()):
                self.forget(log)
            self._writer.close(partial(left, lock=self._lock))
            self._lock.sign([self._lock.mark], Life(stamp=stamp_of(self._path)), Reach(0, 0))
        self._lock.close()

    # -- for its logs

    def append(self, log: SqliteLog, append: Append) -> None:
        if self._missing:
            refusal = RoomError("storage", self._missing)
            log.sink.settled([refusal] * len(append.drafts))
        elif self._durability == "full" or self._pace.is_slow or self._waiting:
            self._commit_later(log, append)
        else:
            self._commit_here(log, append)

    def read(self, ask: _Ask) -> None:
        if self._reading_pace.is_slow:
            self._reader.put(ask)
            return
        began = monotonic()
        read = self._read(self._reading, ask)
        now = monotonic()
        self._reading_pace.took(now - began, now)
        self._answer(ask, read)

    def forget(self, log: SqliteLog) -> None:
        self._logs.pop(log.room, None)
        if log.head:
            self._writer.spoken[log.room] = log.at

    # -- committing

    def _commit_here(self, log: SqliteLog, append: Append) -> None:
        """If somebody else writes just now, this one waits for it elsewhere."""
        began = monotonic()
        try:
            (outcomes,) = self._writer.commit([append], self._wait_s)
        except Occupied:
            self._pace.took(self._wait_s * 2, monotonic())
            self._commit_later(log, append)
            return
        now = monotonic()
        self._pace.took(now - began, now)
        _settle(log, outcomes)

    def _commit_later(self, log: SqliteLog, append: Append) -> None:
        self._waiting += 1
        self._committer.put((log, append))

    def _commit_there(self, asked: Sequence[tuple[SqliteLog, Append]]) -> Callable[[], None]:
        began = monotonic()
        outcomes = self._writer.commit([append for _, append in asked])
        now = monotonic()
        took = now - began

        def settle() -> None:
            self._waiting -= len(asked)
            self._pace.took(took, now)
            for (log, _), its_own in zip(asked, outcomes, strict=True):
                _settle(log, its_own)

        return settle

    # -- reading

    def _read(self, connection: apsw.Connection, ask: _Ask) -> _Read:
        got: Page
        try:
            got = page(connection, ask.log.room, ask.after, ask.limit, ask.head)
        except BROKEN as error:
            got = self._unreadable(ask, connection, error)
        try:  # afterwards, so that what was trimmed meanwhile is known to be
            found = connection.execute(_TRIMMED, (ask.log.room,)).fetchone()
        except BROKEN:
            found = None
        return _Read(got, found[0] if found else 0)

    def _unreadable(self, ask: _Ask, connection: apsw.Connection, error: Exception) -> Page:
        """A failure may pass. If it does not, what cannot be read is lost to those who wait for it,
        unless that is everything."""
        if len(self._tries) > _COUNTED:
            self._tries.clear()
        where = ask.log.room, ask.after
        self._tries[where] = self._tries.get(where, 0) + 1
        if self._tries[where] > _TRIES and isinstance(error, apsw.IOError):
            with suppress(*BROKEN):
                lost = (*DAMAGED, apsw.IOError)
                got = page(connection, ask.log.room, ask.after, ask.limit, ask.head, lost)
                return got or trouble(error)
        return trouble(error)

    def _read_there(self, asked: Sequence[_Ask]) -> Callable[[], None]:
        """On the thread that reads while that is slow."""
        began = monotonic()
        reads = [self._read_by_its_own(ask) for ask in asked]
        now = monotonic()
        each_took = (now - began) / len(asked)

        def answer() -> None:
            self._reading_pace.took(each_took, now)
            for ask, read in zip(asked, reads, strict=True):
                self._answer(ask, read)

        return answer

    def _read_by_its_own(self, ask: _Ask) -> _Read:
        try:
            if self._reading_there is None:
                self._reading_there = connect(self._path, self._durability)
        except BROKEN as error:
            return _Read(trouble(error), 0)
        return self._read(self._reading_there, ask)

    def _answer(self, ask: _Ask, read: _Read) -> None:
        """An empty page says that all is lost up to the head. If that has moved since, it is asked
        for again."""
        log = ask.log
        log.first = max(log.first, read.trimmed + 1)
        if read.page or isinstance(read.page, RoomError) or log.head == ask.head:
            ask.done(read.page)
        else:
            log.read(ask.after, ask.limit, ask.done)

    def _trimmed(self, room: int, trimmed: int) -> None:
        """A log's beginning has moved."""
        log = self._logs.get(room)
        if log is not None:
            log.first = max(log.first, trimmed + 1)

    # -- rooms

    def _numbers(self, room: str) -> tuple[int, _Numbers]:
        """Its id, and what is known of it. A new one is written down with its first event: looking
        into a room leaves no trace."""
        for id, trimmed, topic in list(self._reading.execute(_NUMBERS, (room,))):
            head, at = latest(self._reading, id, trimmed)
            return id, _Numbers(trimmed + 1, head, at, topic)
        return next(self._new_rooms), _Numbers(first=1, head=0, at=0, topic="")

    # -- the thread of the upkeep, each second

    def _look_after_it(self) -> None:
        self._look_for_the_file()
        if self._writer.trouble and not self._missing:
            with suppress(*BROKEN):  # tried again in a second
                found = self._writer.heal(list(self._logs.values()))
                self._on_loop(partial(self._healed, found))

    def _look_for_the_file(self) -> None:
        """A file that was deleted is written to all the same, and gone at the end."""
        missing = "" if self._is_in_place() else _MISSING
        if missing != self._missing:
            self._missing = missing
            _log.warning("%s %s", self._path, missing or "is in its place again")

    def _is_in_place(self) -> bool:
        try:
            wal = self._wal.path.stat().st_ino
            if not self._wal_inode:
                self._wal_inode = wal
            return self._path.stat().st_ino == self._life.inode and wal == self._wal_inode
        except FileNotFoundError:
            return False
        except OSError:
            return True  # nobody knows

    def _healed(self, found: Sequence[tuple[Written, Sequence[Record]]]) -> None:
        """On the loop: rooms hear of what the log has after all."""
        for log, records in found:
            assert isinstance(log, SqliteLog)
            for record in records:
                log.move(record)
            log.sink.arrived(records)
        self._writer.healed()


def _settle(log: SqliteLog, outcomes: list[Outcome]) -> None:
    """On the loop's thread: the log's numbers move, and the room hears of it."""
    for outcome in outcomes:
        if isinstance(outcome, Record):
            log.move(outcome)
    log.sink.settled(outcomes)


def _last_room(connection: apsw.Connection) -> int:
    ((last,),) = connection.execute("SELECT coalesce(max(id), 0) FROM room")
    return int(last)
