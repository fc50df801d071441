"""Logs in a folder, written and read; and a disk that fails when told to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from tcp_room.config import Config
from tcp_room.logs.sqlite import FILE_NAME, Durability, LogError, SqliteEngine
from tests.tcp_room.logs.test_port import NOON, Listener, draft

# Storage that is never slow: what is asked is answered at once, on a busy machine too.
PATIENT = Config(slow_storage_s=60.0, lock_wait_s=0.0)


def opened(
    folder: Path, durability: Durability = "normal", *, new_epoch: bool = False
) -> SqliteEngine:
    return SqliteEngine(folder, durability, lambda call: call(), PATIENT, new_epoch=new_epoch)


def refusal(folder: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(LogError) as caught:
        opened(folder).close()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(folder) in sentence
    return sentence


def write(folder: Path, count: int = 1, room: str = "lobby") -> None:
    engine = opened(folder)
    log = engine.open(room, Listener())
    for _ in range(count):
        log.append([draft()], NOON)
    engine.close()


def read(folder: Path, room: str = "lobby") -> list[int]:
    engine = opened(folder)
    found = seqs(engine, room)
    engine.close()
    return found


def seqs(
    engine: SqliteEngine, room: str = "lobby", after: int = 0, limit: int = 1 << 30
) -> list[int]:
    pages: list[object] = []
    log = next((log for log in engine._logs.values() if log.name == room), None)
    (log or engine.open(room, Listener())).read(after, limit, pages.append)
    assert isinstance(pages[0], list)
    return [record.event.seq for record in pages[0]]


def killed(folder: Path, to: Path) -> Path:
    """What a process that is killed now leaves behind, in another folder. (Its log is another file
    there, which its lock would not know.)"""
    shutil.copytree(folder, to)
    inode = f'"inode":{(folder / FILE_NAME).stat().st_ino}'
    same = f'"inode":{(to / FILE_NAME).stat().st_ino}'
    lock = to / "oneroom.lock"
    lock.write_text(lock.read_text().replace(inode, same).rstrip())
    return to


class FaultyDisk(apsw.VFS):
    """The file system, whose write-ahead logs fail to be written or synced when told to."""

    def __init__(self) -> None:
        super().__init__("faulty", "unix", makedefault=True)
        self.fails_to: set[str] = set()
        self.times = 1 << 30  # so often
        self.failures = 0

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)

    def fail(self, doing: str) -> None:
        if doing in self.fails_to and self.failures < self.times:
            self.failures += 1
            raise apsw.IOError(f"IOError: disk failure at {doing}")


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        text = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        self._is_wal, self._disk = text.endswith("-wal"), disk
        super().__init__("unix", name, flags)

    def xSync(self, flags: int) -> None:
        if self._is_wal:
            self._disk.fail("sync")
        super().xSync(flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._is_wal:
            self._disk.fail("write")
        super().xWrite(data, offset)

    def xRead(self, amount: int, offset: int) -> bytes:
        if not self._is_wal:
            self._disk.fail("read")
        return super().xRead(amount, offset)


@contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk()
    try:
        yield disk
    finally:
        disk.unregister()
        apsw.VFS("unix-again", "unix", makedefault=True).unregister()
