"""Opening the file: whose log it is, and whether it is the one that was left.

What is looked at here: that the file is a database, of a known version, that it is the log that the
lock knows, and that no part of its write-ahead log is missing. Its rows are checked when they are
read.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from tcp_room.logs.sqlite.lock import Life, Lock, Reach, boot, make_private, stamp_of, survived
from tcp_room.logs.sqlite.schema import (
    INCREMENTAL,
    MIGRATIONS,
    Durability,
    connect,
    migrate,
    version_of,
)
from tcp_room.logs.sqlite.wal import salt_of

_MARK: Final = "UPDATE house SET epoch = ?, mark = ? RETURNING 1"
# A file is written anew when more than half of it is free.
_FREE_PART: Final = 2

_log = logging.getLogger(__name__)


def opened(path: Path, durability: Durability, lock: Lock, *, new_epoch: bool) -> str:
    """Brings the file forward, makes it if it is not there, and marks it; its epoch. Raises
    LogError, apsw.Error, OSError."""
    stamp = stamp_of(path) if path.exists() else ""
    make_private(path)
    salt = salt_of(path.with_name(path.name + "-wal"))
    with closing(connect(path, durability)) as connection:
        version = version_of(connection, path)
        frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        migrate(connection, version)
        epoch, mark = _house(connection)
        if epoch and version < len(MIGRATIONS):
            is_same = not lock.left.marks and survived(lock.left)
        else:
            is_same = lock.left.is_of(mark, life(path, durability, stamp), Reach(salt, frames))
        if new_epoch or not is_same:
            if epoch:
                _report(path, is_forced=new_epoch)
            epoch = secrets.token_hex(8)
        _mark(connection, lock, epoch, mark)
    _shorten(path)
    return epoch


def life(path: Path, durability: Durability, stamp: str = "") -> Life:
    return Life(durability, boot(), path.stat().st_ino, stamp)


def left(connection: apsw.Connection, lock: Lock) -> None:
    """Marks a file anew that is to be closed. Raises apsw.Error, OSError."""
    _mark(connection, lock, *_house(connection))


def _house(connection: apsw.Connection) -> tuple[str, str]:
    """Epoch and mark; empty in a new file."""
    return connection.execute("SELECT epoch, mark FROM house").fetchone() or ("", "")


def _mark(connection: apsw.Connection, lock: Lock, epoch: str, before: str) -> None:
    """Draws a new mark, for the file and the lock. Until both have it, either one is right."""
    mark = secrets.token_hex(8)
    lock.sign([before, mark], Life(), Reach(0, 0))
    with connection:
        changed = connection.execute(_MARK, (epoch, mark)).fetchall()
        if not changed:
            connection.execute("INSERT INTO house (epoch, mark) VALUES (?, ?)", (epoch, mark))
    lock.mark = mark


def _report(path: Path, *, is_forced: bool) -> None:
    why = "as you asked" if is_forced else "it is a copy, or its latest messages may be missing"
    _log.warning("%s has a new epoch (%s): clients are told that it is another log", path, why)


def _shorten(path: Path) -> None:
    """Writes a file of an earlier version anew if more than half of it is free, since that one
    never becomes shorter by itself. It needs twice as much room as what is kept. Raises apsw.Error,
    OSError."""
    with closing(connect(path, "normal")) as connection:
        pages, free = connection.pragma("page_count"), connection.pragma("freelist_count")
        used = (pages - free) * connection.pragma("page_size")
        is_short = connection.pragma("auto_vacuum") or free * _FREE_PART <= pages
        if is_short or shutil.disk_usage(path.parent).free < 2 * used:
            return
        _log.warning("more than half of %s is free: it is written anew, and becomes shorter", path)
        connection.pragma("auto_vacuum", INCREMENTAL)
        connection.execute("VACUUM")
