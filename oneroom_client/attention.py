"""When to ask for a person's attention: who is meant, and what came while nobody looked."""

from __future__ import annotations

from typing import Final

# Who has typed nothing for so long has likely turned to something else.
IDLE_S: Final = 120.0
BELL_EVERY_S: Final = 10.0


def mentions(text: str, nick: str) -> bool:
    """Whether `text` calls somebody by name. Chinese puts no blanks around names, Latin does."""
    text, nick = text.casefold(), nick.casefold()
    start = text.find(nick) if nick else -1
    while start >= 0:
        end = start + len(nick)
        before, behind = text[start - 1 : start], text[end : end + 1]
        if not (_is_word(before + nick[0]) or _is_word(nick[-1] + behind)):
            return True
        start = text.find(nick, start + 1)
    return False


def _is_word(pair: str) -> bool:
    """Whether two neighbours belong to one word of a script that parts its words."""
    return len(pair) == 2 and all(char.isalnum() and char < "\u2e80" for char in pair)


class Unread:
    """Whether a rule is due before what comes, since when, and how much has come since."""

    def __init__(self, now: float) -> None:
        """Times are in seconds of one clock."""
        self._last_key = now
        self._away_since: float | None = None
        self._is_ruled = False
        self.count = 0

    def key(self, now: float) -> None:
        """Something was typed."""
        self._last_key = now
        self._away_since, self._is_ruled, self.count = None, False, 0

    def focus_lost(self, now: float) -> None:
        if self._away_since is None:
            self._away_since, self._is_ruled, self.count = now, False, 0

    def focus_gained(self, now: float) -> None:
        """What was ruled stays ruled; what comes from here on is seen."""
        self.key(now)

    def rule(self, now: float) -> float | None:
        """Something has come. Since when nobody looked, for the first of it; None for the rest."""
        if self._away_since is None and now - self._last_key >= IDLE_S:
            self._away_since = self._last_key
        self.count += self._away_since is not None
        if self._away_since is None or self._is_ruled:
            return None
        self._is_ruled = True
        return self._away_since


class Bell:
    """Rings, but not for each of many."""

    def __init__(self) -> None:
        self._rang = -BELL_EVERY_S

    def rings(self, now: float) -> bool:
        """Somebody was mentioned at `now`: whether to ring."""
        if now - self._rang < BELL_EVERY_S:
            return False
        self._rang = now
        return True
