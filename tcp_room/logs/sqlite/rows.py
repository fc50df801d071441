"""Rows: a turn, with all that was committed for a room together (see `logs.turns`).

Its key is its place: the room in the high bits, the seq of its first event in the low ones. So a
room's rows are side by side and in order, and the event n is in the last row that begins up to n.

A row carries a checksum. A row that fails it, and a row on a page of the file that cannot be
decoded, is a hole: it is passed over, and what follows is found by doubling and halving steps, in
some tens of seeks however large the hole is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from typing import Final, NamedTuple
from zlib import crc32

import apsw
import msgspec

from tcp_room.logs.port import Record
from tcp_room.logs.sqlite.schema import LAST_SEQ, SEQ_BITS
from tcp_room.logs.turns import from_json

# Blobs, since text that is damaged need not be UTF-8.
BETWEEN: Final = (
    "SELECT place, events, at, CAST(said AS BLOB), sum FROM turn"
    " WHERE place BETWEEN ? AND ? ORDER BY place"
)
ITS_TURNS: Final = f"turn WHERE place BETWEEN id << {SEQ_BITS} AND (id + 1) << {SEQ_BITS}"

# What a page of the file that was damaged raises.
DAMAGED: Final = (apsw.CorruptError, apsw.FormatError)
# More events than a row has: a turn of the room is a quarter of it.
_MOST_EVENTS: Final = 4096
# Holes that are passed to find the end of a room whose last rows are lost.
_MOST_HOLES: Final = 64
# Rows that are looked at, at least: more of them in turn are a hole to be passed.
_FEW_ROWS: Final = 8


class Turn(NamedTuple):
    """A row, sound or not."""

    place: int
    events: int
    at: int
    said: bytes
    sum: int | None

    @property
    def first(self) -> int:
        """The seq of its first event."""
        return seq_of(self.place)

    @property
    def last(self) -> int:
        """The seq of its last event."""
        return seq_of(self.place) + self.events - 1

    def records(self) -> list[Record]:
        """Empty if the row is damaged."""
        return records_of(*self)


def records_of(place: int, events: int, at: int, said: bytes, sum: int | None) -> list[Record]:
    """What a row contains; nothing if it is damaged."""
    try:
        if sum is None:  # of an earlier version
            at.to_bytes(8, "big")
        elif sum != checksum(place, events, at, said):
            return []
        records = from_json(place & LAST_SEQ, at, said)
    except (msgspec.MsgspecError, ArithmeticError, AttributeError, LookupError, TypeError):
        return []
    return records if len(records) == events else []


def checksum(place: int, events: int, at: int, said: bytes) -> int:
    """A CRC-32 of a row, begun with its numbers: no bit of one can change without that of the
    other. Raises TypeError for what is no number."""
    numbers = place ^ events << 20 ^ at
    return crc32(said, (numbers ^ numbers >> 32) & 0xFFFFFFFF)


def place_of(room: int, seq: int) -> int:
    """The place of an event; whatever a client asks for, it stays in the room."""
    return room << SEQ_BITS | min(seq, LAST_SEQ)


def seq_of(place: int) -> int:
    return place & LAST_SEQ


def turn_at(connection: apsw.Connection, room: int, seq: int) -> Turn | None:
    """The last turn that begins up to that seq. Raises apsw.Error."""
    found = connection.execute(
        f"{BETWEEN} DESC LIMIT 1", (place_of(room, 0), place_of(room, seq))
    ).fetchone()
    return None if found is None else Turn(*found)


def latest(connection: apsw.Connection, room: int, trimmed: int) -> tuple[int, int]:
    """The highest seq that a room may have given out, and the time of that event (0: not known).

    Where its last row is damaged that is more than it has, so that no number is given out twice.
    Raises apsw.Error.
    """
    try:
        turn = turn_at(connection, room, LAST_SEQ)
    except DAMAGED:
        turn = _last_before_damage(connection, room, trimmed)
    if turn is None:
        return trimmed, 0
    if turn.records():
        return max(turn.last, trimmed), turn.at
    return max(turn.first + _MOST_EVENTS, trimmed), 0


def _last_before_damage(connection: apsw.Connection, room: int, trimmed: int) -> Turn | None:
    """The last turn of a room that can be found."""

    def found(seq: int) -> Turn | None:
        try:
            return turn_at(connection, room, seq)
        except DAMAGED:
            return None

    # Doubled first, since a room has few events and a seq many bits.
    steps = [trimmed + (1 << bit) for bit in range(SEQ_BITS)]
    low = next((seq for seq in reversed(steps) if found(seq)), trimmed)
    scan = _Scan(connection, room, DAMAGED)
    for _ in range(_MOST_HOLES):
        high = LAST_SEQ
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if found(middle) else (low, middle)
        after = scan.behind_damage(low, LAST_SEQ)
        if after >= LAST_SEQ:
            break
        low = after + 1
    return found(low)


def page(
    connection: apsw.Connection,
    room: int,
    after: int,
    limit: int,
    head: int,
    damaged: type[Exception] | tuple[type[Exception], ...] = DAMAGED,
) -> list[Record]:
    """At most `limit` records that can be read, from `after + 1` on; `head` is the room's last.
    Raises apsw.Error if they cannot be read just now, unless it is `damaged`."""
    if limit <= 0:
        return []
    scan = _Scan(connection, room, damaged)
    records = scan.after(after, limit)
    if not records and after < head:
        records = scan.after(scan.behind_damage(after, head), limit)
    return records


class _Scan(NamedTuple):
    connection: apsw.Connection
    room: int
    damaged: type[Exception] | tuple[type[Exception], ...]

    def after(self, seq: int, limit: int) -> list[Record]:
        """The records of the next rows, up to where the file is damaged."""
        records: list[Record] = []
        try:
            begins = turn_at(self.connection, self.room, seq + 1)
            first = begins.place if begins else place_of(self.room, seq + 1)
            places = first, place_of(self.room, LAST_SEQ)
            with closing(self.connection.cursor()) as cursor:
                for row in islice(cursor.execute(BETWEEN, places), max(limit, _FEW_ROWS) + 1):
                    its_own = records_of(*row)
                    if its_own and its_own[0].event.seq <= seq:
                        its_own = its_own[seq + 1 - its_own[0].event.seq :]
                    records += its_own
                    if len(records) >= limit:
                        break
        except self.damaged:
            pass
        return records[:limit]

    def behind_damage(self, seq: int, head: int) -> int:
        """The seq after which records can be read again; `head` if there is none."""
        low, step = seq, 1
        high = seq + 1
        while high < head and not self._can_read(high):
            low, step = high, 2 * step
            high = min(seq + step, head)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._can_read(middle) else (middle, high)
        return high

    def _can_read(self, seq: int) -> bool:
        return bool(self.after(seq, 1))


def ids_of(room: int, records: Sequence[Record]) -> list[tuple[int, str, str, int]]:
    """The rows of `posted`."""
    return [
        (room, record.author, event.id, event.seq)
        for record in records
        if (event := record.event).id is not None
    ]
