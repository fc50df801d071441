"""The drill's table, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.drill.trial import Row

_COLUMNS: Final = (
    "attack", "from", "opened, sent", "p99 before", "p99 during", "max", "lost",
    "MiB peak", "MiB after", "stderr", "500s", "server CPU", "",
)  # fmt: skip


def heading() -> str:
    return f"{_line(_COLUMNS)}\n|{'|'.join(['---', '---', *['--:'] * 10, '---'])}|"


def line(row: Row, members_address: str) -> str:
    spent = row.spent
    return _line(
        [
            row.attack,
            "same" if row.source == members_address else "other",
            f"{spent.opened:,} x, {spent.sent * 8 / 1e6 / max(spent.seconds, 0.1):.1f} Mbit/s",
            _ms(row.before_ms),
            _ms(row.during_ms),
            _ms(row.max_ms),
            f"{row.lost + row.again} of {row.deliveries}" + (f", {row.cut} cut" if row.cut else ""),
            f"{row.memory_peak:+.0f}",
            f"{row.memory_after:+.0f}",
            str(row.error_lines),
            str(spent.status_500),
            f"{row.processor:.0%}",
            f"FAIL: {', '.join(row.faults)}" if row.faults else "ok",
        ]
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"
