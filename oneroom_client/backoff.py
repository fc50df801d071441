"""When to try again: soon at first, then less and less often, and not all at once.

When a server comes back, its members must not come back in step; so each delay
is drawn from a fifth around its middle, and the first one from a whole second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_JITTER: Final = 0.2
# A minute is too long for somebody who looks at the screen, and a second too often for a server
# that is being repaired.
MOST_S: Final = 30.0


class Backoff:
    def __init__(self, random: Callable[[], float]) -> None:
        """`random` gives a float of 0 to 1 each time."""
        self._random = random
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait before the next try."""
        tries, self._tries = self._tries, self._tries + 1
        if tries == 0:
            return self._random()
        middle = min(2.0 ** (tries - 1), MOST_S / (1 + _JITTER))
        return middle * (1 + _JITTER * (2 * self._random() - 1))

    def reset(self) -> None:
        """It was reached."""
        self._tries = 0
