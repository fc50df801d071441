"""Work of the whole house that is done in small steps, a few of them in each turn of the loop.

Catching up, searching and reading pages of history cost milliseconds each. However many people
ask at once, the loop goes round after a few steps, so that what is said meanwhile is delivered.
Steps are served in the order in which they were added: work that goes on adds its next step at
the end, so everybody advances alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Turns(Protocol):
    """The one call of an event loop that a rota needs."""

    def call_soon(self, callback: Callable[..., object], /, *args: Any) -> object: ...


class Rota:
    __slots__ = ("_is_going", "_per_turn", "_turns", "_waiting")

    def __init__(self, turns: Turns, per_turn: int) -> None:
        """Does at most `per_turn` steps in one turn of the loop."""
        self._turns = turns
        self._per_turn = per_turn
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_going = False

    def __len__(self) -> int:
        """How many steps wait."""
        return len(self._waiting)

    def add(self, step: Callable[[], None]) -> None:
        """Has `step` called in a later turn. A step that raises stops no other: the loop reports
        the exception."""
        self._waiting.append(step)
        if not self._is_going:
            self._is_going = True
            self._turns.call_soon(self._turn)

    def add_first(self, step: Callable[[], None]) -> None:
        """As `add`, before all others: for work that keeps much in memory until it is done."""
        self.add(step)
        self._waiting.rotate(1)

    def _turn(self) -> None:
        for _ in range(min(self._per_turn, len(self._waiting))):
            try:
                self._waiting.popleft()()
            except Exception as error:
                self._turns.call_soon(report, error)
        self._is_going = bool(self._waiting)
        if self._is_going:
            self._turns.call_soon(self._turn)


def report(error: Exception) -> None:
    """Raises `error`: called by the loop, which then reports it and goes on."""
    raise error
