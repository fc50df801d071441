"""The three outcomes of a commit, on a disk that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tcp_room.errors import RoomError
from tcp_room.logs.sqlite import SqliteEngine
from tests.tcp_room.logs.sqlite.files import (
    PATIENT,
    FaultyDisk,
    faulty_disk,
    killed,
    opened,
    read,
    seqs,
)
from tests.tcp_room.logs.test_port import NOON, Listener, draft


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    with faulty_disk() as disk:
        yield disk


class House:
    """An engine and a room; what was asked of the log is answered when `say` returns."""

    def __init__(self, folder: Path, durability: str) -> None:
        self.engine = SqliteEngine(folder, durability, lambda call: call(), PATIENT)  # type: ignore[arg-type]
        self.room = Listener()
        self.log = self.engine.open("lobby", self.room)

    def say(self, text: str, id: str | None = None) -> str:
        """Its text, or the code with which it was refused."""
        count = len(self.room.outcomes) + 1
        self.log.append([draft(text, id=id)], NOON)
        while len(self.room.outcomes) < count:
            pass
        outcome = self.room.outcomes[-1]
        return outcome.code if isinstance(outcome, RoomError) else outcome.event.text


@pytest.mark.parametrize(("durability", "doing"), [("full", "sync"), ("normal", "write")])
def test_a_message_that_was_refused_never_comes_back(
    tmp_path: Path, disk: FaultyDisk, durability: str, doing: str
) -> None:
    """Though the first failure leaves it in the write-ahead log, commit mark and all."""
    house = House(tmp_path / "data", durability)
    house.say("kept")
    disk.fails_to = {doing}
    refused = house.say("refused")
    disk.fails_to = set()
    house.engine._look_after_it()
    assert refused == "unknown"
    left = killed(tmp_path / "data", tmp_path / "left")
    house.engine.close()
    assert read(left) == [1]


def test_after_one_failure_the_message_is_refused_and_its_bytes_are_written_over(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    house = House(tmp_path / "data", "full")
    house.say("kept")
    disk.fails_to, disk.times = {"sync"}, 1
    assert house.say("refused") == "storage"
    assert disk.failures == 1
    left = killed(tmp_path / "data", tmp_path / "left")
    assert house.say("next") == "next"
    assert house.log.head == 2
    house.engine.close()
    assert read(left) == [1]
    assert read(tmp_path / "data") == [1, 2]


def test_while_the_log_is_broken_nothing_is_tried_for_each_message(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    house = House(tmp_path, "full")
    disk.fails_to = {"sync"}
    assert house.say("unknown") == "unknown"
    failures = disk.failures
    assert [house.say("refused") for _ in range(5)] == ["storage"] * 5
    assert disk.failures == failures
    assert house.engine.trouble
    disk.fails_to = set()
    house.engine._look_after_it()
    assert house.engine.trouble == ""
    assert house.say("again") == "again"
    house.engine.close()
    assert read(tmp_path) == [1]


def test_what_the_log_has_after_all_the_room_hears_of(tmp_path: Path, disk: FaultyDisk) -> None:
    """As if somebody else had said it, and before anything that is said later."""
    house = House(tmp_path, "full")
    house.say("one")
    house.engine._writer._break(OSError("gone"))
    other = opened_beside(house)
    house.engine._look_after_it()
    assert [record.event.text for record in house.room.others] == other
    assert house.say("three") == "three"
    assert house.log.head == 3
    house.engine.close()
    assert read(tmp_path) == [1, 2, 3]


def opened_beside(house: House) -> list[str]:
    """Has a message written behind the log's back, as a commit does whose answer was lost."""
    writer = house.engine._writer
    record = house.room.records[0]
    event = type(record.event)(2, None, NOON, "al", "tcp", "two")
    with writer.pen:
        writer._insert(house.log.room, [type(record)(event, "a")])
    return ["two"]


def test_a_known_id_is_answered_though_the_commit_fails(tmp_path: Path, disk: FaultyDisk) -> None:
    house = House(tmp_path, "full")
    house.say("first", id="x")
    disk.fails_to = {"sync"}
    house.log.append([draft("first", id="x"), draft("new")], NOON)
    while len(house.room.outcomes) < 3:
        pass
    disk.fails_to = set()
    first, known, new = house.room.outcomes
    assert known == first
    assert isinstance(new, RoomError) and new.code == "unknown"
    house.engine.close()


def test_an_id_whose_message_is_lost_is_new_again(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    room = Listener()
    log = engine.open("lobby", room)
    log.append([draft("one", id="x")], NOON)
    log.append([draft("two")], NOON)
    engine._writer.connection.execute("DELETE FROM turn WHERE place & 255 = 1")
    log.append([draft("one", id="x")], NOON)
    log.append([draft("one", id="x")], NOON)
    assert room.seqs == [1, 2, 3, 3]
    assert seqs(engine) == [2, 3]
    engine.close()
