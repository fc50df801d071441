"""Attacking sockets: many at a time from one process, cheap enough that they measure the server.

Everything that is sent is built before. Sockets are written when they can be, and read all together
twenty times a second, so that a room which talks to its attackers costs them little.
"""

from __future__ import annotations

import errno
import heapq
import selectors
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Door = Literal["tcp", "http"]

ADDRESS: Final = "127.0.0.1"
# Past it the attackers would measure the machine's memory bandwidth.
_BYTES_PER_S: Final = 50_000_000
_SEND_BYTES: Final = 1 << 18
_FIRST_WAVE_S: Final = 0.5
_READ_EVERY_S: Final = 0.05
_READ_BYTES: Final = 1 << 18
# Reads of one socket each time; what comes faster stays with the kernel.
_READS: Final = 8
# Linux: the port is chosen when the socket connects, so ports do not run out by binding.
_BIND_ADDRESS_NO_PORT: Final = 24


@dataclass(frozen=True, slots=True)
class Stream:
    """What one connection does. It sends `opening`, waits for an answer if it `waits`, sends
    `first` once and `blob` so many `times` (0: for ever), `every_s` seconds apart. Then it stays
    open, or closes and (if its gang `reopens`) is replaced."""

    door: Door
    opening: bytes = b""
    waits: bool = False
    first: bytes = b""
    blob: bytes = b""
    times: int = 0
    every_s: float = 0.0
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Gang:
    """So many connections of one kind at a time, so many new ones a second at most. One that ends
    is replaced if the gang `reopens`."""

    size: int
    stream: Stream
    opens_per_s: float = 200.0
    reopens: bool = True


class Spent(msgspec.Struct):
    """What an attack came to. `ended` counts the connections that the server closed."""

    seconds: float = 0.0
    sent: int = 0
    received: int = 0
    blobs: int = 0
    opened: int = 0
    refused: int = 0
    ended: int = 0
    open: int = 0
    status_500: int = 0
    status_5xx: int = 0


class Attackers:
    """All gangs of an attack, from one source address."""

    def __init__(self, gangs: Sequence[Gang], source: str, ports: Mapping[Door, int]) -> None:
        self.selector = selectors.DefaultSelector()
        self.spent = Spent()
        self._due: list[tuple[float, int, _Socket]] = []
        self._crews = [_Crew(gang, source, ports[gang.stream.door], self) for gang in gangs]
        self._nth = 0
        self._is_over = False

    def stop(self) -> None:
        """Ends the attack early."""
        self._is_over = True

    def attack(self, seconds: float, is_on: Callable[[], object]) -> Spent:
        """Returns when it is over. Calls `is_on` when the first wave has been sent."""
        start = now = time.monotonic()
        next_read = start
        was_on = False
        while now < start + seconds and not self._is_over:
            if not was_on and now >= start + _FIRST_WAVE_S:
                was_on = True
                is_on()
            for crew in self._crews:
                crew.fill(now)
            for key, _ in self.selector.select(0.01):
                key.data.advance()
            now = time.monotonic()
            self._wake(now)
            if now >= next_read:
                next_read = now + _READ_EVERY_S
                for crew in self._crews:
                    crew.read()
            ahead = self.spent.sent / _BYTES_PER_S - (now - start)
            if ahead > 0:
                time.sleep(min(ahead, 0.1))
        self.spent.seconds = now - start
        self.spent.open = sum(len(crew.sockets) for crew in self._crews)
        return self.spent

    def later(self, seconds: float, who: _Socket) -> None:
        self._nth += 1
        heapq.heappush(self._due, (time.monotonic() + seconds, self._nth, who))

    def _wake(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2].next_blob()


class _Crew:
    """A gang at work."""

    def __init__(self, gang: Gang, source: str, port: int, attackers: Attackers) -> None:
        self.stream = gang.stream
        self.attackers = attackers
        self.sockets: set[_Socket] = set()
        self._gang, self._source, self._port = gang, source, port
        self._opened = 0
        self._since = time.monotonic()

    def fill(self, now: float) -> None:
        """Opens what is missing, as far as the rate allows."""
        gang = self._gang
        allowed = int((now - self._since) * gang.opens_per_s) + 1
        while len(self.sockets) < gang.size and self._opened < allowed:
            if not gang.reopens and self._opened >= gang.size:
                return
            self._opened += 1
            self._open()

    def _open(self) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        try:
            sock.bind((self._source, 0))
            code = sock.connect_ex((ADDRESS, self._port))
        except OSError:
            code = errno.EADDRNOTAVAIL
        if code not in (0, errno.EINPROGRESS):
            self.attackers.spent.refused += 1
            sock.close()
            return
        self.attackers.spent.opened += 1
        self.sockets.add(_Socket(sock, self))

    def read(self) -> None:
        for each in list(self.sockets):
            each.read()


_into: Final = memoryview(bytearray(_READ_BYTES))


class _Socket:
    """One connection: what is left to send of its opening or its blob, and what comes then."""

    def __init__(self, sock: socket.socket, crew: _Crew) -> None:
        self._sock, self._crew = sock, crew
        self._stream = stream = crew.stream
        self._selector = crew.attackers.selector
        self._waiting = stream.waits
        self._blobs = 0
        self._send(stream.opening if stream.waits else stream.opening + stream.first)

    def _send(self, data: bytes) -> None:
        self._left = memoryview(data)
        self._selector.register(self._sock, selectors.EVENT_WRITE, self)

    def advance(self) -> None:
        """Sends as much as the kernel takes now."""
        try:
            sent = self._sock.send(self._left[:_SEND_BYTES]) if self._left else 0
        except BlockingIOError:
            return
        except OSError:
            self._end()
            return
        self._left = self._left[sent:]
        self._crew.attackers.spent.sent += sent
        if not self._left:
            self._selector.unregister(self._sock)
            if not self._waiting:
                self._continue()

    def _continue(self) -> None:
        if self._blobs and self._stream.every_s:
            self._crew.attackers.later(self._stream.every_s, self)
        else:
            self.next_blob()

    def next_blob(self) -> None:
        stream = self._stream
        if self._sock.fileno() < 0:
            return
        if stream.blob and (not stream.times or self._blobs < stream.times):
            self._blobs += 1
            self._crew.attackers.spent.blobs += 1
            self._send(stream.blob)
        elif stream.closes:
            self._forget()

    def read(self) -> None:
        """What has come, so that nothing of it keeps the server waiting."""
        for _ in range(_READS):
            try:
                size = self._sock.recv_into(_into)
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if not size:
                self._end()
                return
            self._count(bytes(_into[:size]))
            if size < _READ_BYTES:
                return

    def _count(self, data: bytes) -> None:
        spent = self._crew.attackers.spent
        spent.received += len(data)
        if self._stream.door == "http":
            spent.status_500 += data.count(b"HTTP/1.1 500")
            spent.status_5xx += data.count(b"HTTP/1.1 5")
        if self._waiting and not self._left:
            self._waiting = False
            self._send(self._stream.first)

    def _end(self) -> None:
        """The server has closed it."""
        self._crew.attackers.spent.ended += 1
        self._forget()

    def _forget(self) -> None:
        if self._sock in self._selector.get_map():
            self._selector.unregister(self._sock)
        self._sock.close()
        self._crew.sockets.discard(self)
