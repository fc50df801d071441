"""Trimming: what is not to be kept leaves the file, a bite at a time.

Each bite is one small transaction, since those who post wait for it. Between two of them the
write-ahead log is copied into the file when that is due, and the file gives back what it no longer
uses.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final, NamedTuple

import apsw
import msgspec

from tcp_room.logs.port import Record
from tcp_room.logs.sqlite.lock import boot, uptime_ms
from tcp_room.logs.sqlite.rows import BETWEEN, ITS_TURNS, Turn, ids_of, place_of, seq_of, turn_at
from tcp_room.logs.sqlite.schema import LAST_SEQ
from tcp_room.logs.sqlite.wal import Wal
from tcp_room.retention import Aging, Retention

# Events deleted in one transaction: a millisecond's worth. (Or one turn, if it has more.)
_BITE_EVENTS: Final = 500
# Between two of them, so that those who post meanwhile wait for one, and not for all.
_BITE_PAUSE_S: Final = 0.005
# Pages that are given back to the file system in one transaction.
_BITE_PAGES: Final = 200
# Of the file, one part in so many may be free: it is used again before the file grows.
_FREE_PART: Final = 8

_ROOMS: Final = "SELECT id, trimmed FROM room ORDER BY id"
_DELETE: Final = "DELETE FROM turn WHERE place BETWEEN ? AND ?"
_FORGET: Final = "DELETE FROM posted WHERE room = ? AND author = ? AND id = ? AND seq = ?"
_TRIMMED: Final = "UPDATE room SET trimmed = ? WHERE id = ?"
_OLDEST: Final = f"""
    SELECT id, trimmed, place, events, newest FROM (
        SELECT id, trimmed, (SELECT min(place) FROM {ITS_TURNS}) AS oldest,
            (SELECT max(place) FROM {ITS_TURNS}) AS newest FROM room
    ) JOIN turn ON place = oldest WHERE oldest < newest ORDER BY at LIMIT 1"""

_log = logging.getLogger(__name__)


class Trim(NamedTuple):
    """`moved` is called after each bite, with the room and up to which seq it is trimmed."""

    retention: Retention
    at: int
    moved: Callable[[int, int], object]
    done: Callable[[], object] = lambda: None


class _Eaten(NamedTuple):
    """A turn that is deleted."""

    place: int
    last: int
    records: Sequence[Record]


class Trimmer:
    """On the thread of the upkeep, by its connection."""

    def __init__(
        self,
        connection: apsw.Connection,
        pen: threading.Lock,
        wal: Wal,
        closing: threading.Event,
        uptime: Callable[[], int] = uptime_ms,
    ) -> None:
        """`uptime` gives the ms since the start of the machine."""
        self._connection = connection
        self._pen = pen
        self._wal = wal
        self._closing = closing
        self._uptime = uptime

    def trim(self, trim: Trim) -> None:
        """Raises what a broken file raises."""
        retention = trim.retention
        cutoff = self._cutoff(trim) if retention.age_s else 0
        for room, trimmed in list(self._connection.execute(_ROOMS)):
            self._trim_room(trim, room, trimmed, cutoff)
        while retention.size_bytes and self._size() > retention.size_bytes:
            if self._closing.is_set() or not self._trim_oldest(trim):
                break
        self._give_back()
        trim.done()

    def _trim_room(self, trim: Trim, room: int, trimmed: int, cutoff: int) -> None:
        """A room of which a part is damaged is trimmed up to there."""
        try:
            head = self._head(room)
            keep_from = head - trim.retention.events if trim.retention.events else 0
            self._delete(trim, room, trimmed, keep_from)
            if cutoff:
                self._delete(trim, room, max(trimmed, keep_from), head - 1, before=cutoff)
        except apsw.CorruptError:
            pass

    def _cutoff(self, trim: Trim) -> int:
        """The time before which events are to be deleted (ms since 1970)."""
        age_ms = trim.retention.age_s * 1000
        ((text,),) = self._connection.execute("SELECT aged FROM house")
        now, uptime, start = trim.at, self._uptime(), boot()
        try:
            before = msgspec.json.decode(text, type=Aging)
            aging = before.after(now, uptime, start, age_ms)
        except msgspec.MsgspecError:
            before = aging = Aging(now - age_ms, now, uptime, start)
        if aging.until and not before.until:
            _log.warning(
                "the clock stepped forward by %d s since the last trim; what is old by the clock"
                " alone is kept, and is deleted when it has aged",
                (now - age_ms - aging.cutoff) // 1000,
            )
        with self._pen:
            signed = msgspec.json.encode(aging).decode()
            self._connection.execute("UPDATE house SET aged = ?", (signed,))
        return aging.cutoff

    def _delete(
        self, trim: Trim, room: int, trimmed: int, upto: int, before: int | None = None
    ) -> int:
        """Deletes the events of a room up to that seq, of these those from `before` a time, a bite
        at a time; up to which seq the room is trimmed then.

        The part of a turn that goes on after it is not shown any more; it leaves the file with the
        whole turn.
        """
        while trimmed < upto and not self._closing.is_set():
            bite = self._bite(room, upto, before, trim.at)
            if not bite and before is not None:
                break
            trimmed = max(bite[-1].last, trimmed) if bite else upto
            ids = [each for eaten in bite for each in ids_of(room, eaten.records)]
            with self._pen, self._connection:
                if bite:
                    self._connection.execute(_DELETE, (bite[0].place, bite[-1].place))
                self._connection.executemany(_FORGET, ids)
                self._connection.execute(_TRIMMED, (trimmed, room))
            trim.moved(room, trimmed)
            self._rest()
        return trimmed

    def _rest(self) -> None:
        if self._wal.is_due:
            self._wal.checkpoint(self._connection, self._pen)
        self._closing.wait(_BITE_PAUSE_S)

    def _bite(self, room: int, upto: int, before: int | None, now: int) -> list[_Eaten]:
        """The first turns of a room of which nothing is to stay.

        One from the future (the clock was wrong) or one that is damaged goes with an old one that
        follows it.
        """
        bite: list[_Eaten] = []
        old = size = 0
        with closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(BETWEEN, (place_of(room, 0), place_of(room, upto))):
                turn = Turn(*row)
                records = turn.records()
                eaten = _Eaten(turn.place, turn.first + max(len(records), 1) - 1, records)
                size += max(len(records), 1)
                if eaten.last > upto or (old and size > _BITE_EVENTS):
                    break
                bite.append(eaten)
                if before is None or (records and turn.at < before):
                    old = len(bite)
                elif records and turn.at <= now:
                    break
        return bite[:old]

    def _head(self, room: int) -> int:
        """The seq of the last event of a room that is in the file."""
        turn = turn_at(self._connection, room, LAST_SEQ)
        return 0 if turn is None else turn.first + max(len(turn.records()), 1) - 1

    def _trim_oldest(self, trim: Trim) -> bool:
        """Deletes a bite of the room whose first turn is the oldest; False if none has two."""
        for room, trimmed, place, events, newest in list(self._connection.execute(_OLDEST)):
            first = seq_of(place)
            bite = min(first + _BITE_EVENTS, seq_of(newest)) - 1
            upto = max(first + events - 1, bite)
            return bool(self._delete(trim, room, trimmed, upto) > trimmed)
        return False

    def _size(self) -> int:
        """What is in use of the file."""
        pages = self._connection.pragma("page_count") - self._connection.pragma("freelist_count")
        size: int = pages * self._connection.pragma("page_size")
        return size

    def _give_back(self) -> None:
        """Shortens a file that has more free pages than it uses soon. (One of an earlier version
        cannot be shortened while it is open: see `schema.shortened`.)"""
        pragma = self._connection.pragma
        while not self._closing.is_set():
            free = pragma("freelist_count")
            if free <= pragma("page_count") // _FREE_PART + _BITE_PAGES or not pragma(
                "auto_vacuum"
            ):
                return
            with self._pen:
                self._connection.execute(f"PRAGMA incremental_vacuum({_BITE_PAGES})").fetchall()
            self._rest()
