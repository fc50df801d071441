"""Steps of work: some in each turn of the loop, first come first served."""

from __future__ import annotations

import pytest

from tcp_room.rota import Rota
from tests.fakes import FakeLoop


def test_a_turn_of_the_loop_does_so_many_steps_and_no_more() -> None:
    loop = FakeLoop()
    rota, done = Rota(loop, 2), list[int]()
    for number in range(5):
        rota.add(lambda number=number: done.append(number))  # type: ignore[misc]
    counts = []
    while loop.ready:
        loop.turn()
        counts.append(len(done))
    assert done == [0, 1, 2, 3, 4]
    assert counts == [2, 4, 5]


def test_work_that_goes_on_waits_for_the_work_of_others() -> None:
    loop = FakeLoop()
    rota, done = Rota(loop, 1), list[str]()

    def long(name: str, steps: int) -> None:
        done.append(name)
        if steps > 1:
            rota.add(lambda: long(name, steps - 1))

    rota.add(lambda: long("a", 3))
    rota.add(lambda: long("b", 2))
    loop.settle()
    assert done == ["a", "b", "a", "b", "a"]


def test_work_that_keeps_much_in_memory_is_done_first() -> None:
    loop = FakeLoop()
    rota, done = Rota(loop, 1), list[str]()

    def large(steps: int) -> None:
        done.append("large")
        if steps > 1:
            rota.add_first(lambda: large(steps - 1))

    rota.add(lambda: large(3))
    rota.add(lambda: done.append("small"))
    loop.settle()
    assert done == ["large", "large", "large", "small"]


def test_a_step_that_breaks_is_reported_and_stops_no_other() -> None:
    loop = FakeLoop()
    rota, done = Rota(loop, 3), list[int]()

    def breaks() -> None:
        raise ZeroDivisionError

    for step in (breaks, lambda: done.append(1)):
        rota.add(step)
    with pytest.raises(ZeroDivisionError):
        loop.settle()
    loop.settle()
    assert done == [1]
    rota.add(lambda: done.append(2))
    loop.settle()
    assert done == [1, 2]


def test_it_rests_when_there_is_nothing_to_do() -> None:
    loop = FakeLoop()
    rota = Rota(loop, 1)
    rota.add(lambda: None)
    assert len(rota) == 1
    loop.settle()
    assert (len(rota), loop.ready) == (0, [])
