"""The file: its tables, its versions, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import apsw
import msgspec

from tcp_room.errors import RoomError

Durability = Literal["normal", "full"]
OnLoop = Callable[[Callable[[], None]], object]

FILE_NAME: Final = "oneroom.db"
# The bits of a place that are the seq: a million million events to a room.
SEQ_BITS: Final = 40
LAST_SEQ: Final = (1 << SEQ_BITS) - 1
# A write-ahead log that was longer gives the rest back when it begins anew: four times what it is
# long while nothing keeps it from that, so that it does not shrink and grow all day.
_WAL_FILE_BYTES: Final = 16 * 1024 * 1024
# Pages that were freed can be given back to the file system, some at a time.
INCREMENTAL: Final = 2

# Each step takes a file to the next version; the version is SQLite's user_version.
MIGRATIONS: Final = (
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
        place INTEGER PRIMARY KEY,  -- room << {SEQ_BITS} | seq of the first event
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
        SELECT room << {SEQ_BITS} | seq, 1, at,
            json_array(json_array(kind, nick, door, text, author, id)) FROM event;
    INSERT INTO posted SELECT room, author, id, seq FROM event WHERE id IS NOT NULL;
    DROP TABLE event;
    """,
    f"""
    ALTER TABLE turn ADD COLUMN sum INTEGER;  -- see rows.checksum; NULL in rows of version 2
    ALTER TABLE room ADD COLUMN spoke INTEGER NOT NULL DEFAULT 0;  -- about when, the last time
    UPDATE room SET spoke = coalesce((
        SELECT at FROM turn WHERE place BETWEEN id << {SEQ_BITS} AND (id + 1) << {SEQ_BITS}
        ORDER BY place DESC LIMIT 1
    ), 0);
    CREATE INDEX room_spoke ON room (spoke);
    ALTER TABLE house ADD COLUMN mark TEXT NOT NULL DEFAULT '';  -- the same is in oneroom.lock
    ALTER TABLE house ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;  -- of commits, so far
    ALTER TABLE house ADD COLUMN aged TEXT NOT NULL DEFAULT '';  -- see retention.Aging
    """,
)

# What a file that is damaged, full, busy or gone raises.
BROKEN: Final = (
    apsw.Error,
    msgspec.MsgspecError,
    ArithmeticError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)


class LogError(Exception):
    """A log that cannot be opened, as a sentence for the operator."""


def connect(path: Path, durability: Durability) -> apsw.Connection:
    """A connection that never checkpoints by itself. Raises apsw.Error."""
    connection = apsw.Connection(str(path))
    if not path.stat().st_size:
        connection.pragma("auto_vacuum", INCREMENTAL)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full" if durability == "full" else "normal")
    connection.pragma("journal_size_limit", _WAL_FILE_BYTES)
    connection.wal_autocheckpoint(0)
    return connection


def version_of(connection: apsw.Connection, path: Path) -> int:
    """Raises LogError if this server cannot keep its log in that file, apsw.Error."""
    if connection.readonly("main"):
        raise LogError(
            f"{path} may not be written by this user; let it, or choose another folder with --data"
        )
    version: int = connection.pragma("user_version")
    if version > len(MIGRATIONS):
        raise LogError(
            f"{path} was written by a newer oneroom (version {version} of the file, this one knows"
            f" {len(MIGRATIONS)}); run that one, or choose another folder with --data"
        )
    return version


def migrate(connection: apsw.Connection, version: int) -> None:
    """Brings a file of that version forward, one step in one transaction. Raises apsw.Error."""
    for step in range(version, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(MIGRATIONS[step])
        connection.pragma("user_version", step + 1)
        connection.execute("COMMIT")


def trouble(error: Exception) -> RoomError:
    return RoomError("storage", f"the log cannot be written or read just now ({words_of(error)})")


def unusable(path: Path, error: Exception) -> LogError:
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return LogError(
            f"{path} is not a sound log ({words_of(error)}); put it aside and start again,"
            " or choose another folder with --data"
        )
    return LogError(
        f"{path} cannot be opened: {words_of(error)}; choose another folder with --data"
    )


def words_of(error: Exception) -> str:
    """What SQLite or the system says of it."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error).partition(": ")[2] or str(error)
