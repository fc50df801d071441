"""What the room has to reach, each bar a number measured in this run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.report import Line

_ONE = "100 x 1, 64 B"
_MANY = "100 x 256, 64 B"


@dataclass(frozen=True, slots=True)
class Bar:
    """`measured` is None if something it needs was not measured, or failed."""

    name: str
    limit: float
    is_floor: bool  # whether measured must be at least the limit, or at most
    measured: float | None
    unit: str = "x"

    @property
    def is_reached(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.is_floor else self.measured <= self.limit

    def __str__(self) -> str:
        verdict = {True: "reached", False: "MISSED", None: "not measured"}[self.is_reached]
        measured = "-" if self.measured is None else f"{self.measured:.2f} {self.unit}"
        bound = "at least" if self.is_floor else "at most"
        return f"{self.name:64}{bound:>9} {self.limit:g} {self.unit:3}{measured:>12}  {verdict}"


class _Lines:
    """The lines of a run, by what they are about."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = {(line.section, line.cell, line.name): line for line in lines}

    def ratio(self, cell: str, name: str) -> float | None:
        """What one in that cell costs, by the room's cost."""
        line = self._lines.get(("fan-out", cell, name))
        return line.ratio if line else None

    def figure(self, section: str, cell: str, name: str, figure: str) -> float | None:
        found = [
            line
            for (where, what, who), line in self._lines.items()
            if where == section and what.startswith(cell) and who == name
        ]
        return found[0].figures.get(figure) if found else None


def judge(lines: Sequence[Line]) -> list[Bar]:
    """The bars, in the order in which they were set."""
    return [*_fan_out(_Lines(lines)), *_others(_Lines(lines))]


def _fan_out(lines: _Lines) -> Iterator[Bar]:
    yield _floor("text", 1.25, lines)
    yield _ahead("text", _ONE, "nats", 1.3, lines)
    yield _floor("ws", 1.4, lines)
    yield _ahead("ws", _ONE, "websockets", 1.3, lines)
    yield _ahead("ws", _ONE, "aiohttp", 1.3, lines)
    yield _ahead("text", _MANY, "nats", 3, lines)
    yield _ahead("text", _MANY, "mosquitto", 50, lines)
    yield _ahead("text", _MANY, "threads", 50, lines)
    yield _ahead("text", _MANY, "selectors", 50, lines)
    nats, text = lines.ratio(f"text {_MANY}", "nats"), _us(lines, f"text {_MANY}")
    over_ws = _quotient(text, _us(lines, f"ws {_MANY}"))
    behind = None if nats is None or over_ws is None else nats * over_ws
    yield Bar("ws 100 x 256 ahead of nats on TCP", 2, True, behind)
    yield _ahead("ws", _MANY, "websockets", 40, lines)
    yield _ahead("text", "8000 x 64, 64 B", "nats", 4, lines)
    grown = _quotient(_us(lines, "text 8000 x 64, 64 B"), _us(lines, "text 1000 x 64, 64 B"))
    yield Bar("text x 64: a delivery to 8,000 by one to 1,000", 2, False, grown)


def _others(lines: _Lines) -> Iterator[Bar]:
    p99 = [lines.figure("latency", "", name, "p99_ms") for name in ("room", "nats")]
    yield Bar("open loop of 1,000/s: p99 by that of nats", 0.5, False, _quotient(*p99))
    for name, limit in (("room", 3.0), ("room ws", 16.0)):
        kb = lines.figure("memory", "8000", name, "kb_per_member")
        yield Bar(f"memory of one of 8,000 idle: {name}", limit, False, kb, "KB")
    for cell in (_ONE, _MANY):
        line = lines.ratio(f"flood {cell}", "room, limited")
        yield Bar(f"flood control on, {cell}", 1.05, False, line)
    small = lines.figure("beside", "2 beside 8000", "room", "p99_ms")
    yield Bar("a room of 2 beside one of 8,000 under load: p99", 20, False, small, "ms")


def _floor(door: str, limit: float, lines: _Lines) -> Bar:
    ratio = lines.ratio(f"{door} {_ONE}", "floor")
    return Bar(f"{door} 100 x 1 by the floor", limit, False, _quotient(1.0, ratio))


def _ahead(door: str, cell: str, name: str, limit: float, lines: _Lines) -> Bar:
    what = f"{door} {cell.partition(',')[0]} ahead of {name}"
    return Bar(what, limit, True, lines.ratio(f"{door} {cell}", name))


def _us(lines: _Lines, cell: str) -> float | None:
    return lines.figure("fan-out", cell, "room", "us")


def _quotient(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other
