"""Small real fakes: an event loop without I/O, an outlet that remembers what was written, engines
that fail or take their time."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec

from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.events import Event, Presence, Say, Topic
from tcp_room.hall import Hall
from tcp_room.logs.memory import MemoryEngine, MemoryLog
from tcp_room.logs.port import Draft, Engine, Outcome, Page, Record, Sink, number, stamp
from tcp_room.member import Member, Why
from tcp_room.retention import Retention
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON, View


class Timer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeLoop:
    """`tcp_room.room.Scheduler` with a clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ready: list[Callable[[], object]] = []
        self._later: list[tuple[float, int, Timer]] = []
        self._order = count()
        self.turns = 0

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., object], /, *args: Any) -> None:
        self.ready.append(lambda: callback(*args))

    def call_later(self, delay: float, callback: Callable[..., object], /, *args: Any) -> Timer:
        timer = Timer(lambda: callback(*args))
        heapq.heappush(self._later, (self.now + delay, next(self._order), timer))
        return timer

    def turn(self) -> None:
        """Once round the loop: what is ready now."""
        self.turns += 1
        ready, self.ready = deque(self.ready), []
        try:
            while ready:
                ready.popleft()()
        finally:
            self.ready[:0] = ready  # a real loop reports what was raised, and goes on

    def settle(self, turns: int = 10_000) -> None:
        """Round and round until nothing is ready."""
        for _ in range(turns):
            if not self.ready:
                return
            self.turn()
        raise AssertionError("the loop never comes to rest")

    def advance(self, seconds: float) -> None:
        """Lets time pass, and what is due happen."""
        end = self.now + seconds
        self.settle()
        while self._later and self._later[0][0] <= end:
            self.now, _, timer = heapq.heappop(self._later)
            if timer.callback is not None:
                timer.callback()
            self.settle()
        self.now = end


class RecordingOutlet:
    """An outlet whose socket takes `room_bytes` before it is full, and drains when told to."""

    def __init__(self, room_bytes: int = 1 << 60) -> None:
        self.room_bytes = room_bytes
        self.member: Member | None = None
        self.writes: list[bytes] = []
        self.waiting = 0
        self.closed: Why | None = None
        self.paused = False

    def write(self, data: bytes, /) -> None:
        assert self.closed is None, "written to after it was closed"
        assert data, "an empty write"
        self.writes.append(data)
        self.waiting += len(data)
        if self.waiting > self.room_bytes and self.member is not None:
            self.member.full = True

    def close(self, why: Why, /) -> None:
        self.closed = why

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def check(self) -> None:
        pass

    def unsent(self) -> int:
        return self.waiting

    def drain(self) -> None:
        """The client reads everything that waits."""
        self.waiting = 0
        if self.member is not None and self.member.full:
            self.member.full = False
            if self.member.room is not None:
                self.member.room.drained(self.member)

    @property
    def is_open(self) -> bool:
        return self.closed is None

    @property
    def bytes(self) -> bytes:
        return b"".join(self.writes)

    @property
    def lines(self) -> list[str]:
        return self.bytes.decode().splitlines()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for line in self.bytes.splitlines()]

    def forget(self) -> None:
        self.writes.clear()


class CountingView:
    """The JSON view, or what reads like it without an echo, counting what it is asked for."""

    def __init__(self, *, echoes: bool = True, is_text: bool = False) -> None:
        self.echoes = echoes
        self.is_text = is_text
        self.encoded: list[Event] = []
        self.packed = 0

    def encode(self, event: Event) -> bytes:
        self.encoded.append(event)
        return JSON.encode(event)

    def pack(self, parts: Sequence[bytes]) -> bytes:
        self.packed += 1
        return JSON.pack(parts)


class FaultyEngine(MemoryEngine):
    """A memory engine whose disk fails when told to."""

    def __init__(self) -> None:
        super().__init__("e1", 1000)
        self.refuses = False
        self.unreadable = False

    def open(self, room: str, sink: Sink) -> MemoryLog:
        log = self._logs[room] = _FaultyLog(self)
        log.sink = sink
        return log


class _FaultyLog(MemoryLog):
    def __init__(self, engine: FaultyEngine) -> None:
        super().__init__("e1", 1000, lambda: None)
        self._engine = engine

    def _keep_one(self, draft: Draft) -> Outcome:
        if self._engine.refuses:
            return RoomError("storage", "the disk is full")
        return super()._keep_one(draft)

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        if self._engine.unreadable:
            done(RoomError("storage", "the disk is broken"))
        else:
            super().read(after, limit, done)


class RemoteEngine:
    """A log on another machine: answers when told to, and others write to it too."""

    def __init__(self) -> None:
        self.logs: dict[str, RemoteLog] = {}
        self.trouble = ""

    def open(self, room: str, sink: Sink) -> RemoteLog:
        log = self.logs.setdefault(room, RemoteLog())
        log.sink = sink
        return log

    def rooms(self, limit: int) -> Mapping[str, str]:
        latest = sorted(self.logs.items(), key=lambda each: -each[1].latest)
        return {room: log.topic for room, log in latest[:limit] if log.head}

    def holds(self, room: str) -> bool:
        return room in self.logs

    def trim(self, retention: Retention, at: int) -> None:
        pass

    def close(self) -> None:
        self.logs.clear()


class RemoteLog:
    epoch = "e1"
    first = 1
    sink: Sink

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.lost: set[int] = set()  # seqs that cannot be read
        self.appends = 0  # how often it was asked to commit
        self.unsettled: deque[tuple[Draft, int]] = deque()
        self.unread: deque[tuple[int, int, Callable[[Page], None]]] = deque()

    @property
    def head(self) -> int:
        return len(self.records)

    @property
    def topic(self) -> str:
        topics = [record.event.text for record in self.records if isinstance(record.event, Topic)]
        return topics[-1] if topics else ""

    @property
    def latest(self) -> int:
        return self.records[-1].event.at if self.records else 0

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        self.appends += 1
        self.unsettled.extend((draft, at) for draft in drafts)

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        self.unread.append((after, limit, done))

    def close(self) -> None:
        pass

    def settle(self, drafts: int = 1 << 30, *, refuse: bool = False) -> None:
        """Answers the oldest drafts, in one piece."""
        outcomes: list[Outcome] = []
        while self.unsettled and len(outcomes) < drafts:
            draft, at = self.unsettled.popleft()
            outcomes.append(
                RoomError("storage", "the log is away") if refuse else self._keep_one(draft, at)
            )
        self.sink.settled(outcomes)

    def settle_unknown(self, *, keep: bool) -> None:
        """Cannot tell what became of the oldest draft, which it may have kept."""
        draft, at = self.unsettled.popleft()
        if keep:
            self._keep_one(draft, at)
        self.sink.settled([RoomError("unknown", "the log cannot tell")])

    def _keep_one(self, draft: Draft, at: int) -> Record:
        for record in self.records:
            same = (record.author, record.event.id) == (draft.author, draft.id)
            if draft.id is not None and same:
                return record
        self.records.append(number(draft, self.head + 1, stamp(self.latest, at)))
        return self.records[-1]

    def arrive(self, *texts: str) -> None:
        """Somebody on another node says these."""
        new = [
            Record(Say(self.head + nth, None, 0, "far", "tcp", text), "far")
            for nth, text in enumerate(texts, start=1)
        ]
        self.records.extend(new)
        self.sink.arrived(new)

    def keep_silently(self, text: str) -> None:
        """Somebody on another node says this, and this node does not hear of it."""
        self.records.append(Record(Say(self.head + 1, None, 0, "far", "tcp", text), "far"))

    def answer(self, reads: int = 1 << 30) -> None:
        """Answers the oldest reads that were asked for until now."""
        for _ in range(min(reads, len(self.unread))):
            after, limit, done = self.unread.popleft()
            behind = self.records[after:]
            done([record for record in behind if record.event.seq not in self.lost][:limit])


def apply_presence(copy: dict[str, str], event: Presence) -> dict[str, str]:
    """A client's list of who is here (door by nick), after it was told this."""
    gone = {*event.left, *(renamed.old for renamed in event.renamed)}
    moved = {who.new: copy[who.old] for who in event.renamed if who.old in copy}
    kept = {nick: door for nick, door in copy.items() if nick not in gone}
    return kept | moved | {who.nick: who.door for who in event.joined}


def typed(session: Session, *lines: str) -> None:
    """A person types these lines."""
    session.receive([line.encode() for line in lines])


def sent(session: Session, kind: str, /, **fields: Any) -> None:
    """A program sends this message."""
    session.receive([msgspec.json.encode({"kind": kind, **fields})])


class House:
    """A hall on a fake loop, with a memory log; the clock stands at 2026-11-23 12:00 UTC."""

    def __init__(self, engine: Engine | None = None, **config: Any) -> None:
        self.loop = FakeLoop()
        self.config = Config(**{"rate": 0.0, "leave_grace_s": 0.0, **config})
        self.engine = engine or MemoryEngine("e1", self.config.memory_events)
        self.wall = 1_795_435_200_000
        self.outlets: list[RecordingOutlet] = []
        tokens = count()
        self.hall = Hall(
            self.engine, self.loop, lambda: self.wall, lambda: f"t{next(tokens)}", self.config
        )

    def visitor(
        self,
        view: View = TEXT,
        *,
        door: str = "tcp",
        room_bytes: int = 1 << 60,
        address: str | None = None,
    ) -> tuple[Session, RecordingOutlet]:
        """A connection that has said nothing yet."""
        outlet = RecordingOutlet(room_bytes)
        self.outlets.append(outlet)
        session = Session(self.hall, outlet, door=door, view=view, address=address)
        outlet.member = session.member
        return session, outlet

    def hush(self) -> None:
        """All that there is to tell is told, and forgotten."""
        self.loop.advance(5.0)
        for outlet in self.outlets:
            outlet.forget()

    def enter(
        self, nick: str, view: View = TEXT, *, room: str = "lobby", room_bytes: int = 1 << 60
    ) -> tuple[Session, RecordingOutlet]:
        """A member who is in, level, and has read what it was greeted with."""
        session, outlet = self.visitor(view, room_bytes=room_bytes)
        hello = msgspec.json.encode({"kind": "hello", "nick": nick, "room": room})
        if view is JSON:
            session.receive([hello])
        else:
            session.receive([f"/nick {nick}".encode()])
            if room != "lobby":
                session.receive([f"/join {room}".encode()])
        self.loop.settle()
        outlet.drain()
        outlet.forget()
        return session, outlet
