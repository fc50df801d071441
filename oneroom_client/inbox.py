"""Events that the room has told and the program has not read yet, in order.

Memory is bounded in bytes of the wire. A program that only speaks does not read: for it, the
oldest events are dropped, and a `gap` of reason `missed` stands for those of the log.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tcp_room import events

# Beyond one of these nothing more is read from the server, unless an answer is awaited. The
# server waits too, and nothing is lost.
KEPT_EVENTS: Final = 10_000
KEPT_BYTES: Final = 8 << 20
# Beyond this the oldest ones are dropped. As objects they take some times as much.
MOST_BYTES: Final = 32 << 20
# What an event takes beside its line.
_EVENT_BYTES: Final = 256


class Inbox:
    def __init__(self) -> None:
        self._kept: deque[tuple[events.Event, int]] = deque()
        self._bytes = 0
        self._missed: tuple[int, int] | None = None  # seqs of the first and last one dropped
        self._log: tuple[str, str] | None = None  # the one they are of

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def is_full(self) -> bool:
        """Whether to stop reading from the server, if no answer is awaited."""
        return len(self._kept) >= KEPT_EVENTS or self._bytes >= KEPT_BYTES

    def put(self, event: events.Event, size: int) -> None:
        """`size`: bytes of its line."""
        size += _EVENT_BYTES
        self._kept.append((event, size))
        self._bytes += size
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._drop()

    def take(self) -> events.Event | None:
        """The next event, or None."""
        if self._missed is not None:
            first, last = self._missed
            self._missed = None
            return events.Gap(first, last, "missed")
        return self._pop() if self._kept else None

    def _drop(self) -> None:
        event = self._pop()
        if isinstance(event, events.Welcome):
            log = (event.room, event.epoch)
            if self._log not in (None, log):
                self._missed = None  # the numbers are those of another log
            self._log = log
        elif isinstance(event, events.Logged):
            first = self._missed[0] if self._missed else event.seq
            self._missed = (first, event.seq)

    def _pop(self) -> events.Event:
        event, size = self._kept.popleft()
        self._bytes -= size
        return event
