"""What may be in use at a time."""

from __future__ import annotations

from tcp_room.allowance import Allowance


def test_no_more_is_taken_than_is_free() -> None:
    allowance = Allowance(10)
    assert [allowance.take(6), allowance.take(5), allowance.take(4)] == [True, False, True]
    assert allowance.used == 10
    allowance.give_back(6)
    assert allowance.take(6)


def test_a_limit_of_nothing_is_none() -> None:
    allowance = Allowance(0)
    assert allowance.take(1 << 60)
    assert allowance.take(1)
