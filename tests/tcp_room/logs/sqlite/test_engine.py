"""The SQLite engine: what every engine does, and what a process can go through."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from shutil import copy
from time import monotonic

import apsw
import pytest

from tcp_room.errors import RoomError
from tcp_room.logs.port import Engine, Log, Page
from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tests.tcp_room.logs.sqlite.files import opened, read, write
from tests.tcp_room.logs.test_port import NOON, Listener, LogContract, draft

Calls = SimpleQueue[Callable[[], None]]


@pytest.fixture
def calls() -> Calls:
    """What the engine's thread asks the loop's thread to do."""
    return SimpleQueue()


@pytest.fixture(params=["normal", "full"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, calls: Calls) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(tmp_path, request.param, calls.put)
    yield engine
    engine.close()


class TestSqlite(LogContract):
    @pytest.fixture
    def engine(self, engine: SqliteEngine, calls: Calls) -> Engine:
        self.calls = calls
        return engine

    def wait(self, engine: Engine, ready: Callable[[], bool]) -> None:
        while not ready():
            self.calls.get(timeout=10)()


def test_a_log_outlives_its_engine(tmp_path: Path) -> None:
    write(tmp_path, 3)
    write(tmp_path, 2)
    assert read(tmp_path) == [1, 2, 3, 4, 5]


def test_one_file_is_left_behind(tmp_path: Path) -> None:
    write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "oneroom.lock"]


def test_rooms_of_earlier_days_are_known(tmp_path: Path) -> None:
    write(tmp_path, room="lobby")
    write(tmp_path, room="3班")
    engine = opened(tmp_path)
    assert sorted(engine.rooms(10)) == ["3班", "lobby"]
    assert len(engine.rooms(1)) == 1
    assert [engine.holds(room) for room in ("3班", "4班")] == [True, False]
    engine.close()


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_what_was_settled_survives_kill_9(tmp_path: Path, durability: str) -> None:
    program = f"""
import sys
import threading
from pathlib import Path
from tcp_room.logs.sqlite import SqliteEngine
from tests.tcp_room.logs.test_port import NOON, Listener, draft
class Room(Listener):
    def settled(self, outcomes):
        for outcome in outcomes:
            print(outcome.event.seq, flush=True)
engine = SqliteEngine(Path({str(tmp_path)!r}), {durability!r}, lambda call: call())
log = engine.open("lobby", Room())
for _ in range(100_000):
    head = log.head
    log.append([draft()] * 3, NOON)
    while log.head == head:
        pass
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(300):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    told = [int(line) for line in process.stdout.read().splitlines() if line]
    process.stdout.close()
    process.wait()
    kept = read(tmp_path)
    assert kept == list(range(1, len(kept) + 1))
    assert kept[-1] >= max(told, default=300)


def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    log.append([draft("before")], NOON)
    pages = engine._writer.connection.pragma("page_count")
    engine._writer.connection.pragma("max_page_count", pages + 2)
    refused_at = fill(log, room)
    assert isinstance(room.outcomes[-1], RoomError)
    assert room.outcomes[-1].code == "storage"
    assert log.head == refused_at - 1
    engine._writer.connection.pragma("max_page_count", 1 << 30)
    room.outcomes.clear()
    log.append([draft("after")], NOON)
    assert room.seqs == [refused_at]
    engine.close()
    assert read(tmp_path) == list(range(1, refused_at + 1))


def test_the_loop_does_not_wait_for_a_stranger_who_holds_the_file(tmp_path: Path) -> None:
    calls = Calls()
    engine = SqliteEngine(tmp_path, "normal", calls.put)
    room = Listener()
    log = engine.open("lobby", room)
    stranger = apsw.Connection(str(tmp_path / FILE_NAME))
    stranger.execute("BEGIN IMMEDIATE")
    log.append([draft("first")], NOON)
    log.append([draft("second")], NOON)
    assert room.outcomes == []  # and append has returned
    stranger.execute("ROLLBACK")
    stranger.close()
    while len(room.outcomes) < 2:
        calls.get(timeout=20)()
    assert [record.event.text for record in room.records] == ["first", "second"]
    engine.close()


def fill(log: Log, room: Listener) -> int:
    """Appends until that is refused; the seq that would have been next."""
    while True:
        log.append([draft("x" * 4000)], NOON)
        if isinstance(room.outcomes[-1], RoomError):
            return log.head + 1


def test_a_refused_commit_takes_all_of_it_back(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    pages = engine._writer.connection.pragma("page_count")
    engine._writer.connection.pragma("max_page_count", pages + 2)
    log.append([draft("x" * 4000, id=str(number)) for number in range(20)], NOON)
    assert [type(outcome) for outcome in room.outcomes] == [RoomError] * 20
    assert log.head == 0
    engine.close()
    assert read(tmp_path) == []


def test_a_room_that_was_only_looked_into_leaves_no_trace(tmp_path: Path) -> None:
    write(tmp_path)
    engine = opened(tmp_path)
    for number in range(10):
        engine.open(f"room-{number}", Listener()).close()
    assert engine._logs == {}
    engine.open("room-7", Listener()).append([draft()], NOON)
    assert sorted(engine.rooms(10)) == ["lobby", "room-7"]
    engine.close()
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    assert list(connection.execute("SELECT name FROM room")) == [("lobby",), ("room-7",)]
    connection.close()
    assert read(tmp_path, "room-7") == [1]


class Switch:
    """Durability `normal`, on a loop of its own that takes what a thread asks of it when told."""

    def __init__(self, folder: Path) -> None:
        self.calls = Calls()
        self.engine = SqliteEngine(folder, "normal", self.calls.put)
        self.room = Listener()
        self.log = self.engine.open("lobby", self.room)

    def say(self, text: str) -> None:
        self.log.append([draft(text)], NOON)

    def settle(self, count: int) -> None:
        while len(self.room.outcomes) < count:
            self.calls.get(timeout=20)()

    def become_slow(self) -> None:
        self.engine._pace.took(1.0, monotonic())


def test_while_storage_is_slow_the_loop_does_not_commit(tmp_path: Path) -> None:
    house = Switch(tmp_path)
    house.say("fast")
    assert house.room.seqs == [1]
    house.become_slow()
    house.say("slow")
    assert house.room.seqs == [1]
    house.settle(2)
    assert house.room.seqs == [1, 2]
    house.engine.close()


def test_the_order_is_kept_when_storage_becomes_fast_again(tmp_path: Path) -> None:
    house = Switch(tmp_path)
    house.become_slow()
    for number in range(50):
        house.say(f"{number}")
    house.engine._pace.is_slow = False
    house.say("50")  # not before those that wait
    house.settle(51)
    house.say("51")
    assert [record.event.text for record in house.room.records] == [f"{n}" for n in range(52)]
    assert house.room.seqs == list(range(1, 53))
    house.engine.close()


def test_while_storage_is_slow_the_loop_does_not_read(tmp_path: Path) -> None:
    house = Switch(tmp_path)
    house.say("one")
    house.engine._reading_pace.took(1.0, monotonic())
    pages: list[Page] = []
    house.log.read(0, 10, pages.append)
    assert pages == []
    house.calls.get(timeout=20)()
    assert pages == [house.room.records]
    house.engine.close()


def test_a_page_that_was_empty_is_read_again_if_something_was_said_meanwhile(
    tmp_path: Path,
) -> None:
    """Else it would say that what was said is lost."""
    house = Switch(tmp_path)
    house.say("one")
    house.engine._reading_pace.took(1.0, monotonic())
    pages: list[Page] = []
    house.log.read(1, 10, pages.append)
    house.say("two")
    while not pages:
        house.calls.get(timeout=20)()
    assert pages == [house.room.records[1:]]
    house.engine.close()


# -- a file that goes away


def test_a_log_whose_folder_was_deleted_refuses_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = Switch(tmp_path / "data")
    house.say("kept")
    (tmp_path / "data").rename(tmp_path / "away")
    house.engine._look_for_the_file()
    assert "deleted" in house.engine.trouble
    house.say("refused")
    assert isinstance(house.room.outcomes[-1], RoomError)
    assert house.room.outcomes[-1].code == "storage"
    house.engine._look_for_the_file()
    (tmp_path / "away").rename(tmp_path / "data")
    house.engine._look_for_the_file()
    assert house.engine.trouble == ""
    house.say("kept too")
    assert len(caplog.messages) == 2  # one when it went, one when it came back
    house.engine.close()
    assert read(tmp_path / "data") == [1, 2]


def test_a_log_that_was_replaced_refuses(tmp_path: Path) -> None:
    house = Switch(tmp_path / "data")
    house.say("one")
    copy(tmp_path / "data" / FILE_NAME, tmp_path / "copy.db")
    (tmp_path / "copy.db").rename(tmp_path / "data" / FILE_NAME)
    house.engine._look_for_the_file()
    assert house.engine.trouble
    house.engine.close()
