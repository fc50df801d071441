"""The lock, what it says of the log, and who may read both."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcp_room.config import Config
from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tcp_room.logs.sqlite.lock import Left, Life, Lock, Reach
from tests.tcp_room.logs.sqlite.files import opened, read, refusal, write

NOW = Life("normal", "boot", 7)
AT = Reach(100, 50)


def left(*marks: str, life: Life = NOW, reach: Reach = AT) -> Left:
    return Left(list(marks), life, reach)


@pytest.mark.parametrize(
    ("was", "mark", "reach", "is_it"),
    [
        # Closed in order: the mark decides.
        (left("a", life=Life()), "a", Reach(0, 0), True),
        (left("a", life=Life()), "b", Reach(0, 0), False),
        (left("a", life=Life()), "", Reach(0, 0), False),
        (left("a", "b", life=Life()), "b", Reach(0, 0), True),
        # Killed: nothing of the write-ahead log may be missing.
        (left("a"), "a", Reach(100, 50), True),
        (left("a"), "a", Reach(100, 51), True),
        (left("a"), "a", Reach(100, 49), False),
        (left("a"), "b", Reach(100, 50), False),
        (left("a"), "a", Reach(0, 0), False),
        (left("a"), "a", Reach(101, 0), True),
        (left("a"), "a", Reach(99, 70), False),
        (left("a"), "a", Reach(100 + (1 << 20), 70), False),
        (left("a", reach=Reach(2**32 - 1, 9)), "a", Reach(0, 3), True),
        # The machine stopped.
        (left("a", life=Life("normal", "other", 7)), "a", AT, False),
        (left("a", life=Life("full", "other", 7)), "a", AT, True),
        (left("a", life=Life("full", "other", 7)), "a", Reach(100, 49), False),
        # Another file is in its place.
        (left("a", life=Life("normal", "boot", 8)), "a", AT, False),
        # Nothing is known.
        (left(life=Life()), "", Reach(0, 0), False),
    ],
)
def test_a_log_is_known_by_its_mark_and_by_how_far_it_had_come(
    was: Left, mark: str, reach: Reach, is_it: bool
) -> None:
    assert was.is_of(mark, NOW, reach) is is_it


def test_what_is_signed_is_read_again(tmp_path: Path) -> None:
    lock = Lock(tmp_path, 0)
    lock.sign(["a", "b"], NOW, AT)
    lock.reached(Reach(2**32 - 1, 2**31))
    lock.close()
    again = Lock(tmp_path, 0)
    assert again.left == Left(["a", "b"], NOW, Reach(2**32 - 1, 2**31))
    lock.close()
    again.close()


@pytest.mark.parametrize("text", ["", "normal x", "\0" * 512, "{}", "0 0\n{}", "x" * 2000])
def test_a_lock_that_says_nothing_names_no_mark(tmp_path: Path, text: str) -> None:
    (tmp_path / "oneroom.lock").write_text(text)
    lock = Lock(tmp_path, 0)
    assert lock.left.marks == []
    lock.close()


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    assert "another server" in refusal(tmp_path)
    engine.close()
    assert read(tmp_path) == []


def test_a_second_server_waits_for_the_end_of_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = opened(tmp_path)
    second: list[SqliteEngine] = []

    def open_the_second() -> None:
        config = Config(lock_wait_s=20.0)
        second.append(SqliteEngine(tmp_path, "normal", lambda call: call(), config))

    waiting = threading.Thread(target=open_the_second)
    waiting.start()
    said = ""
    while not said:
        said = capsys.readouterr().err
    first.close()
    waiting.join(20)
    assert said.count("\n") == 1 and "waiting" in said
    second[0].close()


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data" in refusal(tmp_path / "file" / "data")


# -- who may read it


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def generous() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("generous")
def test_nobody_else_can_read_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    engine = opened(folder)
    assert rights(folder) == 0o700
    found = {path.name: rights(path) for path in folder.iterdir()}
    engine.close()
    assert found == dict.fromkeys(
        [FILE_NAME, f"{FILE_NAME}-shm", f"{FILE_NAME}-wal", "oneroom.lock"], 0o600
    )


@pytest.mark.usefixtures("generous")
def test_a_log_of_an_earlier_version_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    write(folder)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777)
    write(folder)
    assert [rights(path) for path in (folder, *folder.iterdir())] == [0o700] * 3


def test_a_folder_that_is_not_the_logs_alone_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    tmp_path.chmod(0o755)
    write(tmp_path)
    assert rights(tmp_path) == 0o755
    assert rights(tmp_path / FILE_NAME) == 0o600
