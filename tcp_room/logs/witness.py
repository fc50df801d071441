"""An engine whose logs tell a witness, too, of what was added to them here.

For what follows from something said and is no member: outgoing hooks. The
witness hears of each event once, after the room has, and must not wait. What
other nodes added it is not told: they have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tcp_room.events import Logged
from tcp_room.logs.port import Engine, Log, Outcome, Record, Sink
from tcp_room.retention import Retention

# The room's name, the log's epoch, the event.
Witness = Callable[[str, str, Logged], None]


class WitnessedEngine:
    """The engine behind it, for all else."""

    def __init__(self, engine: Engine, witness: Witness) -> None:
        self._engine = engine
        self._witness = witness

    @property
    def trouble(self) -> str:
        return self._engine.trouble

    def open(self, room: str, sink: Sink, /) -> Log:
        hearing = _Hearing(room, sink, self._witness)
        log = self._engine.open(room, hearing)
        hearing.attend(log)
        return log

    def rooms(self, limit: int, /) -> Mapping[str, str]:
        return self._engine.rooms(limit)

    def holds(self, room: str, /) -> bool:
        return self._engine.holds(room)

    def trim(self, retention: Retention, at: int, /) -> None:
        self._engine.trim(retention, at)

    def close(self) -> None:
        self._engine.close()


class _Hearing:
    """A room's sink, with the witness behind it."""

    def __init__(self, room: str, sink: Sink, witness: Witness) -> None:
        self._room, self._sink, self._witness = room, sink, witness

    def attend(self, log: Log) -> None:
        self._log, self._head = log, log.head

    def settled(self, outcomes: Sequence[Outcome], /) -> None:
        self._sink.settled(outcomes)
        for outcome in outcomes:
            # A lower one is the first answer to an id that was posted again.
            if isinstance(outcome, Record) and outcome.event.seq > self._head:
                self._head = outcome.event.seq
                self._witness(self._room, self._log.epoch, outcome.event)

    def arrived(self, records: Sequence[Record], /) -> None:
        self._sink.arrived(records)
        self._head = max([self._head, *(record.event.seq for record in records)])
