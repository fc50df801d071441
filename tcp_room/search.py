"""A search in a log: backwards, page by page, until enough is found.

It costs nobody else anything. Each page is a step of its own (see `rota`): the whole house reads
one page in a turn of the loop, however many people search. Looking through a page ends when its
time is up and goes on in the next step. All that is read is bounded; to look further back one
asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.events import Logged
from tcp_room.logs.port import Page, Record
from tcp_room.rota import Rota
from tcp_room.text import folded


class Clock(Protocol):
    def time(self) -> float:
        """Monotonic seconds."""


class Source(Protocol):
    """A log to search in: `first` and `read` as in `logs.port.Log`."""

    @property
    def first(self) -> int: ...
    def read(self, after: int, limit: int, done: Callable[[Page], None], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Newest first; everything from `before` on has been read, but for `lost` events."""

    events: Sequence[Logged]
    before: int
    lost: int


def words(wanted: str, limit_chars: int) -> frozenset[str]:
    """The words of a query, folded. Raises RoomError (too_long)."""
    if len(wanted) > limit_chars:
        raise RoomError("too_long", f"search for {limit_chars} characters at most")
    return frozenset(folded(wanted).split())


def contains(event: Logged, words: frozenset[str]) -> bool:
    """Whether all words are somewhere in the message, or in its author's name."""
    said = folded(f"{event.nick} {event.text}")
    return all(word in said for word in words)


class Search:
    """One search. `done` is called once: with what was found, or with an error of the log."""

    def __init__(
        self,
        source: Source,
        rota: Rota,
        clock: Clock,
        config: Config,
        words: frozenset[str],
        before: int,
        limit: int,
        done: Callable[[Found | RoomError], None],
    ) -> None:
        """Looks for at most `limit` messages before the seq `before`."""
        self._source = source
        self._rota = rota
        self._clock = clock
        self._page = config.search_page_events
        self._slice_s = config.search_slice_s
        self._words = words
        self._before = before  # everything from here on has been looked through
        self._last = max(before - config.search_events, source.first)
        self._limit = limit
        self._done: Callable[[Found | RoomError], None] | None = done
        self._found: list[Logged] = []
        self._unseen: list[Record] = []  # of the page at hand; the next one is last
        self._page_from = before
        self._slice_ends = 0.0
        self._lost = 0

    def start(self) -> None:
        if self._words:
            self._rota.add(self._step)
        else:
            self._before = self._source.first
            self._end()

    def stop(self) -> None:
        """Answers with what was found until now: the asker leaves, or searches anew."""
        if self._done is not None:
            self._end()

    def _step(self) -> None:
        if self._done is None:
            return
        # Reading a page of long messages takes its part of the time.
        self._slice_ends = self._clock.time() + self._slice_s
        if self._unseen:
            self._look()
        elif self._before <= self._last:
            self._end()
        else:
            after = max(self._before - 1 - self._page, self._last - 1)
            self._source.read(after, self._before - 1 - after, self._take)

    def _take(self, got: Page) -> None:
        if self._done is None:
            return
        if isinstance(got, RoomError):
            self._answer(got)
            return
        self._page_from = max(self._before - self._page, self._last)
        # A log that was trimmed meanwhile reads on behind what is gone: past the end, too.
        self._unseen = [record for record in got if record.event.seq < self._before]
        kept_from = max(self._page_from, self._source.first)
        self._lost += max(self._before - kept_from, 0) - len(self._unseen)
        self._look()

    def _look(self) -> None:
        """Looks through the page, newest first, until it is through or its time is up."""
        while self._unseen:
            event = self._unseen.pop().event
            self._before = event.seq
            if contains(event, self._words):
                self._found.append(event)
                if len(self._found) == self._limit:
                    self._end()
                    return
            if self._clock.time() > self._slice_ends:
                break
        if self._unseen:
            # Others wait until this page is through, so one page is in memory and not one for each.
            self._rota.add_first(self._step)
        else:
            self._before = self._page_from
            self._rota.add(self._step)

    def _end(self) -> None:
        self._answer(Found(self._found, self._before, self._lost))

    def _answer(self, answer: Found | RoomError) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(answer)
