"""The file: its tables, its versions, and how it is opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import apsw
import msgspec

from tcp_room.errors import RoomError

Durability = Literal["normal", "full"]
OnLoop = Callable[[Callable[[], None]], object]

FILE_NAME: Final = "oneroom.db"
# For a stranger who holds the file (a shell, a VACUUM): nobody is served while the loop waits.
_BUSY_ON_LOOP_MS: Final = 200
_BUSY_MS: Final = 5000

# The bits of a place that are the seq: a million million events to a room.
SEQ_BITS: Final = 40
LAST_SEQ: Final = (1 << SEQ_BITS) - 1

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
)

# What an unsound file raises.
BROKEN: Final = (apsw.Error, msgspec.MsgspecError)


class LogError(Exception):
    """A log that cannot be opened, as a sentence for the operator."""


def connect(path: Path, durability: Durability, *, on_loop: bool = False) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(_BUSY_ON_LOOP_MS if on_loop else _BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full" if durability == "full" else "normal")
    connection.wal_autocheckpoint(0)
    return connection


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Raises LogError, apsw.Error."""
    if connection.readonly("main"):
        raise LogError(
            f"{path} may not be written by this user; let it, or choose another folder with --data"
        )
    version = connection.pragma("user_version")
    if version > len(MIGRATIONS):
        raise LogError(
            f"{path} was written by a newer oneroom (version {version} of the file, this one knows"
            f" {len(MIGRATIONS)}); run that one, or choose another folder with --data"
        )
    for step in range(version, len(MIGRATIONS)):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(MIGRATIONS[step])
        connection.pragma("user_version", step + 1)
        connection.execute("COMMIT")


def epoch_of(connection: apsw.Connection, *, is_another: bool) -> str:
    """The name of this log, given when it was made; a new one if it `is_another`, in which numbers
    that somebody has seen may come again."""
    found = connection.execute("SELECT epoch FROM house").fetchone()
    if found is None or is_another:
        found = (secrets.token_hex(8),)
        connection.execute("DELETE FROM house")
        connection.execute("INSERT INTO house VALUES (?)", found)
    epoch: str = found[0]
    return epoch


def trouble(error: Exception) -> RoomError:
    return RoomError("storage", f"the log cannot be written or read just now ({_words(error)})")


def unusable(path: Path, error: apsw.Error) -> LogError:
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return LogError(
            f"{path} is not a sound log ({_words(error)}); put it aside and start again,"
            " or choose another folder with --data"
        )
    return LogError(f"{path} cannot be opened: {_words(error)}; choose another folder with --data")


def _words(error: Exception) -> str:
    return str(error).partition(": ")[2] or str(error)
