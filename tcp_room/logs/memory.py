"""The memory engine: a log that lasts as long as the process. For tests, and `--data :memory:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Page, Record, Sink, number, stamp
from tcp_room.retention import Retention


class MemoryLog:
    """A list that begins at `first`, and the ids in it."""

    sink: Sink

    def __init__(self, epoch: str, keep_events: int, closed: Callable[[], object]) -> None:
        self.epoch = epoch
        self._closed = closed
        self.first = 1
        self.topic = ""
        self._keep = keep_events
        self._records: list[Record] = []
        self._seqs: dict[tuple[str, str], int] = {}
        self.latest = 0  # the time of the last event

    def __len__(self) -> int:
        """How many events it contains."""
        return len(self._records)

    @property
    def head(self) -> int:
        return self.first + len(self._records) - 1

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        self.latest = stamp(self.latest, at)
        self.sink.settled([self._keep_one(draft) for draft in drafts])
        self._trim()

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        start = max(after + 1 - self.first, 0)
        done(self._records[start : start + limit])

    def close(self) -> None:
        self._closed()

    def _keep_one(self, draft: Draft) -> Outcome:
        if draft.id is not None:
            seq = self._seqs.setdefault((draft.author, draft.id), self.head + 1)
            if seq <= self.head:
                return self._records[seq - self.first]
        record = number(draft, self.head + 1, self.latest)
        self._records.append(record)
        if draft.kind is Topic:
            self.topic = draft.text
        return record

    def _trim(self) -> None:
        """Lets go of the oldest in batches, so that a list serves: it moves once in many turns."""
        surplus = len(self._records) - self._keep
        if surplus <= self._keep // 8:
            return
        for record in self._records[:surplus]:
            if record.event.id is not None:
                del self._seqs[record.author, record.event.id]
        del self._records[:surplus]
        self.first += surplus


class MemoryEngine:
    """`epoch` names this life of it: no position of another life means anything here.

    The log of a room that was closed is kept, until the closed ones contain more than
    `keep_closed_events` together; then the one that was closed first is dropped.
    """

    def __init__(self, epoch: str, keep_events: int, keep_closed_events: int = 0) -> None:
        """With 0, as many events of closed rooms are kept as of two open ones."""
        self.trouble = ""
        self._epoch = epoch
        self._keep = keep_events
        self._keep_closed = keep_closed_events or 2 * keep_events
        self._logs: dict[str, MemoryLog] = {}
        self._closed: dict[str, MemoryLog] = {}  # the one that was closed first is first
        self._dropped = 0

    def open(self, room: str, sink: Sink) -> MemoryLog:
        assert room not in self._logs, room
        log = self._closed.pop(room, None) or self._new(room)
        log.sink = sink
        self._logs[room] = log
        return log

    def rooms(self, limit: int) -> Mapping[str, str]:
        logs = {**self._closed, **self._logs}
        held = sorted(logs.items(), key=lambda named: named[1].latest, reverse=True)
        return {room: log.topic for room, log in held[:limit] if log.head}

    def holds(self, room: str) -> bool:
        log = self._logs.get(room) or self._closed.get(room)
        return log is not None and log.head > 0

    def trim(self, retention: Retention, at: int) -> None:
        """Nothing: what it keeps is bounded already, and gone with the process."""

    def close(self) -> None:
        self._logs.clear()
        self._closed.clear()

    def _new(self, room: str) -> MemoryLog:
        """Its numbers begin at 1. If a log was dropped, they may have been another's of that room,
        so the epoch is another one."""
        epoch = f"{self._epoch}.{self._dropped}" if self._dropped else self._epoch
        return MemoryLog(epoch, self._keep, partial(self._close, room))

    def _close(self, room: str) -> None:
        log = self._logs.pop(room)
        if log.head:
            self._closed[room] = log
        while sum(len(log) for log in self._closed.values()) > self._keep_closed:
            del self._closed[next(iter(self._closed))]
            self._dropped += 1
