"""The connection that writes: one transaction for all that is appended together.

It knows three outcomes. Before the commit a failure takes everything back. If the commit itself
fails, its pages may be in the write-ahead log all the same, and would come back when the process
is killed: so the connection is opened anew, and a small commit is written over them, before
anybody is told that the log does not have it. Where that fails too, nobody can tell: `unknown`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from tcp_room.errors import RoomError
from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Record, number, stamp
from tcp_room.logs.sqlite.rows import checksum, ids_of, latest, page, place_of
from tcp_room.logs.sqlite.schema import BROKEN, Durability, connect, trouble
from tcp_room.logs.sqlite.wal import Wal
from tcp_room.logs.turns import to_json

# Another program that writes to the file may take so long, if nobody else waits meanwhile.
_BUSY_MS: Final = 5000

_INSERT: Final = "INSERT INTO turn (place, events, at, said, sum) VALUES (?, ?, ?, ?, ?)"
_REMEMBER: Final = "INSERT INTO posted (room, author, id, seq) VALUES (?, ?, ?, ?)"
_ROOM: Final = "INSERT OR IGNORE INTO room (id, name) VALUES (?, ?)"
_SPOKE: Final = "UPDATE room SET spoke = ? WHERE id = ?"
_TOPIC: Final = "UPDATE room SET topic = ? WHERE id = ?"
_POSTED: Final = "SELECT seq FROM posted WHERE room = ? AND author = ? AND id = ?"
_LOST: Final = "DELETE FROM posted WHERE room = ? AND author = ? AND id = ?"
_WRITE_OVER: Final = "UPDATE house SET failures = failures + 1"
_IS_THERE: Final = "SELECT 1 FROM turn WHERE place = ?"
# A log that fails and heals in turn is reported so often.
_REPORT_S: Final = 60

_log = logging.getLogger(__name__)


class Tail(NamedTuple):
    """The last event of a log: what the next one follows."""

    seq: int
    at: int


class Written:
    """What the file has of a log. Changed by the writer alone; the room hears of it later."""

    __slots__ = ("is_written", "name", "room", "tail")

    def __init__(self, room: int, name: str, tail: Tail) -> None:
        self.room, self.name, self.tail = room, name, tail
        self.is_written = False  # in this life: it is written down with its first event


class Append(NamedTuple):
    log: Written
    drafts: Sequence[Draft]
    at: int


class Occupied(Exception):
    """Somebody else writes just now: nothing was done."""


class Writer:
    """Called by one thread at a time, with the pen."""

    def __init__(self, path: Path, durability: Durability, wal: Wal) -> None:
        """Raises apsw.Error."""
        self.pen = threading.Lock()  # held by those who write
        self.trouble = ""  # why the last commit failed
        self.is_broken = False  # nothing can be written until it has healed
        self.spoken: dict[int, int] = {}  # when, by room: written with the next commit
        self._path, self._durability, self._wal = path, durability, wal
        self._busy_ms = -1
        self._reported_at, self._is_reported = -_REPORT_S * 1.0, False
        self.connection = self._connect()

    def close(self, last_words: Callable[[apsw.Connection], object]) -> None:
        """`last_words` are written before it is closed. Raises apsw.Error, OSError."""
        with self.pen, closing(self.connection):
            self._remember_who_spoke()
            last_words(self.connection)

    def commit(self, appends: Sequence[Append], wait_s: float = -1) -> list[list[Outcome]]:
        """All of these in one transaction, or none of them; an outcome for each draft.

        Raises Occupied if others write for longer than `wait_s`; by default it waits for them.
        """
        if not self.pen.acquire(timeout=wait_s):
            raise Occupied
        try:
            self._be_patient(_BUSY_MS if wait_s < 0 else int(wait_s * 1000))
            if self.is_broken:
                return _refuse(appends, RoomError("storage", self.trouble))
            return self._transact(appends)
        finally:
            self.pen.release()

    def heal(self, logs: Sequence[Written]) -> list[tuple[Written, list[Record]]]:
        """Tries to write again after a failure; what is in the file of these logs that they do not
        know of. They have to hear of it before `healed` is called, and the trouble is over.
        Raises what a broken file raises."""
        with self.pen:
            try:
                self._reopen()
                found = [(log, self._found(log)) for log in logs if self.is_broken]
            except BROKEN as error:
                self._fail(error)
                raise
        return [(log, records) for log, records in found if records]

    def _found(self, log: Written) -> list[Record]:
        seq, _ = log.tail
        head, at = latest(self.connection, log.room, seq)
        if head <= seq:
            return []
        log.tail = Tail(head, at)
        return page(self.connection, log.room, seq, head - seq, head)

    def healed(self) -> None:
        self.is_broken = False
        self._succeed()

    def _be_patient(self, busy_ms: int) -> None:
        if busy_ms != self._busy_ms:
            self._busy_ms = busy_ms
            with suppress(apsw.Error):
                self.connection.set_busy_timeout(busy_ms)

    # -- the transaction

    def _transact(self, appends: Sequence[Append]) -> list[list[Outcome]]:
        tails: dict[int, Tail] = {}
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._write(append, tails) for append in appends]
            self._remember_who_spoke()
        except apsw.BusyError as error:
            if self._busy_ms < _BUSY_MS:
                raise Occupied from error
            return self._take_back(appends, error)
        except BROKEN as error:
            return self._take_back(appends, error)
        try:
            self.connection.execute("COMMIT")
        except BROKEN as error:
            if isinstance(error, apsw.FullError):  # not all of it was written, its end least of all
                return self._take_back(appends, error)
            return self._tell_what_happened(appends, outcomes, tails, error)
        self._settle(appends, tails)
        return outcomes

    def _write(self, append: Append, tails: dict[int, Tail]) -> list[Outcome]:
        log, drafts, at = append
        seq, latest = tails.get(log.room, log.tail)
        at = stamp(latest, at)
        outcomes: list[Outcome] = []
        new: list[Record] = []
        by_id: dict[tuple[str, str], Record] = {}
        if not log.is_written:
            self.connection.execute(_ROOM, (log.room, log.name))
            self.connection.execute(_SPOKE, (at, log.room))
        for draft in drafts:
            posted = None
            if draft.id is not None:
                key = draft.author, draft.id
                posted = by_id.get(key) or self._posted(log.room, draft, seq)
            if posted is None:
                seq += 1
                posted = number(draft, seq, at)
                new.append(posted)
                if draft.id is not None:
                    by_id[key] = posted
            outcomes.append(posted)
        if new:
            self._insert(log.room, new)
            tails[log.room] = Tail(seq, at)
        return outcomes

    def _posted(self, room: int, draft: Draft, head: int) -> Record | None:
        """What was made of this draft when it was posted before. If that is lost, it is new."""
        key = room, draft.author, draft.id
        found = self.connection.execute(_POSTED, key).fetchone()
        if found is None:
            return None
        for record in page(self.connection, room, found[0] - 1, 1, found[0]):
            if (record.author, record.event.id) == (draft.author, draft.id):
                return record
        self.connection.execute(_LOST, key)
        return None

    def _insert(self, room: int, records: Sequence[Record]) -> None:
        first = records[0].event
        place, said = place_of(room, first.seq), to_json(records)
        sum = checksum(place, len(records), first.at, said)
        self.connection.execute(_INSERT, (place, len(records), first.at, said.decode(), sum))
        if ids := ids_of(room, records):
            self.connection.executemany(_REMEMBER, ids)
        for record in records:
            if isinstance(record.event, Topic):
                self.connection.execute(_TOPIC, (record.event.text, room))

    def _remember_who_spoke(self) -> None:
        if self.spoken:
            spoken, self.spoken = self.spoken, {}
            self.connection.executemany(_SPOKE, [(at, room) for room, at in spoken.items()])

    # -- what became of it

    def _settle(self, appends: Sequence[Append], tails: dict[int, Tail]) -> None:
        for append in appends:
            if append.log.room in tails:
                append.log.is_written = True
                append.log.tail = tails[append.log.room]
        self._succeed()

    def _take_back(self, appends: Sequence[Append], error: Exception) -> list[list[Outcome]]:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except BROKEN as worse:
            self._break(worse)
        self._fail(error)
        return _refuse(appends, trouble(error))

    def _tell_what_happened(
        self,
        appends: Sequence[Append],
        outcomes: list[list[Outcome]],
        tails: dict[int, Tail],
        error: Exception,
    ) -> list[list[Outcome]]:
        """The commit failed: looks whether the log has it."""
        try:
            has_it = self._reopen(outcomes, appends)
        except BROKEN as worse:
            self._break(worse)
            unknown = RoomError(
                "unknown", "the log cannot tell whether it has the message; send it again"
            )
            return [
                [_unless_old(each, append, unknown) for each in its]
                for append, its in zip(appends, outcomes, strict=True)
            ]
        if has_it:
            self._settle(appends, tails)
            return outcomes
        self._fail(error)
        return _refuse(appends, trouble(error))

    def _reopen(
        self, outcomes: Sequence[list[Outcome]] = (), appends: Sequence[Append] = ()
    ) -> bool:
        """Opens the file anew; whether it has the new ones of these. If it has not, it never will.
        Raises apsw.Error."""
        with suppress(apsw.Error):
            self.connection.close(True)
        self.connection = self._connect()
        has_it = any(
            self._has(append, outcome)
            for append, its_own in zip(appends, outcomes, strict=True)
            for outcome in its_own
        )
        self.connection.execute(_WRITE_OVER)
        return has_it

    def _has(self, append: Append, outcome: Outcome) -> bool:
        """Whether that is the first event of a turn, which is in the file."""
        if not isinstance(outcome, Record) or outcome.event.seq != append.log.tail.seq + 1:
            return False
        place = place_of(append.log.room, outcome.event.seq)
        return bool(list(self.connection.execute(_IS_THERE, (place,))))

    def _connect(self) -> apsw.Connection:
        connection = connect(self._path, self._durability)
        connection.set_busy_timeout(_BUSY_MS)
        self._busy_ms = _BUSY_MS
        self._wal.watch(connection)
        return connection

    def _break(self, error: Exception) -> None:
        self.is_broken = True
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        sentence = trouble(error).text
        if not self.trouble and time.monotonic() - self._reported_at > _REPORT_S:
            self._reported_at, self._is_reported = time.monotonic(), True
            _log.warning("%s: %s; messages are refused until it can", self._path, sentence)
        self.trouble = sentence

    def _succeed(self) -> None:
        self.trouble = ""
        if self._is_reported:
            self._is_reported = False
            _log.warning("%s: the log can be written again", self._path)


def _refuse(appends: Sequence[Append], refusal: RoomError) -> list[list[Outcome]]:
    return [[refusal] * len(append.drafts) for append in appends]


def _unless_old(outcome: Outcome, append: Append, unknown: RoomError) -> Outcome:
    """A record of earlier is in the log whatever became of the new ones."""
    is_old = isinstance(outcome, Record) and outcome.event.seq <= append.log.tail.seq
    return outcome if is_old else unknown
