"""Data folders as commit 78de448 wrote them: the old logs that a newer server must open.

They are written straight into the file, since an attack needs more messages than anybody could
post within a drill, and some that a newer server would refuse.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Final

_SCHEMA: Final = """
    CREATE TABLE house (epoch TEXT NOT NULL);
    CREATE TABLE room (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        topic TEXT NOT NULL DEFAULT '',
        trimmed INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE turn (
        place INTEGER PRIMARY KEY,
        events INTEGER NOT NULL,
        at INTEGER NOT NULL,
        said TEXT NOT NULL
    );
    CREATE TABLE posted (
        room INTEGER NOT NULL,
        author TEXT NOT NULL,
        id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (room, author, id)
    ) WITHOUT ROWID;
    INSERT INTO house VALUES ('00000000d0000000');
    PRAGMA user_version = 2;
"""
_SEQ_BITS: Final = 40
_EVENTS_IN_A_TURN: Final = 50
# All messages are an hour old.
_AGE_MS: Final = 3_600_000

POISON_BYTES: Final = 4093


def marks(size: int) -> str:
    """One letter and combining marks of two classes, `size` bytes in all (or a few fewer). Unicode
    normalization sorts the marks by insertion, which takes a time that grows with their square."""
    pairs = (size - 1) // 4
    return "a" + "\u0315" * pairs + "\u0316" * pairs


def plain(count: int) -> Iterator[str]:
    return (f"message {number} of an old conversation about nothing" for number in range(count))


def poison(count: int) -> Iterator[str]:
    """Messages that each cost a search some milliseconds to fold."""
    return (marks(POISON_BYTES) for _ in range(count))


def pages(count: int) -> Iterator[str]:
    """Messages of 4,000 bytes."""
    return (f"{number} {'filling ' * 500}"[:4000] for number in range(count))


def seed(folder: Path, *logs: Mapping[str, Iterable[str]]) -> None:
    """Writes the logs, texts by room, into a new file in `folder`."""
    at = time.time_ns() // 1_000_000 - _AGE_MS
    rooms = dict.fromkeys(chain.from_iterable(logs))
    with closing(sqlite3.connect(folder / "oneroom.db")) as file:
        file.execute("PRAGMA synchronous = off")
        file.executescript(_SCHEMA)
        for id, room in enumerate(rooms, start=1):
            texts = chain.from_iterable(log.get(room, ()) for log in logs)
            file.execute("INSERT INTO room (id, name) VALUES (?, ?)", (id, room))
            file.executemany("INSERT INTO turn VALUES (?, ?, ?, ?)", _turns(id, at, texts))
        file.commit()


def _turns(room: int, at: int, texts: Iterable[str]) -> Iterator[tuple[int, int, int, str]]:
    seq, left = 1, iter(texts)
    while turn := list(islice(left, _EVENTS_IN_A_TURN)):
        said = [["say", "before", "tcp", text, "author", None] for text in turn]
        yield room << _SEQ_BITS | seq, len(turn), at, json.dumps(said, ensure_ascii=False)
        seq += len(turn)
