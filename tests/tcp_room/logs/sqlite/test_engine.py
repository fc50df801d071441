"""The SQLite engine: what every engine does, and what a process can go through."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import apsw
import pytest

from tcp_room.errors import RoomError
from tcp_room.logs.port import Engine, Log
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


def test_the_epoch_is_made_with_the_file(tmp_path: Path) -> None:
    first, second = (opened(tmp_path / name) for name in "ab")
    epochs = {first.epoch, second.epoch}
    first.close()
    second.close()
    again = opened(tmp_path / "a")
    assert len(epochs) == 2
    assert again.epoch in epochs
    again.close()


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
    pages = engine._writing.pragma("page_count")
    engine._writing.pragma("max_page_count", pages + 2)
    refused_at = fill(log, room)
    assert isinstance(room.outcomes[-1], RoomError)
    assert room.outcomes[-1].code == "storage"
    assert log.head == refused_at - 1
    engine._writing.pragma("max_page_count", 1 << 30)
    room.outcomes.clear()
    log.append([draft("after")], NOON)
    assert room.seqs == [refused_at]
    engine.close()
    assert read(tmp_path) == list(range(1, refused_at + 1))


def test_a_stranger_who_holds_the_file_does_not_hold_the_loop(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    stranger = apsw.Connection(str(tmp_path / FILE_NAME))
    stranger.execute("BEGIN IMMEDIATE")
    log.append([draft()], NOON)
    assert isinstance(room.outcomes[-1], RoomError)
    waits_ms = [each.pragma("busy_timeout") for each in (engine._writing, engine._reading)]
    assert max(waits_ms) < engine._upkeep._connection.pragma("busy_timeout") / 10
    stranger.execute("ROLLBACK")
    stranger.close()
    room.outcomes.clear()
    log.append([draft()], NOON)
    assert room.seqs == [1]
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
    engine._writing.pragma("max_page_count", engine._writing.pragma("page_count") + 2)
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
