"""What a scenario finds, and the table of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise under one fault. `seen` says what was counted."""

    fault: str
    promise: str
    holds: bool
    seen: str
    # Whether it depends on how fast the machine is: such a promise is no business of the gate.
    is_timed: bool = False

    def row(self, scenario: str) -> str:
        result = "holds" if self.holds else "**FAILS**"
        cells = (scenario, self.fault, self.promise, result, self.seen)
        return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


HEAD: Final = "| scenario | fault | promise | result | counted |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a scenario plays: an empty folder, the checkout whose server runs, and how long."""

    folder: Path
    root: Path
    short: bool = False

    def of(self, long: int, short: int) -> int:
        """A count, by the form that is run."""
        return short if self.short else long


Scenario = Callable[[Ground], Awaitable[Iterable[Finding]]]
SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(function: Scenario) -> Scenario:
    """Registers a scenario by its function's name."""
    SCENARIOS[function.__name__.replace("_", "-")] = function
    return function


class NotTested(Exception):
    """A scenario that this machine cannot play, with the reason."""
