"""Small real fakes: an event loop without I/O, and an outlet that remembers what was written."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.logs.memory import MemoryEngine
from tcp_room.member import Member, Why
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
        ready, self.ready = self.ready, []
        for callback in ready:
            callback()

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

    def drain(self) -> None:
        """The client reads everything that waits."""
        self.waiting = 0
        if self.member is not None and self.member.full:
            self.member.full = False
            if self.member.room is not None:
                self.member.room.drained(self.member)

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


class House:
    """A hall on a fake loop, with a memory log; the clock stands at 2026-11-23 12:00 UTC."""

    def __init__(self, **config: Any) -> None:
        self.loop = FakeLoop()
        self.config = Config(**{"rate": 0.0, **config})
        self.engine = MemoryEngine("e1", self.config.memory_events)
        self.wall = 1_795_435_200_000
        tokens = count()
        self.hall = Hall(
            self.engine, self.loop, lambda: self.wall, lambda: f"t{next(tokens)}", self.config
        )

    def visitor(
        self, view: View = TEXT, *, door: str = "tcp", room_bytes: int = 1 << 60
    ) -> tuple[Session, RecordingOutlet]:
        """A connection that has said nothing yet."""
        outlet = RecordingOutlet(room_bytes)
        session = Session(self.hall, outlet, door=door, view=view)
        outlet.member = session.member
        return session, outlet

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
