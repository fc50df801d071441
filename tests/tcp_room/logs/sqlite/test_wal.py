"""The write-ahead log: when it is copied, how long it becomes, and who waits for it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tcp_room.logs.sqlite.lock import Reach
from tcp_room.logs.sqlite.wal import Wal, salt_of
from tests.tcp_room.logs.sqlite.files import opened
from tests.tcp_room.logs.test_port import NOON, Listener, draft

PAGE = 4096


def test_a_checkpoint_is_due_for_what_is_new_alone(tmp_path: Path) -> None:
    """A write-ahead log that has no quiet moment in which to begin anew stays long."""
    reached: list[Reach] = []
    wal = Wal(tmp_path / "file", reached.append)
    connection = apsw.Connection(":memory:")
    due = []
    for pages in (999, 1000, 1001):
        wal._written(connection, "main", pages)
        due.append(wal.is_due)
    wal.is_due, wal._done = False, 1001
    for pages in (2000, 2001, 3, 1002, 1003):
        wal._written(connection, "main", pages)
        due.append(wal.is_due)
        wal.is_due = False
    assert due == [False, True, True, False, True, False, True, True]
    assert [reach.frames for reach in reached] == [999, 1000, 1001, 2000, 2001, 3, 1002, 1003]


def test_a_file_that_is_not_there_has_no_salt(tmp_path: Path) -> None:
    assert salt_of(tmp_path / "none") == 0


def at_rest(folder: Path) -> SqliteEngine:
    """An engine whose upkeep does nothing by itself."""
    engine = opened(folder)
    engine._wal.due = lambda: None
    engine._upkeep._closing.set()
    engine._upkeep._wake()
    engine._upkeep._thread.join()
    return engine


def checkpoint(engine: SqliteEngine) -> None:
    engine._wal.checkpoint(engine._upkeep._connection, engine._writer.pen)


def size(folder: Path) -> int:
    return (folder / f"{FILE_NAME}-wal").stat().st_size // PAGE


def test_it_begins_anew_and_the_lock_knows(tmp_path: Path) -> None:
    engine = at_rest(tmp_path)
    log = engine.open("lobby", Listener())
    log.append([draft()], NOON)
    salt, _ = engine._wal.reach()
    checkpoint(engine)
    log.append([draft()], NOON)
    assert engine._wal.reach().salt == (salt + 1) & 0xFFFFFFFF
    assert salt_of(tmp_path / f"{FILE_NAME}-wal") == engine._wal.reach().salt
    engine.close()


def test_one_that_has_become_long_becomes_short_again(tmp_path: Path) -> None:
    engine = at_rest(tmp_path)
    log = engine.open("lobby", Listener())
    while size(tmp_path) < 6000:
        log.append([draft("x" * 4000)] * 100, NOON)
    checkpoint(engine)
    log.append([draft()], NOON)
    assert size(tmp_path) <= 16 * 1024 * 1024 // PAGE
    engine.close()


def test_a_reader_of_the_file_stops_nobody_and_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = at_rest(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    log.append([draft()], NOON)
    stranger = apsw.Connection(str(tmp_path / FILE_NAME))
    stranger.execute("BEGIN")
    stranger.execute("SELECT * FROM turn").fetchall()
    for _ in range(3):
        head, pages = log.head, size(tmp_path)
        while size(tmp_path) < pages + 17_000:
            log.append([draft("x" * 4000)] * 200, NOON)
        checkpoint(engine)
        assert len(room.records) > head  # none was refused
    assert caplog.text.count("another program reads") == 1
    stranger.execute("ROLLBACK")
    stranger.close()
    checkpoint(engine)
    assert caplog.text.count("can be emptied again") == 1
    log.append([draft()], NOON)
    assert size(tmp_path) < 16_000
    engine.close()
