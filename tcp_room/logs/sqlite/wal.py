"""The write-ahead log: how long it is, how much of it is in the file, and when to copy it there.

Copying never waits: not for a reader (another process that holds a read transaction keeps the
log from beginning anew, for as long as it likes), and not while it holds the write lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import apsw

from tcp_room.logs.sqlite.lock import Reach

# Of 4 KiB each. SQLite's own default too; here the copying is another thread's.
_CHECKPOINT_PAGES: Final = 1000
# A write-ahead log that has no quiet moment in which to begin anew is made to, at 64 MiB.
_RESTART_PAGES: Final = 16_000
_PAGES_PER_MB: Final = 256
_SALT_AT: Final = 16

_log = logging.getLogger(__name__)


class Wal:
    """What is known of it is changed by those alone who write, one at a time."""

    def __init__(self, path: Path, reached: Callable[[Reach], object]) -> None:
        """`reached` is called after each commit, before it is acknowledged."""
        self.path = path.with_name(path.name + "-wal")
        self.is_due = False
        self.due: Callable[[], object] = lambda: None  # called when it becomes due
        self._reached = reached
        self.is_held = False  # by a reader: it cannot begin anew
        self._salt = self._pages = 0
        self._done = 0  # pages that are in the file, or that could not be copied there
        self._is_over = True  # the next commit may begin it anew

    def reach(self) -> Reach:
        return Reach(self._salt, self._pages)

    def watch(self, connection: apsw.Connection) -> None:
        connection.set_wal_hook(self._written)

    def _written(self, connection: apsw.Connection, name: str, pages: int) -> int:
        """Called by SQLite after each commit, with the size of the write-ahead log."""
        if pages <= self._pages or self._is_over:
            self._is_over = False
            self._done = min(self._done, pages - 1)
            self._salt = salt_of(self.path)
        self._pages = pages
        self._reached(Reach(self._salt, pages))
        if pages - self._done >= _CHECKPOINT_PAGES and not self.is_due:
            self.is_due = True
            self.due()
        return apsw.SQLITE_OK

    def checkpoint(self, connection: apsw.Connection, pen: threading.Lock) -> None:
        """Copies what was written since the last time. Raises apsw.Error."""
        try:
            pages, copied = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            is_long = pages >= _RESTART_PAGES
            self._is_over = copied == pages or (is_long and self._restart(connection, pen))
            self._report(pages, is_held=is_long and not self._is_over)
        finally:
            self._done = self._pages
            self.is_due = False

    def _restart(self, connection: apsw.Connection, pen: threading.Lock) -> bool:
        """Has it begin anew with the next commit, unless somebody reads it. Those who write wait
        meanwhile, for what was written since the copying a moment ago."""
        with pen, suppress(apsw.BusyError):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            return True
        return False

    def _report(self, pages: int, *, is_held: bool) -> None:
        if is_held and not self.is_held:
            _log.warning(
                "another program reads %s and keeps it from being emptied: it is %d MB long, and"
                " grows until that program ends",
                self.path,
                pages // _PAGES_PER_MB,
            )
        elif self.is_held and not is_held:
            _log.warning("%s can be emptied again", self.path)
        self.is_held = is_held


def salt_of(path: Path) -> int:
    """The first salt of a write-ahead log's header (https://sqlite.org/fileformat2.html#walformat);
    0 if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(_SALT_AT)
            return int.from_bytes(file.read(4), "big")
    except OSError:
        return 0
