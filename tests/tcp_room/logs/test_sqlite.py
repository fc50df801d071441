"""The SQLite engine: what every engine does, and what a file can go through."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import apsw
import pytest

from tcp_room.errors import RoomError
from tcp_room.events import Act, Say, Topic
from tcp_room.logs.port import Engine, Log, Record
from tcp_room.logs.sqlite import (
    _MIGRATIONS,
    FILE_NAME,
    Durability,
    LogError,
    SqliteEngine,
    _boot,
    _Trim,
)
from tcp_room.retention import Retention
from tests.tcp_room.logs.test_port import NOON, LastingLogContract, Listener, draft

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


class TestSqlite(LastingLogContract):
    @pytest.fixture
    def engine(self, engine: SqliteEngine, calls: Calls) -> Engine:
        self.calls = calls
        return engine

    def wait(self, engine: Engine, ready: Callable[[], bool]) -> None:
        while not ready():
            self.calls.get(timeout=10)()


def opened(folder: Path, durability: Durability = "normal") -> SqliteEngine:
    return SqliteEngine(folder, durability, lambda call: call())


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
    pages: list[object] = []
    engine.open(room, Listener()).read(0, 1 << 30, pages.append)
    engine.close()
    assert isinstance(pages[0], list)
    return [record.event.seq for record in pages[0]]


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


@pytest.mark.parametrize(
    ("left", "is_another"),
    [
        ("", False),
        ("normal another-start", True),
        ("full another-start", False),
        (f"normal {_boot()}", False),
    ],
)
def test_after_a_power_cut_it_is_another_log_unless_nothing_can_be_lost(
    left: str, is_another: bool, tmp_path: Path
) -> None:
    first = opened(tmp_path)
    first.close()
    (tmp_path / "oneroom.lock").write_text(left)
    second = opened(tmp_path)
    assert (second.epoch != first.epoch) is is_another
    second.close()
    third = opened(tmp_path)
    assert third.epoch == second.epoch
    third.close()


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


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    assert "another server" in refusal(tmp_path)
    engine.close()
    assert read(tmp_path) == []


def test_a_file_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    write(tmp_path)
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.pragma("user_version", 99)
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    assert "newer" in refusal(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("rubbish", [b"not a database at all" * 100, bytes(5000)])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(rubbish)
    assert "put it aside" in refusal(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == rubbish


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data" in refusal(tmp_path / "file" / "data")


def test_a_file_that_may_only_be_read_is_refused() -> None:
    """As somebody else's file is. (Root may write any: it has to be somebody else, too.)"""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        folder.chmod(0o777)
        (folder / "oneroom.lock").chmod(0o666)
        (folder / FILE_NAME).chmod(0o444)
        program = f"""
import fcntl  # while it can still be found
import os
from pathlib import Path
from tcp_room.logs.sqlite import LogError, SqliteEngine
if not os.getuid():
    os.setuid(65534)
try:
    SqliteEngine(Path({name!r}), "normal", lambda call: call()).close()
except LogError as error:
    print(error)
"""
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "may not be written" in run.stdout, run


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


def test_checkpoints_happen_elsewhere(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    while (tmp_path / FILE_NAME).stat().st_size < 1_000_000:  # only a checkpoint makes it grow
        log.append([draft("x" * 4000)] * 4, NOON)
        assert log.head < 100_000
    head = log.head
    engine.close()
    assert len(read(tmp_path)) == head


def test_a_checkpoint_is_due_for_what_is_new_alone(tmp_path: Path) -> None:
    """A write-ahead log that has no quiet moment in which to begin anew stays long."""
    engine = opened(tmp_path)
    upkeep, writing = engine._upkeep, engine._writing
    upkeep._due.put(False)
    upkeep._thread.join()
    upkeep._copied = 1000
    due = []
    for pages in (1001, 1999, 2000, 2001, 3):
        upkeep.written(writing, "main", pages)
        due.append(upkeep._due.qsize())
    assert due == [0, 0, 1, 1, 1]
    assert upkeep._copied == 0
    engine.close()


# -- trimming


def trim(engine: SqliteEngine, retention: Retention, at: int = NOON) -> None:
    gone = threading.Event()
    engine._upkeep.trim(_Trim(retention, at, gone.set))
    assert gone.wait(20)
    engine._trimmed()


def trimmed(
    tmp_path: Path, retention: Retention, counts: dict[str, int], at: int = NOON
) -> dict[str, tuple[int, int, int]]:
    """First, head and the number of events of each room, after it was trimmed."""
    engine = opened(tmp_path)
    logs = {room: engine.open(room, Listener()) for room in counts}
    for room, count in counts.items():
        for number in range(count):
            logs[room].append([draft("x" * 100)], NOON + number * 1000)
    trim(engine, retention, at)
    result = {}
    for room, log in logs.items():
        pages: list[object] = []
        log.read(0, 1 << 30, pages.append)
        assert isinstance(pages[0], list)
        result[room] = (log.first, log.head, len(pages[0]))
    engine.close()
    return result


def test_of_each_room_the_last_so_many_are_kept(tmp_path: Path) -> None:
    kept = trimmed(tmp_path, Retention(events=10), {"lobby": 1200, "dev": 5})
    assert kept == {"lobby": (1191, 1200, 10), "dev": (1, 5, 5)}


def test_what_is_older_is_not_kept(tmp_path: Path) -> None:
    kept = trimmed(tmp_path, Retention(age_s=60), {"lobby": 200}, at=NOON + 200_000)
    assert kept == {"lobby": (141, 200, 60)}


def test_the_last_event_is_kept_whatever_its_age(tmp_path: Path) -> None:
    kept = trimmed(tmp_path, Retention(age_s=1), {"lobby": 20, "dev": 1}, at=NOON * 2)
    assert kept == {"lobby": (20, 20, 1), "dev": (1, 1, 1)}


def test_what_is_larger_is_not_kept_the_oldest_going_first(tmp_path: Path) -> None:
    kept = trimmed(tmp_path, Retention(size_bytes=300_000), {"lobby": 3000, "dev": 5})
    first, head, count = kept["lobby"]
    assert head == 3000
    assert 500 < count < 2500
    assert first == head - count + 1
    assert kept["dev"] == (1, 5, 5) or kept["dev"][2] == 1


def test_a_trimmed_log_goes_on_with_its_numbers(tmp_path: Path) -> None:
    trimmed(tmp_path, Retention(events=1), {"lobby": 30})
    write(tmp_path)
    assert read(tmp_path) == [30, 31]


def test_an_id_that_was_trimmed_is_not_known_any_more(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    for number in range(5):
        log.append([draft(id=str(number))], NOON)
    gone = threading.Event()
    engine._upkeep.trim(_Trim(Retention(events=2), NOON, gone.set))
    assert gone.wait(20)
    log.append([draft(id="4"), draft(id="0")], NOON)
    assert room.seqs == [1, 2, 3, 4, 5, 5, 6]
    engine.close()


def test_the_room_whose_first_event_is_the_oldest_is_trimmed_first(tmp_path: Path) -> None:
    """However new its last one is."""
    engine = opened(tmp_path)
    old, new = (engine.open(room, Listener()) for room in ("old", "new"))
    for number in range(600):
        old.append([draft("x" * 300)], NOON + number)
    old.append([draft()], NOON + 9_000_000)
    for number in range(600):
        new.append([draft("x" * 300)], NOON + 1_000_000 + number)
    trim(engine, Retention(size_bytes=350_000))
    assert old.first > 1
    assert new.first == 1
    engine.close()


def test_who_posts_while_it_is_trimmed_waits_for_a_bite_and_not_for_all(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    for _ in range(100):
        log.append([draft("x" * 100)] * 500, NOON)
    engine.trim(Retention(events=10), NOON)
    posts = 0
    while log.first == 1:
        log.append([draft()], NOON)
        posts += 1
        threading.Event().wait(0.001)
    assert posts > 50  # of a hundred bites
    engine.close()


def test_the_end_does_not_wait_until_all_is_trimmed(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    for _ in range(100):
        log.append([draft()] * 500, NOON)
    engine.trim(Retention(events=10), NOON)
    engine.close()
    engine._trimmed()  # as the loop does when it comes round after the end
    assert len(read(tmp_path)) > 10


def test_a_bound_that_is_never_reached_trims_nothing(tmp_path: Path) -> None:
    assert trimmed(tmp_path, Retention(events=10**30), {"lobby": 3}) == {"lobby": (1, 3, 3)}


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


def test_of_a_turn_that_is_kept_in_part_the_rest_is_not_shown(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    log.append([draft()] * 10, NOON)
    log.append([draft()] * 10, NOON)
    trim(engine, Retention(events=15))
    pages: list[object] = []
    log.read(0, 100, pages.append)
    assert isinstance(pages[0], list)
    assert [record.event.seq for record in pages[0]] == list(range(6, 21))
    trim(engine, Retention(events=10))
    assert log.first == 11
    assert list(engine._reading.execute("SELECT events FROM turn")) == [(10,)]
    engine.close()


# -- the file


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.execute(_MIGRATIONS[0])
    connection.pragma("user_version", 1)
    connection.execute("INSERT INTO house VALUES ('old')")
    connection.execute("INSERT INTO room VALUES (1, 'lobby', 'tea', 1), (2, '3班', '', 0)")
    connection.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, 'al', 'tcp', ?, ?, 'a')",
        [
            (1, 2, "say", NOON, "你好\n'\"", "x"),
            (1, 3, "topic", NOON + 1, "tea", None),
            (2, 1, "act", NOON, "waves", "x"),
        ],
    )
    connection.close()
    engine = opened(tmp_path)
    room, pages = Listener(), list[object]()
    lobby = engine.open("lobby", room)
    assert (engine.epoch, lobby.first, lobby.head, lobby.topic) == ("old", 2, 3, "tea")
    lobby.read(0, 10, pages.append)
    engine.open("3班", Listener()).read(0, 10, pages.append)
    assert pages == [
        [
            Record(Say(2, "x", NOON, "al", "tcp", "你好\n'\""), "a"),
            Record(Topic(3, None, NOON + 1, "al", "tcp", "tea"), "a"),
        ],
        [Record(Act(1, "x", NOON, "al", "tcp", "waves"), "a")],
    ]
    lobby.append([draft(id="x"), draft(id="y")], NOON)
    assert room.seqs == [2, 4]
    engine.close()


def test_a_row_that_somebody_spoiled_is_an_error_of_the_log(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    log.append([draft()], NOON)
    engine._writing.execute("UPDATE turn SET said = '[['")
    pages: list[object] = []
    log.read(0, 10, pages.append)
    assert isinstance(pages[0], RoomError)
    assert pages[0].code == "storage"
    engine.close()


@pytest.mark.parametrize("after", [1 << 40, (1 << 40) + 5, 10**15])
def test_a_number_beyond_all_is_not_another_rooms(tmp_path: Path, after: int) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    engine.open("dev", Listener()).append([draft()] * 10, NOON)
    log.append([draft()], NOON)
    pages: list[object] = []
    log.read(after, 10, pages.append)
    assert pages == [[]]
    engine.close()
