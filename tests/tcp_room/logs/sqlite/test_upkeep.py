"""Checkpoints and trimming."""

from __future__ import annotations

import threading
from pathlib import Path

from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tcp_room.logs.sqlite.upkeep import Trim
from tcp_room.retention import Retention
from tests.tcp_room.logs.sqlite.files import opened, read, write
from tests.tcp_room.logs.test_port import NOON, Listener, draft


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


def trim(engine: SqliteEngine, retention: Retention, at: int = NOON) -> None:
    gone = threading.Event()
    engine._upkeep.trim(Trim(retention, at, gone.set))
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
    engine._upkeep.trim(Trim(Retention(events=2), NOON, gone.set))
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
