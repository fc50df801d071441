from __future__ import annotations

import re

from tests.demos.lecture import shown_by


def test_thread_1_makes_threads_both_ways() -> None:
    shown = shown_by("thread_1")
    assert [int(number) for number in re.findall(r"target: (\d)", shown)] == [1, 2, 3]
    assert "before start: alive False" in shown
    assert "after join: alive False" in shown
    assert "1 + … + 10 = 55" in shown
    assert "join(0.05) gave up, the thread did not: alive True" in shown
    assert "daemon" in shown  # and it has ended, which a sleep of an hour would not


def test_thread_2_loses_nothing_with_a_lock() -> None:
    shown = shown_by("thread_2")
    unlocked, locked = (int(total) for total in re.findall(r"a lock: +(\d+)", shown))
    assert unlocked < locked == 4000
    answers = re.findall(r"acquire\(.*?\) +(True|False)", shown)
    assert answers == ["True", "False", "False", "True"]
    assert re.findall(r"R?Lock, .*?: +(True|False)", shown) == ["False", "True", "False"]


def test_thread_3_waits_for_goods_seats_and_queues() -> None:
    shown = shown_by("thread_3")
    assert f"taken: {list(range(10))}" in shown
    most = re.search(r"never more than (\d)", shown)
    assert most is not None
    assert 1 <= int(most[1]) <= 3
    assert "at most 2 at a time" in shown
    assert re.findall(r"out \[(.*?)\]", shown) == ["2, 3, 1", "1, 3, 2", "1, 2, 3"]
    assert "queue.Empty" in shown


def test_thread_4_releases_all_at_once_and_breaks_on_time_out() -> None:
    shown = shown_by("thread_4")
    assert shown.index("action: all are here") < shown.index("released (number")
    assert shown.count("released (number") == 3
    assert shown.count("action:") == 1
    assert "before the last arrived, released: 0" in shown
    assert shown.count("the barrier is broken") == 3
    assert "after reset(): broken False" in shown


def test_the_five_io_models_read_the_same() -> None:
    shown = shown_by("io_models")
    models = ["blocking", "non-blocking", "multiplexed", "signal-driven", "asynchronous"]
    assert re.findall(r"^(\S+) +hello after", shown, re.MULTILINE) == models
    asked = re.search(r"asked (\d+) times in vain", shown)
    assert asked is not None
    assert int(asked[1]) > 100
    worked = [int(number) for number in re.findall(r"did (\d+) bits of work", shown)]
    assert len(worked) == 2
    assert min(worked) > 1
