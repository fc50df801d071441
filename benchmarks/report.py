"""What was measured, as lines: for the table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from benchmarks.cells import Row, cost_ratio


@dataclass(slots=True)
class Line:
    """One contender in one cell. `figures` by name, with the unit in it; `ratio`: how much more
    it costs than the room, which has 1."""

    section: str
    cell: str
    name: str
    figures: dict[str, float] = field(default_factory=dict)
    ratio: float | None = None
    note: str = ""
    failed: str = ""
    skipped: str = ""
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figure: str, value: float) -> None:
        self.samples.setdefault(figure, []).append(value)

    def settle(self) -> None:
        """The figures are the medians of what was added."""
        self.figures = {name: median(values) for name, values in self.samples.items()}


def fan_out(rows: Sequence[Row]) -> Iterable[Line]:
    """The lines of the rows of one cell."""
    room = next((row for row in rows if row.name == "room"), None)
    for row in rows:
        line = Line("fan-out", row.cell, row.name, failed=row.failed, skipped=row.skipped)
        if row.turns:
            line.figures = {
                "per_s": row.median(lambda turn: turn.per_s),
                "us": row.median(lambda turn: turn.us),
                "server": row.median(lambda turn: turn.server),
                "generator": row.generator,
            }
            line.samples = {"us": [turn.us for turn in row.turns]}
            line.note = row.note
            line.ratio = cost_ratio(row, room) if room else None
        yield line


_COLUMNS = {
    "per_s": ("per second", "{:,.0f}"),
    "us": ("CPU µs each", "{:.3f}"),
    "p50_ms": ("p50 ms", "{:.2f}"),
    "p99_ms": ("p99 ms", "{:.2f}"),
    "kb_per_member": ("KB/member", "{:.1f}"),
    "server": ("server", "{:.0%}"),
    "generator": ("generator", "{:.0%}"),
}


def heading() -> str:
    columns = "".join(f"{title:>13}" for title, _ in _COLUMNS.values())
    return f"{'':34}{'':14}{'x room':>8}{columns}"


def row(line: Line) -> str:
    """One line of the table."""
    head = f"{line.section + ' ' + line.cell:34.34}{line.name:14}"
    if line.skipped:
        return f"{head}SKIPPED: {line.skipped}"
    if line.failed:
        return f"{head}FAILED: {line.failed}"
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    columns = "".join(
        f"{form.format(line.figures[name]) if name in line.figures else '':>13}"
        for name, (_, form) in _COLUMNS.items()
    )
    return f"{head}{ratio:>8}{columns}  {line.note}".rstrip()


def as_json(lines: Sequence[Line], bars: Sequence[object], machine: dict[str, str]) -> str:
    return json.dumps(
        {
            "machine": machine,
            "lines": [asdict(line) for line in lines],
            "bars": [asdict(bar) for bar in bars],  # type: ignore[call-overload]
        },
        indent=1,
    )
