"""An amount that may be in use at a time, in the whole house."""

from __future__ import annotations


class Allowance:
    __slots__ = ("_limit", "used")

    def __init__(self, limit: int) -> None:
        """At most `limit` may be in use; 0 means no limit."""
        self._limit = limit
        self.used = 0

    def take(self, amount: int) -> bool:
        """Takes `amount` if it is free; returns whether it was."""
        if self._limit and self.used + amount > self._limit:
            return False
        self.used += amount
        return True

    def give_back(self, amount: int) -> None:
        self.used -= amount
