"""Rows: a turn, with all that was committed for a room together (see `logs.turns`).

Its key is its place: the room in the high bits, the seq of its first event in the low ones; so a
room's rows lie side by side and in order, and what has the seq n is in the last row that begins
up to n.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final, NamedTuple

import apsw

from tcp_room.logs.port import Record
from tcp_room.logs.sqlite.schema import LAST_SEQ, SEQ_BITS
from tcp_room.logs.turns import from_text

BETWEEN: Final = (
    "SELECT place, events, at, said FROM turn WHERE place BETWEEN ? AND ? ORDER BY place"
)
ITS_TURNS: Final = f"turn WHERE place BETWEEN id << {SEQ_BITS} AND (id + 1) << {SEQ_BITS}"
LATEST: Final = f"(SELECT at FROM {ITS_TURNS} ORDER BY place DESC LIMIT 1)"
ROOMS: Final = f"SELECT id, name, topic FROM room WHERE EXISTS (SELECT 1 FROM {ITS_TURNS})"


class Turn(NamedTuple):
    """A row."""

    place: int
    events: int
    at: int
    said: str

    @property
    def last(self) -> int:
        """The seq of its last event."""
        return seq_of(self.place) + self.events - 1

    def records(self) -> list[Record]:
        """Raises msgspec.MsgspecError."""
        return from_text(seq_of(self.place), self.at, self.said)


def place_of(room: int, seq: int) -> int:
    """The place of an event; whatever a client asks for, it stays in the room."""
    return room << SEQ_BITS | min(seq, LAST_SEQ)


def seq_of(place: int) -> int:
    return place & LAST_SEQ


def turn_at(connection: apsw.Connection, room: int, seq: int) -> Turn | None:
    """The last turn that begins up to that seq."""
    found = connection.execute(
        f"{BETWEEN} DESC LIMIT 1", (place_of(room, 0), place_of(room, seq))
    ).fetchone()
    return None if found is None else Turn(*found)


def newest_turn(connection: apsw.Connection, room: int) -> Turn:
    """Of a room that has one, or an empty one."""
    return turn_at(connection, room, LAST_SEQ) or Turn(place_of(room, 0), 0, 0, "[]")


def page(connection: apsw.Connection, room: int, after: int, limit: int) -> list[Record]:
    """At most `limit` records from `after + 1` on. Raises apsw.Error, msgspec.MsgspecError."""
    begins = turn_at(connection, room, after + 1)
    places = begins.place if begins else place_of(room, after + 1), place_of(room, LAST_SEQ)
    records: list[Record] = []
    with closing(connection.cursor()) as cursor:
        for row in cursor.execute(BETWEEN, places):
            turn = Turn(*row)
            records += turn.records()[max(after + 1 - seq_of(turn.place), 0) :]
            if len(records) >= limit:
                break
    return records[:limit]


def ids_of(room: int, records: Sequence[Record]) -> list[tuple[int, str, str, int]]:
    """The rows of `posted`."""
    return [
        (room, record.author, event.id, event.seq)
        for record in records
        if (event := record.event).id is not None
    ]
