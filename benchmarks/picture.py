"""The table's heart as a picture: how many times the room's cost a delivery costs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Final

from benchmarks.report import Line

_WIDTH, _LEFT, _RIGHT = 760, 160, 70
_BAR, _GAP, _HEAD = 16, 6, 34
_COLORS: Final = {"room": "#2563eb", "floor": "#9ca3af"}
_OTHER: Final = "#64748b"
_NAMES: Final = {
    "floor": "bare send()",
    "nats": "nats-server",
    "threads": "a thread for each",
    "streams": "asyncio streams",
    "websockets": "websockets.broadcast",
    "aiohttp": "aiohttp's send_str",
}
_DOORS: Final = {"text": "Lines over TCP", "ws": "WebSocket"}


def draw(lines: Sequence[Line], cells: Sequence[str]) -> str:
    """An SVG of those cells of the fan-out that have ratios, on a scale of powers of ten."""
    groups = [(cell, _of(lines, cell)) for cell in cells]
    groups = [(cell, shown) for cell, shown in groups if shown]
    widest = max((line.ratio or 1 for _, shown in groups for line in shown), default=10)
    scale = (_WIDTH - _LEFT - _RIGHT) / (log10(max(widest, 10)) + 0.5)
    parts, y = [], 28
    for cell, shown in groups:
        parts.append(_text(8, y + 16, _caption(cell), "bold"))
        y += _HEAD
        for line in shown:
            parts.append(_bar(y, line, scale))
            y += _BAR + _GAP
    title = _text(8, 18, "What a delivery costs the server: so many times what it costs the room")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}"'
        ' font-family="system-ui, sans-serif" font-size="13">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{title}{"".join(parts)}</svg>\n'
    )


def _caption(cell: str) -> str:
    """As of `text 100 x 16, 64 B`, in words."""
    door, members, _, in_flight, *_ = cell.replace(",", " ").split()
    messages = "message" if in_flight == "1" else "messages"
    return f"{_DOORS.get(door, door)}, {members} members, {in_flight} {messages} on their way"


def _of(lines: Sequence[Line], cell: str) -> list[Line]:
    shown = [line for line in lines if line.section == "fan-out" and line.cell == cell]
    return sorted((line for line in shown if line.ratio), key=lambda line: line.ratio or 0)


def _bar(y: int, line: Line, scale: float) -> str:
    ratio = line.ratio or 1
    width = max((log10(ratio) + 0.5) * scale, 2)
    color = _COLORS.get(line.name, _OTHER)
    return (
        _text(_LEFT - 8, y + 13, _NAMES.get(line.name, line.name), anchor="end")
        + f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}" fill="{color}"/>'
        + _text(round(_LEFT + width + 6), y + 13, f"{ratio:.0f}" if ratio > 10 else f"{ratio:.2g}")
    )


def _text(x: int, y: int, text: str, weight: str = "normal", anchor: str = "start") -> str:
    return (
        f'<text x="{x}" y="{y}" fill="#111827" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
