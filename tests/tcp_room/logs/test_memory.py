"""The memory engine: what every engine does, and how it lets go of what is old."""

from __future__ import annotations

import pytest

from tcp_room.events import Topic
from tcp_room.logs.memory import MemoryEngine, MemoryLog
from tcp_room.logs.port import Engine, Page
from tests.tcp_room.logs.test_port import NOON, Listener, LogContract, draft


class TestMemory(LogContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return MemoryEngine("e1", keep_events=1000)


@pytest.fixture
def small() -> tuple[MemoryLog, Listener]:
    room = Listener()
    return MemoryEngine("e1", keep_events=8).open("lobby", room), room


def seqs(log: MemoryLog, after: int, limit: int) -> list[int]:
    pages: list[Page] = []
    log.read(after, limit, pages.append)
    [page] = pages
    assert not isinstance(page, Exception)
    return [record.event.seq for record in page]


def test_it_keeps_what_it_promises_and_little_more(small: tuple[MemoryLog, Listener]) -> None:
    log, _ = small
    for head in range(1, 50):
        log.append([draft()], NOON)
        assert log.head == head
        kept = log.head - log.first + 1
        assert min(8, head) <= kept <= 9


def test_one_large_commit_is_trimmed_too(small: tuple[MemoryLog, Listener]) -> None:
    log, room = small
    log.append([draft()] * 30, NOON)
    assert room.seqs == list(range(1, 31))
    assert (log.first, log.head) == (23, 30)


def test_a_read_of_what_is_gone_begins_with_what_is_kept(
    small: tuple[MemoryLog, Listener],
) -> None:
    log, _ = small
    log.append([draft()] * 30, NOON)
    assert seqs(log, 0, 3) == [23, 24, 25]
    assert seqs(log, 22, 2) == [23, 24]
    assert seqs(log, 24, 100) == list(range(25, 31))


def test_an_id_is_forgotten_together_with_its_event(small: tuple[MemoryLog, Listener]) -> None:
    log, room = small
    log.append([draft(id="x"), draft(id="y")], NOON)
    log.append([draft()] * 8, NOON)
    log.append([draft(id="y"), draft(id="x")], NOON)
    assert room.seqs[-2:] == [11, 12]
    log.append([draft(id="x")], NOON)
    assert room.seqs[-1] == 12


def test_the_topic_outlives_the_event_that_set_it(small: tuple[MemoryLog, Listener]) -> None:
    log, _ = small
    log.append([draft("tea", kind=Topic)], NOON)
    log.append([draft()] * 30, NOON)
    assert log.topic == "tea"


def test_each_life_of_the_process_has_its_own_epoch() -> None:
    logs = [MemoryEngine(epoch, 8).open("lobby", Listener()) for epoch in ("e1", "e2")]
    assert [log.epoch for log in logs] == ["e1", "e2"]


def test_the_log_of_a_closed_room_is_kept_within_a_bound() -> None:
    engine = MemoryEngine("e1", keep_events=8, keep_closed_events=10)
    for room in ("a", "b", "c"):
        log = engine.open(room, Listener())
        log.append([draft()] * 4, NOON)
        log.close()
    assert [engine.holds(room) for room in ("a", "b", "c")] == [False, True, True]
    assert engine.open("b", Listener()).head == 4


def test_a_room_whose_log_was_dropped_has_another_epoch() -> None:
    engine = MemoryEngine("e1", keep_events=8, keep_closed_events=2)
    log = engine.open("a", Listener())
    log.append([draft()] * 4, NOON)
    log.close()
    again = engine.open("a", Listener())
    assert again.head == 0
    assert again.epoch != log.epoch
