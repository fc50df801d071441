"""A search in a log: backwards, page by page, until enough is found.

A log on another machine answers later, and one in this process must not hold
the loop, so each page is asked for in a turn of its own. What has been read
through is bounded; who asked goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.events import Logged
from tcp_room.logs.port import Log, Page
from tcp_room.text import folded


class Turns(Protocol):
    def call_soon(self, callback: Callable[..., object], /, *args: Any) -> object: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Newest first; all from `before` on has been read."""

    events: Sequence[Logged]
    before: int


def words(wanted: str, limit_chars: int = 200) -> frozenset[str]:
    """The words of a query, folded. Raises RoomError (too_long)."""
    if len(wanted) > limit_chars:
        raise RoomError("too_long", f"search for {limit_chars} characters at most")
    return frozenset(folded(wanted).split())


def holds(event: Logged, words: frozenset[str]) -> bool:
    """Whether all words are somewhere in the message, or in its author's name."""
    said = folded(f"{event.nick} {event.text}")
    return all(word in said for word in words)


class Search:
    def __init__(
        self,
        log: Log,
        turns: Turns,
        config: Config,
        words: frozenset[str],
        before: int,
        limit: int,
        done: Callable[[Found | RoomError], None],
    ) -> None:
        self._log = log
        self._turns = turns
        self._page = config.page_events
        self._words = words
        self._before = before
        self._last = max(before - config.search_events, log.first)
        self._limit = limit
        self._done = done
        self._found: list[Logged] = []

    def start(self) -> None:
        if self._words:
            self._read()
        else:
            self._done(Found([], self._log.first))

    def _read(self) -> None:
        if self._before <= self._last:
            self._done(Found(self._found, self._before))
            return
        after = max(self._before - 1 - self._page, self._last - 1)
        self._log.read(after, self._before - 1 - after, self._look)

    def _look(self, got: Page) -> None:
        if isinstance(got, RoomError):
            self._done(got)
            return
        for record in reversed(got):
            event = record.event
            if holds(event, self._words):
                self._found.append(event)
                if len(self._found) == self._limit:
                    self._done(Found(self._found, event.seq))
                    return
        self._before = max(self._before - self._page, self._last)
        self._turns.call_soon(self._read)
