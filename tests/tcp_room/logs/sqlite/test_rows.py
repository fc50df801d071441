"""Rows and pages, damaged ones too."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcp_room.logs.sqlite import FILE_NAME, SqliteEngine
from tcp_room.logs.sqlite.rows import Turn, checksum, page
from tcp_room.logs.sqlite.schema import MIGRATIONS, connect
from tests.tcp_room.logs.sqlite.files import PATIENT, faulty_disk, opened, seqs
from tests.tcp_room.logs.test_port import NOON, Listener, draft

SAID = b'[["say","al","tcp","hi","a",null]]'


def filled(folder: Path, turns: int = 10, size: int = 1) -> SqliteEngine:
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    for _ in range(turns):
        log.append([draft("x" * 50)] * size, NOON)
    return engine


def sound(**changed: object) -> Turn:
    place = 1 << 40 | 7
    row = {"place": place, "events": 1, "at": NOON, "said": SAID}
    row["sum"] = checksum(place, 1, NOON, SAID)
    return Turn(**{**row, **changed})  # type: ignore[arg-type]


def test_a_sound_row_has_its_records() -> None:
    assert [record.event.seq for record in sound().records()] == [7]
    assert sound(sum=None).records() == sound().records()  # of an earlier version


@pytest.mark.parametrize(
    "changed",
    [
        {"place": 1 << 40 | 8},
        {"events": 2},
        {"at": NOON + 1},
        {"said": SAID.replace(b"hi", b"ho")},
        {"sum": 0},
        {"at": None},
        {"events": "many"},
    ],
)
def test_a_row_of_which_anything_was_changed_has_none(changed: dict[str, object]) -> None:
    assert sound(**changed).records() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"said": SAID.replace(b"say", b"sax")},
        {"said": b"[["},
        {"said": b"\xff"},
        {"said": b"[]"},
        {"at": None},
        {"events": None},
    ],
)
def test_a_row_of_an_earlier_version_has_none_if_it_means_nothing(
    changed: dict[str, object],
) -> None:
    assert sound(sum=None, **changed).records() == []


@pytest.mark.parametrize(
    "how",
    [
        "UPDATE turn SET said = '[[' WHERE place & 255 BETWEEN 4 AND 6",
        "UPDATE turn SET said = replace(said, 'say', 'sax') WHERE place & 255 BETWEEN 4 AND 6",
        "UPDATE turn SET said = replace(said, 'x', 'y') WHERE place & 255 BETWEEN 4 AND 6",
        "UPDATE turn SET said = CAST(x'ff' AS TEXT) WHERE place & 255 BETWEEN 4 AND 6",
        "DELETE FROM turn WHERE place & 255 BETWEEN 4 AND 6",
    ],
)
def test_what_is_damaged_is_a_hole_and_reading_goes_on_after_it(tmp_path: Path, how: str) -> None:
    engine = filled(tmp_path)
    engine._writer.connection.execute(how)
    assert seqs(engine) == [1, 2, 3, 7, 8, 9, 10]
    assert seqs(engine, after=3) == [7, 8, 9, 10]
    assert seqs(engine, after=3, limit=1) == [7]
    assert seqs(engine, after=4, limit=2) == [7, 8]
    engine.close()


def test_a_hole_larger_than_a_page_is_passed(tmp_path: Path) -> None:
    engine = filled(tmp_path, turns=300)
    engine._writer.connection.execute(
        "UPDATE turn SET sum = 0 WHERE place & 65535 BETWEEN 11 AND 290"
    )
    assert seqs(engine, after=10, limit=5)[0] == 291
    engine.close()


def test_a_damaged_end_is_an_empty_page(tmp_path: Path) -> None:
    engine = filled(tmp_path)
    engine._writer.connection.execute("UPDATE turn SET sum = 0 WHERE place & 255 > 7")
    assert seqs(engine, after=7) == []
    engine.close()


def test_the_numbers_after_a_damaged_last_row_are_new_ones(tmp_path: Path) -> None:
    """Nobody can tell how many it had."""
    engine = filled(tmp_path, turns=3, size=20)
    engine._writer.connection.execute(
        "UPDATE turn SET events = 1, said = '[]' WHERE place & 255 = 41"
    )
    engine.close()
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    assert log.head > 60
    log.append([draft()], NOON)
    assert seqs(engine) == [*range(1, 41), log.head]
    engine.close()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_pages_of_the_file_that_are_lost_are_holes(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Reading raises nothing, goes on after each, and shows nothing that was not said."""
    folder = tmp_path_factory.mktemp("lost")
    filled(folder, turns=400).close()
    chance = random.Random(seed)
    path = folder / FILE_NAME
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    for number in chance.sample(range(8, pages), 3):  # the first ones have the tables' roots
        data[number * 4096 : (number + 1) * 4096] = bytes(4096)
    path.write_bytes(data)
    engine = opened(folder)
    log = engine.open("lobby", Listener())
    shown, after = [], 0
    while after < log.head and (page := seqs(engine, after=after, limit=50)):
        shown += page
        after = page[-1]
    assert shown == sorted(set(shown))
    assert len(shown) > 400 - 3 * 60
    engine.close()


def test_what_cannot_be_read_for_now_is_no_hole(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with faulty_disk() as disk:
        engine = SqliteEngine(tmp_path, "normal", lambda call: call(), PATIENT)
        log = engine.open("lobby", Listener())
        pages: list[object] = []
        connection = engine._reading
        connection.execute("PRAGMA cache_size = 0")
        connection.execute("PRAGMA shrink_memory")
        disk.fails_to = {"read"}
        log.read(0, 10, pages.append)
        disk.fails_to = set()
        log.read(0, 10, pages.append)
        engine.close()
    refused, read = pages
    assert getattr(refused, "code", "") == "storage"
    assert len(list(read)) == 10  # type: ignore[call-overload]


def test_a_page_asks_for_no_more_than_it_shows(tmp_path: Path) -> None:
    engine = filled(tmp_path, turns=300)
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    engine._reading.set_progress_handler(count, 100)
    assert len(seqs(engine, after=10, limit=5)) == 5
    assert steps < 5
    engine.close()


def test_a_hole_costs_some_tens_of_seeks_however_large_it_is(tmp_path: Path) -> None:
    engine = filled(tmp_path, turns=1000)
    engine._writer.connection.execute("DELETE FROM turn WHERE place & 65535 BETWEEN 2 AND 999")
    seeks = 0

    def count(*_: object) -> bool:
        nonlocal seeks
        seeks += 1
        return True

    engine._reading.exec_trace = count
    assert seqs(engine, after=1) == [1000]
    assert seeks < 100
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


def test_rows_of_version_2_are_read(tmp_path: Path) -> None:
    connection = connect_new(tmp_path / "file")
    connection.execute(
        "INSERT INTO turn (place, events, at, said) VALUES (?, 1, ?, ?)",
        (1 << 40 | 1, NOON, SAID.decode()),
    )
    assert [record.event.text for record in page(connection, 1, 0, 10, 1)] == ["hi"]
    connection.close()


def connect_new(path: Path) -> apsw.Connection:
    path.touch()
    connection = connect(path, "normal")
    for step in MIGRATIONS:
        connection.execute(step)
    return connection
