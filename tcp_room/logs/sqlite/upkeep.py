"""Checkpoints and trimming, on a thread of their own: both may take long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import Final, NamedTuple

import apsw

from tcp_room.logs.sqlite.rows import (
    BETWEEN,
    ITS_TURNS,
    ROOMS,
    Turn,
    ids_of,
    newest_turn,
    place_of,
    seq_of,
    turn_at,
)
from tcp_room.logs.sqlite.schema import BROKEN, Durability, connect
from tcp_room.retention import Retention

# Of 4 KiB each. SQLite's own default too; here the copying is another thread's.
_CHECKPOINT_PAGES: Final = 1000
# A write-ahead log that has no quiet moment in which to begin anew is made to, at 64 MiB.
_RESTART_PAGES: Final = 16_000

# Events deleted in one transaction: a millisecond's worth. (Or one turn, if it has more.)
_BITE_EVENTS: Final = 500
# Between two of them, so that who posts meanwhile waits for one, and not for all.
_BITE_PAUSE_S: Final = 0.005

_FORGET: Final = "DELETE FROM posted WHERE room = ? AND author = ? AND id = ? AND seq = ?"
_TRIMMED: Final = "UPDATE room SET trimmed = ? WHERE id = ?"
_OLDEST: Final = f"""
    SELECT id, place, events, newest FROM (
        SELECT id, (SELECT min(place) FROM {ITS_TURNS}) AS oldest,
            (SELECT max(place) FROM {ITS_TURNS}) AS newest FROM room
    ) JOIN turn ON place = oldest WHERE oldest < newest ORDER BY at LIMIT 1"""


class Trim(NamedTuple):
    retention: Retention
    at: int
    done: Callable[[], object]


class Upkeep:
    """The thread that copies the write-ahead log into the file, and trims it, by a connection of
    its own. It takes small bites, since the writer waits while it has the file; at `pen`, since
    SQLite would have it look again now and then, and seldom in between two bites."""

    def __init__(self, path: Path, durability: Durability, pen: threading.Lock) -> None:
        self._connection = connect(path, durability)
        self._pen = pen
        self._closing = threading.Event()
        self._due: SimpleQueue[Trim | bool] = SimpleQueue()  # a trim, a checkpoint, the end
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

    def trim(self, trim: Trim) -> None:
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
                if isinstance(due, Trim):
                    self._trim(due)
                else:
                    self._checkpoint()
            except BROKEN:
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

    def _trim(self, trim: Trim) -> None:
        retention, at, done = trim
        for room, _, _ in list(self._connection.execute(ROOMS)):
            head = newest_turn(self._connection, room).last
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
            turn = turn_at(self._connection, room, middle)
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
            ids = [each for turn in turns for each in ids_of(room, turn.records())]
            with self._pen, self._connection:
                if turns:
                    places = turns[0].place, turns[-1].place
                    self._connection.execute("DELETE FROM turn WHERE place BETWEEN ? AND ?", places)
                self._connection.executemany(_FORGET, ids)
                self._connection.execute(_TRIMMED, (trimmed, room))
            self._closing.wait(_BITE_PAUSE_S)

    def _bite(self, room: int, upto: int) -> list[Turn]:
        """The first turns of a room of which nothing is to stay."""
        turns: list[Turn] = []
        size = 0
        with closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(BETWEEN, (place_of(room, 0), place_of(room, upto))):
                turn = Turn(*row)
                size += turn.events
                if turn.last > upto or (turns and size > _BITE_EVENTS):
                    break
                turns.append(turn)
        return turns

    def _let_go_of_the_oldest(self) -> bool:
        """Lets go of a bite of the room whose first turn is the oldest; False if none has two."""
        for room, place, events, newest in list(self._connection.execute(_OLDEST)):
            first = seq_of(place)
            bite = min(first + _BITE_EVENTS, seq_of(newest)) - 1
            self._let_go(room, max(first + events - 1, bite))
            return True
        return False

    def _size(self) -> int:
        """What is in use of the file: what was deleted is used again before the file grows."""
        pages = self._connection.pragma("page_count") - self._connection.pragma("freelist_count")
        size: int = pages * self._connection.pragma("page_size")
        return size
