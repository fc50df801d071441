"""The intake: how much input the house handles in one turn of the event loop, and whose.

A door hands over each read as it comes (`offer`). Input within the turn's budget is handled at
once. The rest waits here, its connections paused, and is handled in the next turns in the order
of its arrival. One instance serves the whole house, so many flooding connections cost each turn
no more than one.

Invariants:

1. The bytes of one connection are handled in the order in which they came.
2. Between two calls of `_begin_turn`, small and large reads are each handled up to
   `turn_read_bytes` plus one read.
3. Small reads never wait for large ones, so people who type are not delayed by a flood.
4. A connection that filled the buffer when the turn's budget was spent is not read again before
   the next turn. (libuv would otherwise read a busy socket 32 times in a row.) Before that it is
   read on: what one client sends at once is one turn of the room, and one write to each member.
5. A read within the budget costs no timer, no callback and no change of the poll set.

Input that brings no line has a budget of its own for each connection (`charge`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from tcp_room.config import Config
from tcp_room.limits import Bucket, Timers

# Why a connection is not read; each reason is set and cleared on its own.
TURN: Final = 1  # it has had its share of this turn
SESSION: Final = 2  # its session waits: for the pace, or until its answers are read
LINELESS: Final = 4  # it sent too much that brings no line
ENDED: Final = 8  # it has sent its EOF


class Transport(Protocol):
    """The part of an asyncio transport that reading needs."""

    def is_closing(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def abort(self) -> None: ...


class Reading:
    """The reading side of one transport: it is read while there is no reason to pause it."""

    __slots__ = ("_reasons", "_transport", "lineless")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._reasons = 0
        self.lineless: Bucket | None = None  # what input without lines may still come; see `charge`

    def pause(self, reason: int) -> None:
        if not self._reasons and not self._transport.is_closing():
            self._transport.pause_reading()
        self._reasons |= reason

    def resume(self, reason: int) -> None:
        """Clears these reasons."""
        if self._reasons & reason:
            self._reasons &= ~reason
            if not self._reasons and not self._transport.is_closing():
                self._transport.resume_reading()

    def abort(self) -> None:
        self._transport.abort()


class Inlet(Protocol):
    """A connection, as the intake sees it."""

    @property
    def reading(self) -> Reading: ...

    def take_in(self, data: bytes, /) -> None:
        """Handle these bytes now."""


class Intake:
    __slots__ = (
        "_budget",
        "_config",
        "_is_due",
        "_large",
        "_large_spent",
        "_resting",
        "_small",
        "_small_bytes",
        "_small_spent",
        "_timers",
        "buffer",
    )

    def __init__(self, timers: Timers, config: Config) -> None:
        # All connections are read into this one buffer: what came is copied out at once.
        self.buffer = memoryview(bytearray(config.read_bytes))
        self._timers = timers
        self._config = config
        self._budget = config.turn_read_bytes
        self._small_bytes = config.small_read_bytes
        # Reads that wait, oldest first, by connection.
        self._small: dict[Inlet, bytes] = {}
        self._large: dict[Inlet, bytes] = {}
        # Bytes handled since the last `_begin_turn`.
        self._small_spent = 0
        self._large_spent = 0
        self._resting: list[Inlet] = []  # they had more to send when the budget was spent
        self._is_due = False  # whether `_begin_turn` is scheduled

    def received(self, inlet: Inlet, size: int) -> None:
        """The first `size` bytes of `buffer` have come for a connection."""
        data = self.buffer[:size].tobytes()
        spent = self._small_spent + size
        # Nearly every read is small, and nobody waits: `offer` would take twice as long.
        if size <= self._small_bytes and spent < self._budget and not (self._small or self._large):
            self._small_spent = spent
            inlet.take_in(data)
        else:
            self.offer(inlet, data)

    def offer(self, inlet: Inlet, data: bytes) -> None:
        """These bytes have come: handles them now, or pauses the connection and keeps them."""
        if inlet in self._small or inlet in self._large:
            self._append(inlet, data)
        elif len(data) <= self._small_bytes:
            if self._small_spent < self._budget:
                self._handle_small(inlet, data)
            else:
                self._queue(self._small, inlet, data)
        elif self._large_spent < self._budget:
            self._handle_large(inlet, data)
        else:
            self._queue(self._large, inlet, data)

    def forget(self, inlet: Inlet) -> bytes:
        """The connection is lost. Returns what of its input still waits here."""
        return self._small.pop(inlet, b"") or self._large.pop(inlet, b"")

    def charge(self, reading: Reading, size: int) -> float:
        """So many bytes have brought no line: past the budget for that, the connection pauses.

        Returns for how many seconds.
        """
        config = self._config
        if reading.lineless is None:
            reading.lineless = Bucket(config.lineless_bytes_per_s, config.lineless_burst_bytes)
        delay = reading.lineless.delay(self._timers.time(), size)
        if delay:
            reading.pause(LINELESS)
            self._timers.call_later(delay, reading.resume, LINELESS)
        return delay

    def _handle_small(self, inlet: Inlet, data: bytes) -> None:
        self._small_spent += len(data)
        if self._small_spent >= self._budget:
            self._schedule()
        inlet.take_in(data)

    def _handle_large(self, inlet: Inlet, data: bytes) -> None:
        self._large_spent += len(data)
        if self._large_spent >= self._budget:
            if len(data) >= len(self.buffer):
                inlet.reading.pause(TURN)
                self._resting.append(inlet)
            self._schedule()
        inlet.take_in(data)

    def _queue(self, queue: dict[Inlet, bytes], inlet: Inlet, data: bytes) -> None:
        inlet.reading.pause(TURN)
        queue[inlet] = data
        self._schedule()

    def _append(self, inlet: Inlet, data: bytes) -> None:
        """A paused connection gets no more input from its transport, but may from its door."""
        queue = self._small if inlet in self._small else self._large
        queue[inlet] += data

    def _schedule(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._timers.call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._is_due = False
        self._small_spent = self._large_spent = 0
        resting, self._resting = self._resting, []
        for inlet in resting:
            inlet.reading.resume(TURN)
        self._serve(self._small, self._handle_small)
        self._serve(self._large, self._handle_large)
        if self._small or self._large:
            self._schedule()

    def _serve(self, queue: dict[Inlet, bytes], handle: Callable[[Inlet, bytes], None]) -> None:
        """Handles the oldest of the reads that wait, as far as the budget reaches."""
        budget = self._budget
        while queue and budget > 0:
            inlet = next(iter(queue))
            data = queue.pop(inlet)
            budget -= len(data)
            inlet.reading.resume(TURN)
            try:
                handle(inlet, data)
            except Exception as error:
                # As the event loop does when a read raises: this connection ends, no other.
                inlet.reading.abort()
                self._timers.call_soon(_raise, error)


def _raise(error: Exception) -> None:
    raise error
