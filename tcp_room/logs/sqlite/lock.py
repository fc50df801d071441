"""The file beside the log: who keeps it, and what it must contain.

One process at a time, since the numbers that come next are kept in memory. A log that is opened
is compared with what the lock says of it. If it is another one (a copy that was put in place, one
whose latest events are missing), numbers that somebody has seen could mean other events, so it
gets a new epoch:

- The log and its lock carry the same random mark, drawn anew when the log is opened and when it is
  closed in order. Both may be in the file while one follows the other.
- While it is closed, the lock knows the file's stamp. So a copy of the whole folder is told from
  the folder itself.
- While it is open, the lock says how far the write-ahead log had come at the last commit. A
  process that is killed leaves that in place, and no part of it may be missing afterwards.
- A machine that stopped may have lost what was not written to the disk yet.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec

from tcp_room.logs.sqlite.schema import LogError

_NAME: Final = "oneroom.lock"
_BYTES: Final = 512  # one piece of the disk, written at once
_RETRY_S: Final = 0.1
# Of the first line: see Reach.
_REACH: Final = b"%08x %08x\n"
_REACH_BYTES: Final = 18
# How often it may begin anew between two commits.
_FEW: Final = 1 << 16


class Life(msgspec.Struct, frozen=True):
    """How a log is kept while it is open. Of one that was closed, only `stamp` is known."""

    durability: str = ""
    boot: str = ""
    inode: int = 0
    stamp: str = ""  # see `stamp_of`


class Reach(NamedTuple):
    """How far the write-ahead log has come: the first salt of its header, which goes up by one each
    time when it begins anew, and its frames."""

    salt: int
    frames: int


class Left(NamedTuple):
    """What a lock says of the log."""

    marks: list[str]
    life: Life
    reach: Reach

    @property
    def is_closed(self) -> bool:
        return not self.life.durability

    def is_of(self, mark: str, found: Life, reach: Reach) -> bool:
        """Whether that is the log, with all that was acknowledged. `found` is how it would be kept
        from now on, its stamp and `reach`, its write-ahead log, before anything was written."""
        if mark not in self.marks:
            return False
        if self.is_closed:
            return self.life.stamp in ("", found.stamp)
        if self.life.boot != found.boot and self.life.durability == "normal":
            return False
        if self.life.inode != found.inode:
            return False
        if reach.salt == self.reach.salt:
            return reach.frames >= self.reach.frames
        # It has begun anew since, for which all of it had to be in the file.
        return 0 < (reach.salt - self.reach.salt) & 0xFFFFFFFF < _FEW


class _Signed(msgspec.Struct):
    marks: list[str]
    life: Life


class Lock:
    """Held as long as the process lives."""

    mark: str  # the log's, from when it is opened

    def __init__(self, folder: Path, wait_s: float) -> None:
        """Makes the folder, and waits for another server to end. Raises LogError."""
        try:
            _make(folder)
            self._file = _open(folder / _NAME)
        except OSError as error:
            raise LogError(
                f"{folder} cannot be used for the log: {error.strerror};"
                " choose another folder with --data, or keep nothing with --data :memory:"
            ) from error
        try:
            _take(self._file, folder, wait_s)
            self.left = _read(self._file)
        except BaseException:
            self._file.close()
            raise

    def sign(self, marks: list[str], life: Life, reach: Reach) -> None:
        """Raises OSError."""
        signed = msgspec.json.encode(_Signed(marks, life))
        self._put(_REACH % reach + signed.ljust(_BYTES - _REACH_BYTES))
        os.fsync(self._file.fileno())

    def reached(self, reach: Reach) -> None:
        """After each commit: not on the disk, but there after the death of the process."""
        with suppress(OSError):  # the next commit tells
            self._put(_REACH % reach)

    def close(self) -> None:
        self._file.close()

    def _put(self, data: bytes) -> None:
        if sys.platform != "win32":
            os.pwrite(self._file.fileno(), data, 0)
        else:
            self._file.seek(0)
            self._file.write(data)


def _make(folder: Path) -> None:
    """A folder that contains nothing but the log is for its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if all(name.startswith("oneroom.") for name in os.listdir(folder)):
        tighten(folder)


def _open(path: Path) -> IO[bytes]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    tighten(path)
    return os.fdopen(file, "r+b", buffering=0)


def make_private(path: Path) -> None:
    """Makes a file, and what SQLite keeps beside it, readable by their owner alone. (What it makes
    later gets the file's own permissions.) Raises OSError."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            tighten(beside)


def tighten(path: Path) -> None:
    """Takes all rights from others, and adds none. (Of somebody else's file: nothing.)"""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        with suppress(PermissionError):
            path.chmod(mode & 0o700)


def _take(file: IO[bytes], folder: Path, wait_s: float) -> None:
    """Raises LogError."""
    deadline = time.monotonic() + wait_s
    is_first = True
    while True:
        try:
            _lock_file(file)
            return
        except OSError as error:
            if time.monotonic() >= deadline:
                raise LogError(
                    f"another server keeps its log in {folder}; stop it,"
                    " or choose another folder with --data"
                ) from error
        if is_first:
            is_first = False
            sentence = f"another server keeps its log in {folder}; waiting for its end"
            print(sentence, file=sys.stderr, flush=True)
        time.sleep(_RETRY_S)


def _lock_file(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(file: IO[bytes]) -> Left:
    """What is not to be understood names no mark."""
    file.seek(0)
    text = file.read()
    try:
        signed = msgspec.json.decode(text[_REACH_BYTES:].strip(), type=_Signed)
        salt, frames = (int(word, 16) for word in text[:_REACH_BYTES].split())
    except (msgspec.MsgspecError, ValueError):
        return _read_old(text.decode("ascii", "replace"))
    return Left(signed.marks, signed.life, Reach(salt, frames))


def _read_old(text: str) -> Left:
    """As it was with version 2 of the file, which had no mark, and of which nothing more is
    known."""
    durability, _, start = text.partition(" ")
    return Left([], Life(durability, start), Reach(0, 0))


def stamp_of(path: Path) -> str:
    """What a file that nobody touches keeps, and no copy of it has: its inode, and when it was
    changed last by the file system's own clock. Raises OSError."""
    found = path.stat()
    return f"{found.st_ino} {found.st_ctime_ns}"


def survived(left: Left) -> bool:
    """Whether a log of version 2 has lost nothing with the power."""
    return left.life.durability != "normal" or left.life.boot == boot()


def boot() -> str:
    """A name for this start of the machine; empty where there is none to be had (not on Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def uptime_ms() -> int:
    """Since the start of the machine, sleep included where the system counts it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    seconds = time.monotonic() if clock is None else time.clock_gettime(clock)
    return int(seconds * 1000)
