"""The file that says that a server keeps its log in a folder: one process at a time, since the
numbers that come next are kept in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from tcp_room.logs.sqlite.schema import LogError


def lock_folder(folder: Path) -> IO[bytes]:
    """Held as long as the process lives. Raises LogError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "oneroom.lock").open("a+b")
    except OSError as error:
        raise LogError(
            f"{folder} cannot be used for the log: {error.strerror};"
            " choose another folder with --data, or keep nothing with --data :memory:"
        ) from error
    try:
        _lock_file(file)
    except OSError as error:
        file.close()
        raise LogError(
            f"another server keeps its log in {folder}; stop it, or choose another with --data"
        ) from error
    return file


def _lock_file(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def sign(lock: IO[bytes], text: str) -> None:
    """While the log is open the lock says how it is kept, and since which start of the machine."""
    lock.truncate(0)
    lock.write(text.encode())
    lock.flush()
    os.fsync(lock.fileno())


def went_down_with_its_machine(lock: IO[bytes]) -> bool:
    """Whether who kept the log before may have lost its latest events with the power."""
    lock.seek(0)
    durability, _, its_boot = lock.read().decode("ascii", "replace").partition(" ")
    return durability == "normal" and its_boot != boot()


def boot() -> str:
    """A name for this start of the machine; empty where there is none to be had (not on Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
