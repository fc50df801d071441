"""This checkout beside another one of the same project, in paired rounds.

    python -m benchmarks --against DIR

Both servers are up at the same time and take turns of a second, so that a machine whose speed
drifts drifts for both. For each cell: the median of the ratios of the rounds, and an interval that
contains the true median with a probability of at least 95 % (of the order statistics of the
binomial distribution; nothing is assumed of how the ratios are distributed).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import contenders as who
from benchmarks import servers
from benchmarks.cells import Pace, Row, Scene, play
from benchmarks.contenders import Contender, Door
from benchmarks.servers import Cores

# A cell may cost so much more than before; past it, the commit says why.
LIMIT: Final = 1.05
_DOORS: Final = {"text": who.TEXT, "json": who.JSON, "ws": who.WS}
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A median, and where the true one lies."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Sequence[float]) -> Interval:
    """Of at least one value; of fewer than six, the interval is all of them."""
    ordered = sorted(values)
    skipped = _skipped(len(ordered))
    return Interval(median(ordered), ordered[skipped], ordered[-1 - skipped])


def _skipped(count: int) -> int:
    """How many values may be left out at each end."""
    skipped, missed = 0, 2 / 2**count
    while skipped < (count - 1) // 2:
        missed += 2 * comb(count, skipped + 1) / 2**count
        if missed > 1 - _CONFIDENCE:
            break
        skipped += 1
    return skipped


def scenes(other: Path, *, is_quick: bool) -> Iterator[Scene]:
    """Every door, small and large rooms, lone messages and bursts."""
    sizes = (100,) if is_quick else (10, 100, 1000)
    for name, door in _DOORS.items():
        for members in sizes:
            yield Scene(name, members, 64, (1, 16, 256), [_room(door), _room(door, other)])


def _room(door: Door, root: Path = servers.ROOT) -> Contender:
    name = "room" if root == servers.ROOT else "room before"
    return Contender(name, servers.room("--rate", "0", root=root), [door])


def compare(all_scenes: Iterator[Scene], where: Cores, pace: Pace) -> Iterator[str]:
    """A line for each cell."""
    for scene in all_scenes:
        rows = list(play(scene, where, pace))
        for cell in dict.fromkeys(row.cell for row in rows):
            now, before = (row for row in rows if row.cell == cell)
            yield _line(now, before)


def _line(now: Row, before: Row) -> str:
    if now.failed or before.failed:
        return f"{now.cell:28}FAILED: {now.failed or before.failed}"
    pairs = zip(now.turns, before.turns, strict=False)
    ratios = interval([mine.us / its.us for mine, its in pairs])
    verdict = "worse" if ratios.low > LIMIT else "not shown" if ratios.high > LIMIT else "ok"
    us = [row.median(lambda turn: turn.us) for row in (before, now)]
    return f"{now.cell:28}{us[0]:10.3f}{us[1]:10.3f}   {ratios}  {verdict}"


def heading() -> str:
    return (
        f"{'':28}{'before':>10}{'now':>10}   now by before, and 95 %\n"
        f"(CPU µs for a delivery; ok: at most {LIMIT:g} for sure; worse: more for sure)"
    )
