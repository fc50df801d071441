"""The members of one server, and the loads that they make. One thread, one epoll.

What is read is compared, not parsed (see `stream`), so that the generator costs less than any
server; it reports its own share of its core all the same.
"""

from __future__ import annotations

import select
import socket
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

from benchmarks.stream import Faulty, Stream
from benchmarks.wires import MARK, NUMBERS, Wire, body

_BUFFER_BYTES: Final = 1 << 20
# What members have had is forgotten when it has grown to this.
_STREAM_BYTES: Final = 1 << 26
# A server that shows nothing for so long, though something is due, has lost it.
_LOST_AFTER_S: Final = 5.0
_JOIN_WITHIN_S: Final = 30.0
# More is said when so much of what may be on its way still is.
_REFILL_AT: Final = 7 / 8
# While members come in, those who are in read; and servers that answer nothing keep up.
_PAUSE_EVERY, _PAUSE_S = 32, 0.003


@dataclass(frozen=True, slots=True)
class Group:
    """So many members who speak one wire, at one port."""

    wire: Wire
    port: int
    members: int


@dataclass(slots=True)
class Tally:
    """What a load came to. `generator` is its share of its core."""

    messages: int
    deliveries: int
    seconds: float
    generator: float
    latencies_s: array[float] = field(default_factory=lambda: array("d"))


class Stopwatch:
    """Of the wall, and of the generator's core."""

    def __init__(self) -> None:
        self._start, self._used = time.perf_counter(), time.process_time()

    def tally(self, messages: int, deliveries: int) -> Tally:
        seconds = time.perf_counter() - self._start
        generator = (time.process_time() - self._used) / seconds
        return Tally(messages, deliveries, seconds, generator)


class Crowd:
    """Members of one server, who have come in. The first of the first group is the sender."""

    def __init__(self, groups: Sequence[Group], size: int, name: str = "m") -> None:
        """`size` of a message's body in bytes; the members' names begin with `name`.

        Raises Faulty.
        """
        self._size = size
        self._name = name
        self._poll = select.epoll()
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._sockets: dict[int, socket.socket] = {}
        self._wires: dict[int, Wire] = {}
        self._offsets: dict[int, int] = {}
        self._begun: dict[int, bytes] = {}  # what may be the beginning of a control
        self._streams: dict[int, Stream] = {}
        self._heard: list[Stream] = []
        self._outbox = bytearray()
        self.sent = 0
        for group in groups:
            for _ in range(group.members):
                self._come_in(group)
        self._sender = next(iter(self._sockets))
        self._hears_itself = True

    def __len__(self) -> int:
        return len(self._sockets)

    def close(self) -> None:
        self._poll.close()
        for sock in self._sockets.values():
            sock.close()

    def _come_in(self, group: Group) -> None:
        name = f"{self._name}{len(self._sockets)}"
        sock = enter(group.port, group.wire, name)
        sock.setblocking(False)
        self._sockets[sock.fileno()] = sock
        self._wires[sock.fileno()] = group.wire
        self._poll.register(sock.fileno(), select.EPOLLIN)
        if not len(self._sockets) % _PAUSE_EVERY:
            self._read_until_quiet(_PAUSE_S)

    # -- quiet

    def settle(self, quiet_s: float) -> None:
        """Reads until nothing has come for so long, and finds out whether who says something
        hears it too. Raises Faulty."""
        self._read_until_quiet(quiet_s)
        self._hears_itself = True
        self.say(1)
        others, heard = set(self._sockets) - {self._sender}, self._read_until_quiet(0.2)
        deadline = time.perf_counter() + _LOST_AFTER_S
        while others - heard:
            if time.perf_counter() > deadline:
                raise Faulty(f"{len(others - heard)} of {len(self)} members heard nothing")
            heard |= self._read_until_quiet(0.2)
        self._hears_itself = self._sender in heard
        self._begin()

    def tend(self) -> None:
        """Reads what came while nobody spoke, and answers what must be."""
        self._read_until_quiet(0.0)
        self._begin()

    def _read_until_quiet(self, quiet_s: float) -> set[int]:
        """Returns who heard a message."""
        heard: set[int] = set()
        while events := self._poll.poll(quiet_s):
            for fd, _ in events:
                data = self._sockets[fd].recv(_BUFFER_BYTES)
                if not data:
                    raise Faulty("the server closed a connection")
                if MARK in data:
                    heard.add(fd)
                self._answer(fd, data)
        return heard

    def _answer(self, fd: int, data: bytes) -> bool:
        """Whether there was anything to answer. (Such bytes within a message are answered too,
        which does no harm.)"""
        answers = [a for control, a in self._wires[fd].controls.items() if control in data]
        for answer in answers:
            self._sockets[fd].send(answer)
        return bool(answers)

    def _begin(self) -> None:
        """From here on everybody who speaks the same wire is shown the same."""
        hearing: dict[Wire, list[int]] = {}
        for fd, wire in self._wires.items():
            if fd != self._sender or self._hears_itself:
                hearing.setdefault(wire, []).append(fd)
        self._streams = {self._sender: Stream(1, self._wires[self._sender].controls, self.sent)}
        self._heard = []
        for wire, fds in hearing.items():
            stream = Stream(len(fds), wire.controls, self.sent)
            self._heard.append(stream)
            self._streams |= dict.fromkeys(fds, stream)
        self._offsets = dict.fromkeys(self._sockets, 0)
        self._begun.clear()

    @property
    def hearers(self) -> int:
        """How many are to be shown each message."""
        return len(self._sockets) - (not self._hears_itself)

    # -- saying and reading

    def say(self, messages: int) -> None:
        """The sender says so many."""
        wire = self._wires[self._sender]
        for number in range(self.sent, self.sent + messages):
            self._outbox += wire.say(body(number, self._size))
        self.sent += messages
        self._flush()

    def _flush(self) -> None:
        was_waiting = len(self._outbox)
        with suppress(BlockingIOError):
            del self._outbox[: self._sockets[self._sender].send(self._outbox)]
        if self._outbox or was_waiting:
            waits = select.EPOLLOUT if self._outbox else 0
            self._poll.modify(self._sender, select.EPOLLIN | waits)

    def _read(self, timeout_s: float, at_most: int) -> bool:
        """Reads from those who have something, and compares. The hot loop."""
        events = self._poll.poll(timeout_s, at_most)
        sockets, streams, offsets, begun = self._sockets, self._streams, self._offsets, self._begun
        buffer, view = self._buffer, self._view
        for fd, event in events:
            if event & select.EPOLLOUT:
                self._flush()
                if not event & select.EPOLLIN:
                    continue
            size = sockets[fd].recv_into(buffer)
            stream, offset = streams[fd], offsets[fd]
            if size and fd not in begun and stream.shown.startswith(view[:size], offset):
                offsets[fd] = offset + size
                stream.got += size
            else:
                self._judge(fd, bytes(view[:size]))
        return bool(events)

    def _judge(self, fd: int, data: bytes) -> None:
        if not data:
            raise Faulty("the server closed a connection")
        stream = self._streams[fd]
        data = self._begun.pop(fd, b"") + data
        taken, answer, begun = stream.take(self._offsets[fd], data)
        self._offsets[fd] += taken
        stream.got += taken
        if begun:
            self._begun[fd] = begun
        if answer:
            self._sockets[fd].send(answer)

    # -- loads

    def closed_loop(
        self,
        in_flight: int,
        seconds: float,
        *,
        meanwhile: Callable[[], None] = lambda: None,
        wait_s: float = 0.5,
        at_most: int = 1023,
    ) -> Tally:
        """Keeps so many messages on their way, and ends when all have been shown to all.

        `meanwhile` is called when something came or `wait_s` have passed, and after `at_most`
        members were read from. Raises Faulty.
        """
        before, hearers = self.sent, self.hearers
        watch = Stopwatch()
        end = time.perf_counter() + seconds
        late = end + _LOST_AFTER_S
        self.say(in_flight)
        while True:
            came = self._read(wait_s, at_most)
            meanwhile()
            due = sum(stream.due(self.sent) for stream in self._heard)
            now = time.perf_counter()
            if came:
                late = now + _LOST_AFTER_S
            elif now > late:
                raise Faulty(f"{due:.0f} deliveries were lost")
            if now > end:
                if due < 0.5:
                    break
            elif due <= hearers * in_flight * _REFILL_AT:
                self._refill(in_flight, due)
        messages = self.sent - before
        return watch.tally(messages, messages * hearers)

    def _refill(self, in_flight: int, due: float) -> None:
        """Says more, unless it is time to forget what everybody has had."""
        if len(self._heard[0].shown) > _STREAM_BYTES:
            if due >= 0.5:
                return
            self._begin()
        messages = in_flight - int(-(-due // self.hearers))
        if messages > 0:
            self.say(messages)

    def open_loop(self, rate: float, senders: int, seconds: float, seed: int = 1) -> Tally:
        """Messages at random times, so many a second on average, whatever became of the earlier
        ones; latencies count from the time that was meant. Raises Faulty."""
        load = _OpenLoop(list(self._sockets.items())[:senders], rate, seconds, seed)
        watch = Stopwatch()
        latencies = array("d")
        seen: dict[int, list[int]] = {fd: [] for fd in self._sockets}
        numbers: dict[bytes, list[int]] = {}
        total = len(load.times_s) * self.hearers
        start = last = time.perf_counter()
        count = 0
        while count < total:
            wait_s = load.say(time.perf_counter() - start, self._wires, self._size, self.sent)
            select.select([self._poll], [], [], wait_s)  # epoll itself waits whole milliseconds
            for fd, _ in self._poll.poll(0):
                data = self._sockets[fd].recv(_BUFFER_BYTES)
                now = time.perf_counter() - start
                found = numbers.get(data)
                if found is None:
                    found = [int(number) - self.sent for number in NUMBERS.findall(data)]
                    if not self._answer(fd, data):
                        numbers[data] = found
                seen[fd] += found
                count += len(found)
                latencies.extend([now - load.times_s[number] for number in found])
                last = now
            if time.perf_counter() - start - last > seconds + _LOST_AFTER_S:
                raise Faulty(f"{total - count} deliveries were lost")
        self._check_order(seen, len(load.times_s), senders)
        self.sent += len(load.times_s)
        self._begin()
        tally = watch.tally(len(load.times_s), total)
        tally.latencies_s = latencies
        return tally

    def _check_order(self, seen: dict[int, list[int]], messages: int, senders: int) -> None:
        """What each sender said must have come in its order; own lines need not have come."""
        speaking = list(self._sockets)[:senders]
        for fd, got in seen.items():
            for index, sender in enumerate(speaking):
                if fd == sender and not self._hears_itself:
                    continue
                if [n for n in got if n % senders == index] != list(
                    range(index, messages, senders)
                ):
                    raise Faulty("what one sender said came in another order, or not")


class _OpenLoop:
    """When who says what."""

    def __init__(
        self, senders: Sequence[tuple[int, socket.socket]], rate: float, seconds: float, seed: int
    ) -> None:
        random = Random(seed)
        self.times_s: list[float] = []
        at = random.expovariate(rate)
        while at < seconds:
            self.times_s.append(at)
            at += random.expovariate(rate)
        self._senders = senders
        self._next = 0

    def say(self, now: float, wires: dict[int, Wire], size: int, first: int) -> float:
        """Says what is due, and returns the seconds until the next."""
        while self._next < len(self.times_s):
            wait_s = self.times_s[self._next] - now
            if wait_s > 0:
                return wait_s
            fd, sock = self._senders[self._next % len(self._senders)]
            sock.send(wires[fd].say(body(first + self._next, size)))
            self._next += 1
        return 0.1


def enter(port: int, wire: Wire, name: str) -> socket.socket:
    """One who comes in, step by step. Raises Faulty."""
    try:
        sock = _dial(port)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in wire.join(name):
            sock.sendall(step.say)
            heard = b""
            while step.until not in heard:
                data = sock.recv(1 << 16)
                if not data:
                    raise Faulty(f"nobody could come in: {heard[-80:]!r}")
                heard += data
    except OSError as error:
        raise Faulty(f"nobody could come in: {error}") from None
    return sock


def _dial(port: int) -> socket.socket:
    """A server's second door may open a moment after its first. Raises OSError."""
    deadline = time.perf_counter() + _JOIN_WITHIN_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), _JOIN_WITHIN_S)
        except ConnectionRefusedError:
            if time.perf_counter() > deadline:
                raise
            time.sleep(0.01)


def storm(
    port: int, wire: Wire, members: int, at_once: int, expected: Sequence[bytes] = ()
) -> tuple[Tally, list[socket.socket]]:
    """Members come in as fast as they can, `at_once` of them at a time on their way.

    `expected`: the numbers that each must be shown before it is in. Raises Faulty.
    """
    poll = select.epoll()
    coming: dict[int, _Coming] = {}
    inside: list[socket.socket] = []
    watch = Stopwatch()
    started = 0
    while len(inside) < members:
        while started < members and len(coming) < at_once:
            one = _Coming(port, wire, f"s{started}")
            coming[one.sock.fileno()] = one
            poll.register(one.sock.fileno(), select.EPOLLIN)
            started += 1
        events = poll.poll(_JOIN_WITHIN_S)
        if not events:
            raise Faulty(f"{members - len(inside)} could not come in")
        for fd, _ in events:
            if coming[fd].read():
                one = coming.pop(fd)
                poll.unregister(fd)
                inside.append(one.sock)
                if expected and NUMBERS.findall(bytes(one.heard)) != expected:
                    raise Faulty("somebody who came back was not shown all that was said")
    poll.close()
    return watch.tally(members, members * max(len(expected), 1)), inside


class _Coming:
    """One who is on the way in."""

    def __init__(self, port: int, wire: Wire, name: str) -> None:
        self.sock = _dial(port)
        self.heard = bytearray()
        self._steps = list(wire.join(name))
        self._searched = 0
        self.sock.sendall(self._steps[0].say)

    def read(self) -> bool:
        """Whether it is in."""
        data = self.sock.recv(_BUFFER_BYTES)
        if not data:
            raise Faulty(f"nobody could come in: {bytes(self.heard[-80:])!r}")
        self.heard += data
        until = self._steps[0].until
        if self.heard.find(until, self._searched) < 0:
            self._searched = max(len(self.heard) - len(until), 0)
            return False
        del self._steps[0]
        if self._steps:
            self.sock.sendall(self._steps[0].say)
        return not self._steps
