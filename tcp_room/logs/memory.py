"""The memory engine: a log that lasts as long as the process. For tests, and `--data :memory:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice

from tcp_room.events import Topic
from tcp_room.logs.port import Draft, Outcome, Page, Record, Sink, number
from tcp_room.retention import Retention


class MemoryLog:
    """A list that begins at `first`, and the ids in it."""

    def __init__(
        self, sink: Sink, epoch: str, keep_events: int, closed: Callable[[], object]
    ) -> None:
        self.epoch = epoch
        self._closed = closed
        self.first = 1
        self.topic = ""
        self._sink = sink
        self._keep = keep_events
        self._records: list[Record] = []
        self._seqs: dict[tuple[str, str], int] = {}
        self._at = 0

    @property
    def head(self) -> int:
        return self.first + len(self._records) - 1

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        self._at = max(self._at, at)
        self._sink.settled([self._keep_one(draft) for draft in drafts])
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
        record = number(draft, self.head + 1, self._at)
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
    """`epoch` names this life of it: no position of another life means anything here."""

    def __init__(self, epoch: str, keep_events: int) -> None:
        self._epoch = epoch
        self._keep = keep_events
        self._logs: dict[str, MemoryLog] = {}

    def open(self, room: str, sink: Sink) -> MemoryLog:
        """What was said in a room that was closed is gone."""
        assert room not in self._logs, room
        closed = partial(self._logs.pop, room)
        log = self._logs[room] = MemoryLog(sink, self._epoch, self._keep, closed)
        return log

    def rooms(self, limit: int) -> Mapping[str, str]:
        held = ((room, log.topic) for room, log in self._logs.items() if log.head)
        return dict(islice(held, limit))

    def holds(self, room: str) -> bool:
        return room in self._logs and self._logs[room].head > 0

    def trim(self, retention: Retention, at: int) -> None:
        """Nothing: what it keeps is bounded already, and gone with the process."""

    def close(self) -> None:
        self._logs.clear()
