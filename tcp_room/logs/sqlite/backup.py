"""A copy of the log, while a server keeps it or not.

The copy is made by SQLite in one read transaction, so it is the log as it was at one moment, and
it ends however much is said meanwhile: the server's checkpoints do not wait for readers. It has a
mark that no lock knows. So a server that is given it to keep sees that it is another log than the
one that was there, and draws a new epoch.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import apsw

from tcp_room.logs.sqlite.schema import BROKEN, FILE_NAME, LogError, version_of, words_of

# The mark of a copy: a mark that is drawn has 16 hexadecimal digits.
COPY: Final = "copy"
_BUSY_MS: Final = 5000
# Steps of SQLite's machine between two looks at how far it is: some tens of milliseconds.
_STEPS: Final = 1_000_000

# Bytes that are written, and about how many there will be.
Progress = Callable[[int, int], None]


def back_up(folder: Path, target: Path, progress: Progress) -> None:
    """Writes a copy of the log in `folder` to the new file `target`, readable by its owner alone.

    Raises LogError. Then there is no new file.
    """
    source = folder / FILE_NAME
    if not source.exists():
        raise LogError(f"there is no log in {folder}; name its folder with --data")
    if target.exists():
        raise LogError(f"{target} exists; remove it, or choose another name")
    temporary = target.with_name(f".{target.name}.part")
    try:
        _copy(source, temporary, progress)
        os.link(temporary, target)
    except FileExistsError:
        raise LogError(f"{target} exists; remove it, or choose another name") from None
    except BROKEN as error:
        raise LogError(f"{source} cannot be copied to {target}: {words_of(error)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    _flush(target.parent)


def _copy(source: Path, target: Path, progress: Progress) -> None:
    with suppress(FileNotFoundError):
        target.unlink()  # of a backup that was killed
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(apsw.Connection(str(source))) as connection:
        connection.set_busy_timeout(_BUSY_MS)
        version_of(connection, source)
        free, pages = connection.pragma("freelist_count"), connection.pragma("page_count")
        size = (pages - free) * connection.pragma("page_size")

        def look() -> bool:
            progress(min(target.stat().st_size, size), size)
            return False  # go on

        connection.set_progress_handler(look, _STEPS)
        connection.execute("VACUUM INTO ?", (str(target),))
    with closing(apsw.Connection(str(target))) as copy:
        copy.execute("UPDATE house SET mark = ?", (COPY,))
    _flush(target)


def _flush(path: Path) -> None:
    """Has the system write a file, or a folder's list of files, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
