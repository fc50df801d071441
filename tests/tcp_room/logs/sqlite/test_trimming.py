"""Trimming."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tcp_room.logs.sqlite.trimming import Trim
from tcp_room.retention import Retention
from tests.tcp_room.logs.sqlite.files import opened, read, seqs, write
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def trim(engine: SqliteEngine, retention: Retention, at: int = NOON) -> None:
    gone = threading.Event()
    engine._upkeep.trim(Trim(retention, at, engine._trimmed, gone.set))
    assert gone.wait(20)


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
    engine._upkeep.trim(Trim(Retention(events=2), NOON, engine._trimmed, gone.set))
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
    while log.first < 40_000:
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


def test_the_beginning_moves_with_each_bite(tmp_path: Path) -> None:
    """So that nobody is shown a page that skips something in silence."""
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    for _ in range(20):
        log.append([draft()] * 500, NOON)
    firsts: list[int] = []
    done = threading.Event()

    def moved(room: int, trimmed: int) -> None:
        firsts.append(trimmed + 1)

    engine._upkeep.trim(Trim(Retention(events=500), NOON, moved, done.set))
    assert done.wait(20)
    assert firsts == list(range(501, 10_000, 500))
    assert log.first == 1  # nobody has told it
    assert seqs(engine, limit=3) == [9501, 9502, 9503]
    assert log.first == 9501  # the page has
    engine.close()


def test_what_is_trimmed_is_copied_in_between(tmp_path: Path) -> None:
    """Else the write-ahead log becomes as long as what is trimmed."""
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    for _ in range(150):
        log.append([draft("x" * 100, id=f"{n}") for n in range(500)], NOON)
    trim(engine, Retention(events=10))
    wal = (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    assert wal < 20_000_000
    engine.close()


def test_the_file_becomes_shorter(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    for _ in range(100):
        log.append([draft("x" * 4000)] * 10, NOON)
    before = engine._reading.pragma("page_count") * engine._reading.pragma("page_size")
    trim(engine, Retention(events=10))
    engine.close()
    assert (tmp_path / FILE_NAME).stat().st_size < before / 3


# -- by time


YEAR = 31_536_000_000


def times(folder: Path, *times: int) -> SqliteEngine:
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    for at in times:
        log.append([draft()], NOON + at)
    return engine


def test_one_that_was_said_while_the_clock_was_ahead_goes_with_those_after_it(
    tmp_path: Path,
) -> None:
    engine = times(tmp_path, 0, 1000, YEAR, 2000, 3000, 100_000)
    trim(engine, Retention(age_s=60), NOON + 100_000)
    assert seqs(engine) == [6]
    engine.close()


def test_one_that_was_said_while_the_clock_was_behind_does_not_take_others_along(
    tmp_path: Path,
) -> None:
    engine = times(tmp_path, 100_000, -YEAR, 101_000)
    trim(engine, Retention(age_s=60), NOON + 102_000)
    assert seqs(engine) == [1, 2, 3]
    engine.close()


def test_a_clock_that_steps_a_year_forward_deletes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = times(tmp_path, *range(0, 30_000, 1000))
    for at in (30_000, YEAR, YEAR + 1000, 31_000):
        trim(engine, Retention(age_s=60), NOON + at)
        assert seqs(engine) == list(range(1, 31))
    assert caplog.text.count("stepped forward") == 1
    trim(engine, Retention(age_s=10), NOON + 35_000)
    assert seqs(engine) == list(range(26, 31))
    engine.close()


def test_a_room_of_which_a_part_is_lost_does_not_keep_others_from_being_trimmed(
    tmp_path: Path,
) -> None:
    engine = times(tmp_path, *range(10))
    other = engine.open("other", Listener())
    for _ in range(10):
        other.append([draft()], NOON)
    engine._writer.connection.execute("UPDATE turn SET sum = 0, events = 'x' WHERE place & 255 = 3")
    trim(engine, Retention(events=2))
    assert seqs(engine) == [9, 10]
    assert seqs(engine, "other") == [9, 10]
    engine.close()
