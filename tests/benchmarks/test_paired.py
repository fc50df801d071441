"""Two checkouts in paired rounds, and what may be said of the ratios."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import paired, servers
from benchmarks.cells import Pace, Scene
from benchmarks.contenders import TEXT, Contender
from benchmarks.paired import compare, interval
from benchmarks.servers import cores


@pytest.mark.parametrize(
    ("count", "skipped"),
    [(1, 0), (5, 0), (6, 0), (9, 1), (15, 3), (20, 5)],
)
def test_the_interval_is_that_of_the_order_statistics(count: int, skipped: int) -> None:
    """The table is in every textbook on the sign test."""
    values = [float(number) for number in range(count)]
    found = interval(values)
    assert (found.low, found.high) == (values[skipped], values[-1 - skipped])
    assert found.low <= found.middle <= found.high


def test_a_checkout_beside_itself_is_compared_in_each_cell() -> None:
    room = [Contender(name, servers.room("--rate", "0"), [TEXT]) for name in ("room", "before")]
    scene = Scene("text", 4, 64, (1, 8), room)
    lines = list(compare(iter([scene]), cores(), Pace(rounds=2, seconds=0.05)))
    assert [line.split(",")[0] for line in lines] == ["text 4 x 1", "text 4 x 8"]
    assert all(line.endswith(("ok", "not shown", "worse")) for line in lines)


def test_every_door_is_compared_with_the_other_checkout(tmp_path: Path) -> None:
    scenes = list(paired.scenes(tmp_path, is_quick=True))
    assert [scene.door for scene in scenes] == ["text", "json", "ws"]
    for scene in scenes:
        here, there = scene.contenders
        assert (here.command.root, there.command.root) == (servers.ROOT, tmp_path)
