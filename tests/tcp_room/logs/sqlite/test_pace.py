"""How fast storage is."""

from __future__ import annotations

from tcp_room.logs.sqlite.pace import Pace


def test_storage_is_slow_from_the_first_time_until_it_has_been_fast_for_a_while() -> None:
    pace = Pace(0.01, 2.0)
    was_slow = []
    for seconds, now in ((0.001, 0), (0.02, 1), (0.001, 2), (0.02, 2.5), (0.001, 4), (0.001, 5)):
        pace.took(seconds, now)
        was_slow.append(pace.is_slow)
    assert was_slow == [False, True, True, True, True, False]


def test_storage_that_was_slow_the_last_time_stays_slow_however_long_ago_that_was() -> None:
    pace = Pace(0.01, 2.0)
    pace.took(0.02, 0)
    pace.took(0.02, 1000)
    assert pace.is_slow
