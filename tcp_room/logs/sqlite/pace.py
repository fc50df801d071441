"""How fast storage is: whether the loop's thread may wait for it."""

from __future__ import annotations


class Pace:
    """Slow from the first time that it took long, until nothing has for a while."""

    def __init__(self, slow_s: float, calm_s: float) -> None:
        """It is slow if it takes longer than `slow_s`, and for `calm_s` after that."""
        self.is_slow = False
        self._slow_s, self._calm_s = slow_s, calm_s
        self._slow_at = 0.0

    def took(self, seconds: float, now: float) -> None:
        """Both in seconds; `now` by a clock that does not step."""
        if seconds > self._slow_s:
            self.is_slow, self._slow_at = True, now
        elif self.is_slow and now - self._slow_at > self._calm_s:
            self.is_slow = False
