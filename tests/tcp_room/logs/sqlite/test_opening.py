"""Whether a log is the one that was left, or another one: every way that a file can take."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from tcp_room.logs.sqlite import FILE_NAME
from tcp_room.logs.sqlite.lock import boot
from tcp_room.logs.sqlite.schema import MIGRATIONS
from tests.tcp_room.logs.sqlite.files import killed, opened, read, write
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def epoch(folder: Path, *, new_epoch: bool = False) -> str:
    engine = opened(folder, new_epoch=new_epoch)
    engine.close()
    return engine.epoch


def test_the_epoch_is_made_with_the_file(tmp_path: Path) -> None:
    assert epoch(tmp_path / "a") != epoch(tmp_path / "b")


def test_a_log_that_was_closed_in_order_is_the_same(tmp_path: Path) -> None:
    assert len({epoch(tmp_path) for _ in range(4)}) == 1


def test_an_epoch_can_be_forced(tmp_path: Path) -> None:
    before = epoch(tmp_path)
    forced = epoch(tmp_path, new_epoch=True)
    assert forced != before
    assert epoch(tmp_path) == forced


def backed_up(folder: Path, to: Path) -> None:
    """As `sqlite3 oneroom.db ".backup copy.db"` does, while the log is open or not."""
    source, copy = apsw.Connection(str(folder / FILE_NAME)), apsw.Connection(str(to))
    with copy.backup("main", source, "main") as backup:
        backup.step()
    copy.close()
    source.close()


def test_a_copy_that_is_put_in_place_is_another_log(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(folder, 3)
    backed_up(folder, tmp_path / "copy.db")
    write(folder, 3)
    before = epoch(folder)
    (tmp_path / "copy.db").replace(folder / FILE_NAME)
    after = epoch(folder)
    assert after != before
    assert epoch(folder) == after
    assert read(folder) == [1, 2, 3]


def test_a_copy_of_the_life_that_was_closed_then_is_another_log(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    log.append([draft()], NOON)
    backed_up(folder, tmp_path / "copy.db")
    log.append([draft()], NOON)
    engine.close()
    (tmp_path / "copy.db").replace(folder / FILE_NAME)
    assert epoch(folder) != engine.epoch


def test_a_folder_that_was_moved_is_the_same_log(tmp_path: Path) -> None:
    before = epoch(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert epoch(tmp_path / "b") == before


def test_a_log_without_its_lock_is_another_one(tmp_path: Path) -> None:
    before = epoch(tmp_path)
    (tmp_path / "oneroom.lock").unlink()
    assert epoch(tmp_path) != before


WAL = f"{FILE_NAME}-wal"


def cut(path: Path, part: float) -> None:
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * part))


def nothing(folder: Path) -> None:
    pass


def put_a_copy_in_place(folder: Path) -> None:
    shutil.copy(folder / FILE_NAME, folder / "copy")
    (folder / "copy").replace(folder / FILE_NAME)


@pytest.mark.parametrize(
    ("harm", "is_same"),
    [
        (nothing, True),
        (lambda folder: cut(folder / WAL, 0.9), False),
        (lambda folder: cut(folder / WAL, 0.0), False),
        (lambda folder: (folder / WAL).unlink(), False),
        (lambda folder: (folder / f"{FILE_NAME}-shm").unlink(), True),
        (put_a_copy_in_place, False),
    ],
)
@pytest.mark.parametrize("checkpoints", [0, 1])
def test_after_a_kill_nothing_may_be_missing(
    tmp_path: Path, harm: Callable[[Path], object], is_same: bool, checkpoints: int
) -> None:
    engine = opened(tmp_path / "data")
    log = engine.open("lobby", Listener())
    for _ in range(checkpoints):
        log.append([draft("x" * 4000)] * 20, NOON)
        engine._wal.checkpoint(engine._upkeep._connection, engine._writer.pen)
    for _ in range(20):
        log.append([draft()], NOON)
    left = killed(tmp_path / "data", tmp_path / "left")
    engine.close()
    harm(left)
    assert (epoch(left) == engine.epoch) is is_same


def test_after_a_kill_before_anything_was_said_it_is_the_same(tmp_path: Path) -> None:
    engine = opened(tmp_path / "data")
    left = killed(tmp_path / "data", tmp_path / "left")
    engine.close()
    assert epoch(left) == engine.epoch


@pytest.mark.parametrize(
    ("left", "is_same"),
    [
        ("", True),
        ("normal another-start", False),
        ("full another-start", True),
        (f"normal {boot()}", True),
    ],
)
def test_a_file_of_version_2_is_another_log_if_its_machine_stopped(
    left: str, is_same: bool, tmp_path: Path
) -> None:
    of_version_2(tmp_path)
    (tmp_path / "oneroom.lock").write_text(left)
    first = epoch(tmp_path)
    assert (first == "old") is is_same
    assert epoch(tmp_path) == first


def test_a_file_of_version_2_that_is_put_in_place_is_another_log(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    of_version_2(tmp_path)
    assert epoch(tmp_path) != "old"


def of_version_2(folder: Path) -> None:
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.pragma("journal_mode", "wal")
    for step in MIGRATIONS[:2]:
        connection.execute(step)
    connection.pragma("user_version", 2)
    connection.execute("INSERT INTO house VALUES ('old')")
    connection.close()


# -- a file that is written anew


def test_a_file_of_an_earlier_version_that_is_half_empty_becomes_shorter(tmp_path: Path) -> None:
    of_version_2(tmp_path)
    write(tmp_path, 3)
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    assert connection.pragma("auto_vacuum") == 0
    connection.execute("CREATE TABLE bulk (text TEXT)")
    connection.execute("INSERT INTO bulk VALUES (zeroblob(4000000))")
    connection.execute("DROP TABLE bulk")
    connection.close()
    before = (tmp_path / FILE_NAME).stat().st_size
    assert read(tmp_path) == [1, 2, 3]
    assert (tmp_path / FILE_NAME).stat().st_size < before / 10
    assert read(tmp_path) == [1, 2, 3]
