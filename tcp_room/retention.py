"""What a log keeps: a count, an age and a size, each if it is given.

    --keep "100000 90d 2GB"     of each room the last 100,000 events, none older than 90 days,
                                and of all rooms together no more than two gigabytes

The last event of a room is kept whatever it is: it carries the number and the
time that the next one follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

_PART: Final = re.compile(r"(\d+)\s*([a-z]*)", re.IGNORECASE)
_AGES_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_SIZES: Final = {"kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4}


@dataclass(frozen=True, slots=True)
class Retention:
    """0 means without a bound."""

    events: int = 0
    age_s: int = 0
    size_bytes: int = 0

    def __bool__(self) -> bool:
        return bool(self.events or self.age_s or self.size_bytes)


# Clocks run apart by less than this between two trims.
_DRIFT_MS: Final = 60_000


class Aging(msgspec.Struct, frozen=True):
    """How far trimming by age has come, so that a clock that steps forward deletes nothing.

    All in ms: `cutoff` and `wall` since 1970, `uptime` since the start of the machine that is
    called `boot`. `until` is the wall time at which the clock stepped forward, 0 if it has not:
    then only what has aged by `uptime` is trimmed, until everything from before the step has.
    """

    cutoff: int
    wall: int
    uptime: int
    boot: str
    until: int = 0

    def after(self, now: int, uptime: int, boot: str, age_ms: int) -> Aging:
        """The next one: its `cutoff` is the time before which events are to be deleted."""
        is_same_boot = bool(boot) and boot == self.boot
        passed = uptime - self.uptime if is_same_boot else max(now - self.wall, 0)
        wanted, aged = now - age_ms, self.cutoff + max(passed, 0)
        has_all_aged = self.until and aged >= self.until
        if wanted <= aged + _DRIFT_MS or has_all_aged:
            return Aging(wanted, now, uptime, boot)
        return Aging(aged, now, uptime, boot, self.until or self.wall)


def parse(text: str) -> Retention:
    """Raises ValueError with a sentence."""
    found: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(_HOW.format(part))
        number, unit = int(match[1]), match[2].lower()
        name, factor = _meaning(unit, part)
        found[name] = number * factor
    return Retention(**found)


_HOW: Final = "{!r} is no count (100000), age (90d, 12h) or size (500MB, 2GB)"


def _meaning(unit: str, part: str) -> tuple[str, int]:
    if unit in ("", "events"):
        return "events", 1
    if unit in _AGES_S:
        return "age_s", _AGES_S[unit]
    if unit in _SIZES:
        return "size_bytes", _SIZES[unit]
    raise ValueError(_HOW.format(part))
