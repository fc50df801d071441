"""Times as people write them: 10s, 500ms, 2m, 1h, or a plain number of seconds."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_WRITTEN: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)")


def seconds(written: str) -> float:
    """Raises ValueError."""
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        raise ValueError(f"{written!r} is no time; 10s, 500ms, 2m and 1h are")
    return float(found[1]) * _UNITS[found[2]]
