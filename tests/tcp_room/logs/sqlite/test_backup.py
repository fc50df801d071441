"""A copy of the log: whole, private, of one moment, and known as a copy when it is kept."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from tcp_room.errors import RoomError
from tcp_room.logs.sqlite import FILE_NAME, LogError
from tcp_room.logs.sqlite.backup import back_up
from tests.tcp_room.logs.sqlite.files import opened
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def silent(done: int, total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def say(folder: Path, *texts: str) -> str:
    """Somebody says that; the epoch."""
    engine = opened(folder)
    engine.open("lobby", Listener()).append([draft(text) for text in texts], NOON)
    engine.close()
    return engine.epoch


def texts(folder: Path) -> list[str]:
    engine = opened(folder)
    listener = Listener()
    log = engine.open("lobby", listener)
    log.read(0, 1 << 20, listener.pages.append)
    engine.close()
    [page] = listener.pages
    assert not isinstance(page, RoomError)
    return [record.event.text for record in page]


def restored(copy: Path, folder: Path) -> str:
    """Puts the copy in place, as docs/operating.md says; the epoch that it has then."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{FILE_NAME}*"):
        old.unlink()
    (folder / FILE_NAME).write_bytes(copy.read_bytes())
    engine = opened(folder)
    engine.close()
    return engine.epoch


def test_a_copy_has_everything_and_is_for_its_owner_alone(folder: Path, tmp_path: Path) -> None:
    say(folder, "one", "two")
    back_up(folder, tmp_path / "copy.db", silent)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    restored(tmp_path / "copy.db", tmp_path / "elsewhere")
    assert texts(tmp_path / "elsewhere") == ["one", "two"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "elsewhere", "kept"]


@pytest.mark.parametrize("into", ["kept", "elsewhere"])
def test_a_copy_that_is_restored_is_another_log(folder: Path, tmp_path: Path, into: str) -> None:
    before = say(folder, "one")
    back_up(folder, tmp_path / "copy.db", silent)
    assert say(folder, "two") == before
    assert restored(tmp_path / "copy.db", tmp_path / into) != before
    assert texts(tmp_path / into) == ["one"]


def test_a_copy_ends_while_people_talk(folder: Path, tmp_path: Path) -> None:
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    for _ in range(1000):
        log.append([draft("x" * 400)] * 2, NOON)
    said = threading.Event()

    def talk(done: int, total: int) -> None:
        if not said.is_set():  # in the midst of it
            said.set()
            log.append([draft("meanwhile")], NOON)

    back_up(folder, tmp_path / "copy.db", talk)
    assert said.is_set()
    assert log.head == 2001
    engine.close()
    restored(tmp_path / "copy.db", tmp_path / "elsewhere")
    assert len(texts(tmp_path / "elsewhere")) == 2000


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcp_room.logs.sqlite.backup._STEPS", 1000)


def test_progress_grows_to_the_end(folder: Path, tmp_path: Path) -> None:
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    for _ in range(1000):
        log.append([draft("x" * 400)], NOON)
    engine.close()
    seen: list[tuple[int, int]] = []
    back_up(folder, tmp_path / "copy.db", lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1]
    assert len(seen) > 1


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    say(folder, "one")
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(LogError, match="exists; remove it"):
        back_up(folder, tmp_path / "copy.db", silent)
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_folder_without_a_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="there is no log in"):
        back_up(tmp_path, tmp_path / "copy.db", silent)


@pytest.mark.parametrize("target", ["missing/copy.db", "kept/oneroom.db/copy.db"])
def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(
    folder: Path, tmp_path: Path, target: str
) -> None:
    say(folder, "one")
    with pytest.raises(LogError, match="cannot be copied to"):
        back_up(folder, tmp_path / target, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_a_backup_that_was_killed_has_left_is_replaced(folder: Path, tmp_path: Path) -> None:
    say(folder, "one")
    (tmp_path / ".copy.db.part").write_text("half")
    back_up(folder, tmp_path / "copy.db", silent)
    ((mark,),) = apsw.Connection(str(tmp_path / "copy.db")).execute("SELECT mark FROM house")
    assert mark == "copy"
    assert not (tmp_path / ".copy.db.part").exists()


def test_a_folder_that_was_copied_whole_is_another_log(folder: Path, tmp_path: Path) -> None:
    """Its lock came with it."""
    before = say(folder, "one")
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    assert say(copied, "two") != before
    assert say(folder, "three") == before
