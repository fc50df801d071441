"""A flood costs each turn of the loop no more than its budget, and delays nobody who types."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.config import Config
from tcp_room.intake import ENDED, SESSION, TURN, Intake, Reading
from tests.fakes import FakeLoop

CONFIG = Config(read_bytes=16, turn_read_bytes=40, small_read_bytes=4)


class Transport:
    """A transport without a socket that says whether it is read."""

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.closing = False

    @property
    def is_read(self) -> bool:
        return not self.changes or self.changes[-1] == "resume"

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.changes.append("pause")

    def resume_reading(self) -> None:
        self.changes.append("resume")

    def abort(self) -> None:
        self.closing = True


class Pipe:
    """An inlet that remembers what it took in."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.reading = Reading(self.transport)
        self.taken: list[bytes] = []
        self.breaks = False

    def take_in(self, data: bytes, /) -> None:
        if self.breaks:
            raise ValueError("a defect of this door")
        self.taken.append(data)


class Doors:
    """Some connections to one intake."""

    def __init__(self, count: int) -> None:
        self.loop = FakeLoop()
        self.intake = Intake(self.loop, CONFIG)
        self.pipes = [Pipe() for _ in range(count)]

    def are_read(self) -> list[bool]:
        return [pipe.transport.is_read for pipe in self.pipes]

    def send(self, number: int, data: bytes) -> None:
        self.intake.buffer[: len(data)] = data
        self.intake.received(self.pipes[number], len(data))


def test_a_read_within_the_budget_is_handled_at_once_and_costs_nothing_else() -> None:
    doors = Doors(1)
    for _ in range(5):
        doors.send(0, b"hi\n")
    assert doors.pipes[0].taken == [b"hi\n"] * 5
    assert (doors.pipes[0].transport.changes, doors.loop.ready) == ([], [])


def test_a_busy_connection_is_read_on_until_the_budget_is_spent() -> None:
    doors = Doors(1)
    for _ in range(2):
        doors.send(0, b"x" * 16)
    assert doors.pipes[0].transport.changes == []
    doors.send(0, b"x" * 16)
    assert doors.pipes[0].taken == [b"x" * 16] * 3
    assert doors.pipes[0].transport.changes == ["pause"]
    doors.loop.turn()
    assert doors.pipes[0].transport.changes == ["pause", "resume"]
    assert doors.loop.ready == []


def test_reads_over_the_budget_are_handled_in_the_next_turns_oldest_first() -> None:
    doors = Doors(8)
    for number in range(8):
        doors.send(number, b"%d" % number * 16)
    assert [len(pipe.taken) for pipe in doors.pipes] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert doors.are_read() == [True, True, *[False] * 6]
    doors.loop.turn()
    assert [len(pipe.taken) for pipe in doors.pipes] == [1, 1, 1, 1, 1, 1, 0, 0]
    doors.loop.settle()
    assert [pipe.taken for pipe in doors.pipes] == [[b"%d" % n * 16] for n in range(8)]
    assert all(pipe.transport.is_read for pipe in doors.pipes)


def test_people_who_type_never_wait_for_a_flood() -> None:
    doors = Doors(50)
    for number in range(49):
        doors.send(number, b"x" * 16)
    doors.send(49, b"hi\n")
    assert doors.pipes[49].taken == [b"hi\n"]


def test_small_reads_have_a_budget_too() -> None:
    doors = Doors(50)
    for number in range(50):
        doors.send(number, b"hi!\n")
    assert sum(bool(pipe.taken) for pipe in doors.pipes) == 10
    doors.loop.turn()
    assert sum(bool(pipe.taken) for pipe in doors.pipes) == 20


def test_what_a_lost_connection_left_is_handed_back_once() -> None:
    doors = Doors(4)
    for number in range(4):
        doors.send(number, b"x" * 16)
    assert doors.intake.forget(doors.pipes[3]) == b"x" * 16
    assert doors.intake.forget(doors.pipes[3]) == b""
    doors.loop.settle()
    assert doors.pipes[3].taken == []


def test_a_door_that_raises_is_cut_and_stops_nobody_else() -> None:
    doors = Doors(6)
    doors.pipes[3].breaks = True
    for number in range(6):
        doors.send(number, b"x" * 16)
    with pytest.raises(ValueError, match="a defect"):
        doors.loop.settle()
    doors.loop.settle()
    assert doors.pipes[3].transport.closing
    assert [len(pipe.taken) for pipe in doors.pipes] == [1, 1, 1, 0, 1, 1]


def test_a_connection_is_read_when_no_reason_is_left_to_pause_it() -> None:
    transport = Transport()
    reading = Reading(transport)
    reading.pause(SESSION)
    reading.pause(TURN)
    reading.pause(TURN)
    reading.resume(SESSION)
    assert transport.changes == ["pause"]
    reading.resume(ENDED)
    assert transport.changes == ["pause"]
    reading.resume(TURN)
    reading.resume(TURN)
    assert transport.changes == ["pause", "resume"]


def test_a_closed_transport_is_left_alone() -> None:
    transport = Transport()
    reading = Reading(transport)
    reading.pause(TURN)
    transport.closing = True
    reading.resume(TURN)
    reading.pause(TURN)
    assert transport.changes == ["pause"]


def test_input_without_lines_pauses_its_connection_until_the_budget_is_there_again() -> None:
    doors = Doors(2)
    _, flooding = doors.pipes
    doors.intake.charge(flooding.reading, CONFIG.lineless_burst_bytes)
    assert doors.are_read() == [True, True]
    doors.intake.charge(flooding.reading, 3 * CONFIG.lineless_bytes_per_s)
    assert doors.are_read() == [True, False]
    doors.loop.advance(2.9)
    assert doors.are_read() == [True, False]
    doors.loop.advance(0.2)
    assert doors.are_read() == [True, True]


READS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 16)), max_size=60)


@given(READS, st.sets(st.integers(0, 60)))
def test_each_connection_keeps_its_order_and_no_turn_exceeds_its_budget(
    reads: list[tuple[int, int]], turns: set[int]
) -> None:
    doors = Doors(6)
    sent = [b""] * 6
    handled = 0

    def end_turn() -> None:
        nonlocal handled
        total = sum(len(data) for pipe in doors.pipes for data in pipe.taken)
        assert total - handled <= 2 * CONFIG.turn_read_bytes + CONFIG.read_bytes + 4
        handled = total
        doors.loop.turn()

    for step, (number, size) in enumerate(reads):
        if step in turns:
            end_turn()
        if doors.pipes[number].transport.is_read:
            data = bytes([step]) * size
            sent[number] += data
            doors.send(number, data)
    while doors.loop.ready:
        end_turn()
    assert [b"".join(pipe.taken) for pipe in doors.pipes] == sent
    assert all(pipe.transport.is_read for pipe in doors.pipes)
    assert all(
        count <= 2 * len(pipe.taken)
        for pipe in doors.pipes
        for count in Counter(pipe.transport.changes).values()
    )
