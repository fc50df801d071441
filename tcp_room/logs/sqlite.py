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

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Final, Literal, NamedTuple

import apsw
import msgspec

from tcp_room.errors import RoomError
from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Page, Record, Sink, number
from tcp_room.logs.turns import from_text, to_text
from tcp_room.retention import Retention

Durability = Literal["normal", "full"]
OnLoop = Callable[[Callable[[], None]], object]

FILE_NAME: Final = "oneroom.db"
# Of 4 KiB each. SQLite's own default too; here the copying is another thread's.
_CHECKPOINT_PAGES: Final = 1000
# A write-ahead log that has no quiet moment in which to begin anew is made to, at 64 MiB.
_RESTART_PAGES: Final = 16_000

# For a stranger who holds the file (a shell, a VACUUM): nobody is served while the loop waits.
_BUSY_ON_LOOP_MS: Final = 200
_BUSY_MS: Final = 5000

# The bits of a place that are the seq: a million million events to a room.
_SEQ_BITS: Final = 40
_LAST_SEQ: Final = (1 << _SEQ_BITS) - 1

# Events deleted in one transaction: a millisecond's worth. (Or one turn, if it has more.)
_BITE_EVENTS: Final = 500
# Between two of them, so that who posts meanwhile waits for one, and not for all.
_BITE_PAUSE_S: Final = 0.005

# Each step takes a file to the next version; the version is SQLite's user_version.
_MIGRATIONS: Final = (
    """
    CREATE TABLE house (epoch TEXT NOT NULL);
    CREATE TABLE room (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL DEFAULT '',
        trimmed INTEGER NOT NULL DEFAULT 0  -- up to this seq nothing is kept
    );
    CREATE TABLE event (
        room INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        nick TEXT NOT NULL,
        door TEXT NOT NULL,
        text TEXT NOT NULL,
        id TEXT,
        author TEXT NOT NULL,
        PRIMARY KEY (room, seq)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX posted_once ON event (room, author, id) WHERE id IS NOT NULL;
    """,
    f"""
    CREATE TABLE turn (
        place INTEGER PRIMARY KEY,  -- room << {_SEQ_BITS} | seq of the first event
        events INTEGER NOT NULL,  -- how many
        at INTEGER NOT NULL,
        said TEXT NOT NULL  -- [[kind, nick, door, text, author, id], ...]
    );
    CREATE TABLE posted (
        room INTEGER NOT NULL,
        author TEXT NOT NULL,
        id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (room, author, id)
    ) WITHOUT ROWID;
    INSERT INTO turn
        SELECT room << {_SEQ_BITS} | seq, 1, at,
            json_array(json_array(kind, nick, door, text, author, id)) FROM event;
    INSERT INTO posted SELECT room, author, id, seq FROM event WHERE id IS NOT NULL;
    DROP TABLE event;
    """,
)
_INSERT: Final = "INSERT INTO turn (place, events, at, said) VALUES (?, ?, ?, ?)"
_REMEMBER: Final = "INSERT INTO posted (room, author, id, seq) VALUES (?, ?, ?, ?)"
_ROOM: Final = "INSERT OR IGNORE INTO room (id, name) VALUES (?, ?)"
_TOPIC: Final = "UPDATE room SET topic = ? WHERE id = ?"
_BETWEEN: Final = (
    "SELECT place, events, at, said FROM turn WHERE place BETWEEN ? AND ? ORDER BY place"
)
_POSTED: Final = "SELECT seq FROM posted WHERE room = ? AND author = ? AND id = ?"
_FORGET: Final = "DELETE FROM posted WHERE room = ? AND author = ? AND id = ? AND seq = ?"
_TRIMMED: Final = "UPDATE room SET trimmed = ? WHERE id = ?"
_ITS_TURNS: Final = f"turn WHERE place BETWEEN id << {_SEQ_BITS} AND (id + 1) << {_SEQ_BITS}"
_ROOMS: Final = f"SELECT id, name, topic FROM room WHERE EXISTS (SELECT 1 FROM {_ITS_TURNS})"
_OLDEST: Final = f"""
    SELECT id, place, events, newest FROM (
        SELECT id, (SELECT min(place) FROM {_ITS_TURNS}) AS oldest,
            (SELECT max(place) FROM {_ITS_TURNS}) AS newest FROM room
    ) JOIN turn ON place = oldest WHERE oldest < newest ORDER BY at LIMIT 1"""


# What an unsound file raises.
_BROKEN: Final = (apsw.Error, msgspec.MsgspecError)


class LogError(Exception):
    """A log that cannot be opened, as a sentence for the operator."""


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
        self._lock = _lock(folder)
        path = folder / FILE_NAME
        try:
            self._writing = _connect(path, durability, on_loop=durability == "normal")
            _migrate(self._writing, path)
            self._reading = _connect(path, durability, on_loop=True)
            self.epoch = _epoch(self._writing, is_another=_went_down_with_its_machine(self._lock))
            _sign(self._lock, f"{durability} {_boot()}")
            self._ids: dict[str, int] = dict(self._writing.execute("SELECT name, id FROM room"))
            self._new_ids = count(max(self._ids.values(), default=0) + 1)
        except apsw.Error as error:
            self._lock.close()
            raise _unusable(path, error) from error
        except LogError:
            self._lock.close()
            raise
        self._logs: dict[int, SqliteLog] = {}
        self._pen = threading.Lock()  # held by whoever writes
        self._upkeep = _Upkeep(path, durability, self._pen)
        self._on_loop = on_loop
        self._writing.set_wal_hook(self._upkeep.written)
        self._committer = _Committer(self._commit, on_loop) if durability == "full" else None

    # -- the port

    def open(self, room: str, sink: Sink) -> SqliteLog:
        """Raises RoomError (storage)."""
        try:
            id = self._id(room)
            log = self._logs[id] = SqliteLog(self, id, room, sink, self._numbers(room))
            return log
        except apsw.Error as error:
            raise _trouble(error) from error

    def rooms(self, limit: int) -> Mapping[str, str]:
        """Raises RoomError (storage)."""
        try:
            held = self._reading.execute(f"{_ROOMS} LIMIT ?", (limit,))
            return {name: topic for _, name, topic in held}
        except apsw.Error as error:
            raise _trouble(error) from error

    def holds(self, room: str) -> bool:
        """Raises RoomError (storage)."""
        try:
            return bool(list(self._reading.execute(f"{_ROOMS} AND name = ?", (room,))))
        except apsw.Error as error:
            raise _trouble(error) from error

    def trim(self, retention: Retention, at: int) -> None:
        self._upkeep.trim(_Trim(retention, at, partial(self._on_loop, self._trimmed)))

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
        _sign(self._lock, "")
        self._lock.close()

    # -- for its logs

    def append(self, append: _Append) -> None:
        if self._committer is not None:
            self._committer.put(append)
        else:
            _settle(append, self._commit([append])[0])

    def read(self, room: int, after: int, limit: int) -> Page:
        try:
            return _page(self._reading, room, after, limit)
        except _BROKEN as error:
            return _trouble(error)

    def forget(self, log: SqliteLog) -> None:
        self._logs.pop(log.room, None)
        if not log.head:
            self._ids.pop(log.name, None)

    # -- writing

    def _commit(self, appends: Sequence[_Append]) -> list[list[Outcome]]:
        """All of these in one transaction, or, if that fails, none of them."""
        with self._pen:
            return self._transact(appends)

    def _transact(self, appends: Sequence[_Append]) -> list[list[Outcome]]:
        writing = self._writing
        try:
            writing.execute("BEGIN IMMEDIATE")
            outcomes = [self._write(append) for append in appends]
            writing.execute("COMMIT")
            return outcomes
        except _BROKEN as error:
            refusal: Outcome = _trouble(error)
            return [[refusal] * len(append.drafts) for append in appends]
        finally:
            if writing.in_transaction:
                writing.execute("ROLLBACK")

    def _write(self, append: _Append) -> list[Outcome]:
        log, drafts, at = append
        seq, at = log.head, max(log.at, at)
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
        return None if found is None else _page(self._writing, room, found[0] - 1, 1)[0]

    def _insert(self, room: int, records: Sequence[Record]) -> None:
        first = records[0].event
        place = _place(room, first.seq)
        self._writing.execute(_INSERT, (place, len(records), first.at, to_text(records)))
        if ids := _ids(room, records):
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
            newest = _newest_turn(self._reading, id)
            return _Numbers(trimmed + 1, max(newest.last, trimmed), newest.at, topic)
        return _Numbers(first=1, head=0, at=0, topic="")


class _Committer:
    """The thread that waits for the disk: one commit for all that came during the last one."""

    def __init__(
        self, commit: Callable[[Sequence[_Append]], list[list[Outcome]]], on_loop: OnLoop
    ) -> None:
        self._commit = commit
        self._on_loop = on_loop
        self._waiting: SimpleQueue[_Append | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="oneroom-log")
        self._thread.start()

    def put(self, append: _Append) -> None:
        self._waiting.put(append)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            appends, is_open = self._gather()
            if appends:
                self._on_loop(partial(_settle_all, appends, self._commit(appends)))

    def _gather(self) -> tuple[list[_Append], bool]:
        """All that waits, at least one; and whether more can come."""
        appends: list[_Append] = []
        while not appends or not self._waiting.empty():
            append = self._waiting.get()
            if append is None:
                return appends, False
            appends.append(append)
        return appends, True


class _Trim(NamedTuple):
    retention: Retention
    at: int
    done: Callable[[], object]


class _Upkeep:
    """The thread that copies the write-ahead log into the file, and trims it, by a connection of
    its own. It takes small bites, since the writer waits while it has the file; at `pen`, since
    SQLite would have it look again now and then, and seldom in between two bites."""

    def __init__(self, path: Path, durability: Durability, pen: threading.Lock) -> None:
        self._connection = _connect(path, durability)
        self._pen = pen
        self._closing = threading.Event()
        self._due: SimpleQueue[_Trim | bool] = SimpleQueue()  # a trim, a checkpoint, the end
        self._is_due = False
        self._copied = 0  # pages of the write-ahead log that are in the file
        self._thread = threading.Thread(target=self._run, name="oneroom-upkeep")
        self._thread.start()

    def written(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """Called by SQLite after each commit, with the size of the write-ahead log."""
        if pages < self._copied:
            self._copied = 0  # it has begun anew
        if pages - self._copied >= _CHECKPOINT_PAGES and not self._is_due:
            self._is_due = True
            self._due.put(True)
        return apsw.SQLITE_OK

    def trim(self, trim: _Trim) -> None:
        self._due.put(trim)

    def close(self) -> None:
        """What is still to be trimmed is left to the next time."""
        self._closing.set()
        self._due.put(False)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while due := self._due.get():
            try:
                if isinstance(due, _Trim):
                    self._trim(due)
                else:
                    self._checkpoint()
            except _BROKEN:
                continue  # a full disk: the next commit tells whom it concerns; this comes again

    def _checkpoint(self) -> None:
        """Copies what was written since the last time. The write-ahead log begins anew when all of
        it is copied; with a writer who never rests, that takes a moment in which it waits."""
        try:
            checkpoint = self._connection.wal_checkpoint
            pages, self._copied = checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if pages >= _RESTART_PAGES:
                checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        finally:
            self._is_due = False

    def _trim(self, trim: _Trim) -> None:
        retention, at, done = trim
        for room, _, _ in list(self._connection.execute(_ROOMS)):
            head = _newest_turn(self._connection, room).last
            if retention.events:
                self._let_go(room, head - retention.events)
            if retention.age_s:
                self._let_go(room, self._older_than(room, at - retention.age_s * 1000, head))
        while retention.size_bytes and self._size() > retention.size_bytes:
            if self._closing.is_set() or not self._let_go_of_the_oldest():
                break
        done()

    def _older_than(self, room: int, at: int, head: int) -> int:
        """The last seq that is from before `at`; times do not run backwards, so one can search."""
        low, high = 0, head
        while low < high:
            middle = (low + high + 1) // 2
            turn = _turn(self._connection, room, middle)
            is_older = turn is None or turn.at < at
            low, high = (middle, high) if is_older else (low, middle - 1)
        return min(low, head - 1)

    def _let_go(self, room: int, upto: int) -> None:
        """Lets go of the events of a room up to that seq, a bite at a time. Of a turn that goes on
        behind it, they are not shown any more; they leave the file with the whole turn."""
        ((trimmed,),) = self._connection.execute("SELECT trimmed FROM room WHERE id = ?", (room,))
        while trimmed < upto and not self._closing.is_set():
            turns = self._bite(room, upto)
            trimmed = turns[-1].last if turns else upto
            ids = [each for turn in turns for each in _ids(room, turn.records())]
            with self._pen, self._connection:
                if turns:
                    places = turns[0].place, turns[-1].place
                    self._connection.execute("DELETE FROM turn WHERE place BETWEEN ? AND ?", places)
                self._connection.executemany(_FORGET, ids)
                self._connection.execute(_TRIMMED, (trimmed, room))
            self._closing.wait(_BITE_PAUSE_S)

    def _bite(self, room: int, upto: int) -> list[_Turn]:
        """The first turns of a room of which nothing is to stay."""
        turns: list[_Turn] = []
        size = 0
        with closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(_BETWEEN, (_place(room, 0), _place(room, upto))):
                turn = _Turn(*row)
                size += turn.events
                if turn.last > upto or (turns and size > _BITE_EVENTS):
                    break
                turns.append(turn)
        return turns

    def _let_go_of_the_oldest(self) -> bool:
        """Lets go of a bite of the room whose first turn is the oldest; False if none has two."""
        for room, place, events, newest in list(self._connection.execute(_OLDEST)):
            first = _seq(place)
            bite = min(first + _BITE_EVENTS, _seq(newest)) - 1
            self._let_go(room, max(first + events - 1, bite))
            return True
        return False

    def _size(self) -> int:
        """What is in use of the file: what was deleted is used again before the file grows."""
        pages = self._connection.pragma("page_count") - self._connection.pragma("freelist_count")
        size: int = pages * self._connection.pragma("page_size")
        return size


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


# -- rows


class _Turn(NamedTuple):
    """A row."""

    place: int
    events: int
    at: int
    said: str

    @property
    def last(self) -> int:
        """The seq of its last event."""
        return _seq(self.place) + self.events - 1

    def records(self) -> list[Record]:
        """Raises msgspec.MsgspecError."""
        return from_text(_seq(self.place), self.at, self.said)


def _place(room: int, seq: int) -> int:
    """The place of an event; whatever a client asks for, it stays in the room."""
    return room << _SEQ_BITS | min(seq, _LAST_SEQ)


def _seq(place: int) -> int:
    return place & _LAST_SEQ


def _turn(connection: apsw.Connection, room: int, seq: int) -> _Turn | None:
    """The last turn that begins up to that seq."""
    found = connection.execute(
        f"{_BETWEEN} DESC LIMIT 1", (_place(room, 0), _place(room, seq))
    ).fetchone()
    return None if found is None else _Turn(*found)


def _newest_turn(connection: apsw.Connection, room: int) -> _Turn:
    """Of a room that has one, or an empty one."""
    return _turn(connection, room, _LAST_SEQ) or _Turn(_place(room, 0), 0, 0, "[]")


def _page(connection: apsw.Connection, room: int, after: int, limit: int) -> list[Record]:
    """At most `limit` records from `after + 1` on. Raises apsw.Error, msgspec.MsgspecError."""
    begins = _turn(connection, room, after + 1)
    places = begins.place if begins else _place(room, after + 1), _place(room, _LAST_SEQ)
    records: list[Record] = []
    with closing(connection.cursor()) as cursor:
        for row in cursor.execute(_BETWEEN, places):
            turn = _Turn(*row)
            records += turn.records()[max(after + 1 - _seq(turn.place), 0) :]
            if len(records) >= limit:
                break
    return records[:limit]


def _ids(room: int, records: Sequence[Record]) -> list[tuple[int, str, str, int]]:
    """The rows of `posted`."""
    return [
        (room, record.author, event.id, event.seq)
        for record in records
        if (event := record.event).id is not None
    ]


# -- the file


def _lock(folder: Path) -> IO[bytes]:
    """Held as long as the process lives. Raises LogError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "oneroom.lock").open("a+b")
    except OSError as error:
        raise LogError(
            f"{folder} cannot be used for the log: {error.strerror};"
            " choose another folder with --data, or keep nothing with --data :memory:"
        ) from error
    try:
        _lock_file(file)
    except OSError as error:
        file.close()
        raise LogError(
            f"another server keeps its log in {folder}; stop it, or choose another with --data"
        ) from error
    return file


def _lock_file(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(lock: IO[bytes], text: str) -> None:
    """While the log is open the lock says how it is kept, and since which start of the machine."""
    lock.truncate(0)
    lock.write(text.encode())
    lock.flush()
    os.fsync(lock.fileno())


def _went_down_with_its_machine(lock: IO[bytes]) -> bool:
    """Whether who kept the log before may have lost its latest events with the power."""
    lock.seek(0)
    durability, _, boot = lock.read().decode("ascii", "replace").partition(" ")
    return durability == "normal" and boot != _boot()


def _boot() -> str:
    """A name for this start of the machine; empty where there is none to be had (not on Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _connect(path: Path, durability: Durability, *, on_loop: bool = False) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_ON_LOOP_MS if on_loop else _BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full" if durability == "full" else "normal")
    connection.wal_autocheckpoint(0)
    return connection


def _migrate(connection: apsw.Connection, path: Path) -> None:
    """Raises LogError, apsw.Error."""
    if connection.readonly("main"):
        raise LogError(
            f"{path} may not be written by this user; let it, or choose another folder with --data"
        )
    version = connection.pragma("user_version")
    if version > len(_MIGRATIONS):
        raise LogError(
            f"{path} was written by a newer oneroom (version {version} of the file, this one knows"
            f" {len(_MIGRATIONS)}); run that one, or choose another folder with --data"
        )
    for step in range(version, len(_MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_MIGRATIONS[step])
        connection.pragma("user_version", step + 1)
        connection.execute("COMMIT")


def _epoch(connection: apsw.Connection, *, is_another: bool) -> str:
    """The name of this log, given when it was made; a new one if it `is_another`, in which numbers
    that somebody has seen may come again."""
    found = connection.execute("SELECT epoch FROM house").fetchone()
    if found is None or is_another:
        found = (secrets.token_hex(8),)
        connection.execute("DELETE FROM house")
        connection.execute("INSERT INTO house VALUES (?)", found)
    epoch: str = found[0]
    return epoch


def _trouble(error: Exception) -> RoomError:
    return RoomError("storage", f"the log cannot be written or read just now ({_words(error)})")


def _unusable(path: Path, error: apsw.Error) -> LogError:
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return LogError(
            f"{path} is not a sound log ({_words(error)}); put it aside and start again,"
            " or choose another folder with --data"
        )
    return LogError(f"{path} cannot be opened: {_words(error)}; choose another folder with --data")


def _words(error: Exception) -> str:
    return str(error).partition(": ")[2] or str(error)
