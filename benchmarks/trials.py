"""What is measured beside fan-out: latency, storms, memory, the price of flood control, and a
small room beside a big one. Each trial gives lines for the table."""

from __future__ import annotations

import socket
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from benchmarks.cells import QUIET_S
from benchmarks.contenders import Contender
from benchmarks.crowd import Crowd, Group, Tally, enter, storm
from benchmarks.report import Line
from benchmarks.servers import Cores, Missing, Server
from benchmarks.stream import Faulty
from benchmarks.wires import RoomJson, RoomText, body

_STORM_AT_ONCE: Final = 500
_REPLAYED: Final = 1000


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _each(
    section: str, contenders: Sequence[Contender], trial: Callable[[Contender, Line], None]
) -> Iterator[Line]:
    """A line for each contender, whatever becomes of it."""
    for contender in contenders:
        line = Line(section, "", contender.name)
        try:
            trial(contender, line)
        except Missing as error:
            line.skipped = str(error)
        except (Faulty, OSError) as error:
            line.failed = str(error)
        yield line


def _quiet_s(contender: Contender) -> float:
    return QUIET_S if contender.name.startswith("room") else 0.3


# -- latency


def latency(
    contenders: Sequence[Contender], cores: Cores, rounds: int, seconds: float, rate: float = 1000
) -> Iterator[Line]:
    """An open loop: 10 of 100 members say `rate` messages a second between them."""
    with ExitStack() as stack:
        crowds: dict[str, Crowd] = {}
        lines = []

        def begin(contender: Contender, line: Line) -> None:
            line.cell = f"{rate:g}/s from 10 to 100"
            server = stack.enter_context(Server(contender.command, cores.server))
            crowd = contender.crowd(server, 100, 64)
            stack.callback(crowd.close)
            crowd.settle(_quiet_s(contender))
            crowds[contender.name] = crowd

        lines = list(_each("latency", contenders, begin))
        for number in range(rounds):
            for line in lines:
                _tend(lines, crowds)
                if line.name in crowds:
                    _listen(line, crowds, rate, seconds, number)
        for line in lines:
            line.settle()
        yield from lines


def _tend(lines: Sequence[Line], crowds: dict[str, Crowd]) -> None:
    for line in lines:
        try:
            if line.name in crowds:
                crowds[line.name].tend()
        except Faulty as error:
            line.failed = str(error)
            del crowds[line.name]


def _listen(line: Line, crowds: dict[str, Crowd], rate: float, seconds: float, seed: int) -> None:
    try:
        tally = crowds[line.name].open_loop(rate, 10, seconds, seed)
    except Faulty as error:
        line.failed = str(error)
        del crowds[line.name]
        return
    line.add("p50_ms", percentile(tally.latencies_s, 0.5) * 1e3)
    line.add("p99_ms", percentile(tally.latencies_s, 0.99) * 1e3)
    line.add("generator", tally.generator)


# -- storms


def join_storm(contenders: Sequence[Contender], cores: Cores, members: int) -> Iterator[Line]:
    """As many as come in as fast as they can; in is who was answered."""

    def trial(contender: Contender, line: Line) -> None:
        line.cell = f"{members} joins"
        with Server(contender.command, cores.server) as server:
            before = server.cpu_s()
            tally, inside = storm(
                contender.door.port(server), contender.door.wire, members, _STORM_AT_ONCE
            )
            _tell(line, tally, server.cpu_s() - before)
            _close(inside)

    return _each("join storm", contenders, trial)


def replay_storm(contenders: Sequence[Contender], cores: Cores, members: int) -> Iterator[Line]:
    """All come back at once, each for the last 1,000 events. (The first port, JSON.)"""

    def trial(contender: Contender, line: Line) -> None:
        line.cell = f"{members} resume {_REPLAYED}"
        with Server(contender.command, cores.server) as server:
            last = _fill(server, _REPLAYED)
            numbers = [b"%08d" % number for number in range(last + 1 - _REPLAYED, last + 1)]
            before = server.cpu_s()
            wire = RoomJson(since=last + 1 - _REPLAYED)
            tally, inside = storm(server.ports.first, wire, members, _STORM_AT_ONCE, numbers)
            _tell(line, tally, server.cpu_s() - before)
            _close(inside)

    return _each("replay storm", contenders, trial)


def _fill(server: Server, messages: int) -> int:
    """Has somebody say so many; returns the number of the last, which is one less than its seq."""
    crowd = Crowd([Group(RoomJson(), server.ports.first, 1)], 64)
    crowd.settle(0.5)
    while crowd.sent < messages:
        crowd.closed_loop(100, 0.0)
    crowd.close()
    return crowd.sent - 1


def _tell(line: Line, tally: Tally, cpu_s: float) -> None:
    line.add("per_s", tally.deliveries / tally.seconds)
    line.add("us", cpu_s / tally.deliveries * 1e6)
    line.add("seconds", tally.seconds)
    line.add("generator", tally.generator)
    line.settle()


def _close(sockets: Sequence[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


# -- memory


def memory(contenders: Sequence[Contender], cores: Cores, members: int) -> Iterator[Line]:
    """What is resident for each of them when they are in and nobody speaks."""

    def trial(contender: Contender, line: Line) -> None:
        line.cell = f"{members} idle"
        with Server(contender.command, cores.server) as server, ExitStack() as stack:
            few = contender.crowd(server, 10, 64)  # what the first ones cost is not theirs
            stack.callback(few.close)
            few.settle(_quiet_s(contender))
            before = server.resident_bytes()
            crowd = contender.crowd(server, members, 64, "n")
            stack.callback(crowd.close)
            crowd.settle(_quiet_s(contender))
            line.add("kb_per_member", (server.resident_bytes() - before) / members / 1024)
            line.add("resident_mb", server.resident_bytes() / 2**20)
            line.settle()

    return _each("memory", contenders, trial)


# -- a small room beside a big one


def beside(
    contenders: Sequence[Contender], cores: Cores, members: int, seconds: float
) -> Iterator[Line]:
    """How long a word takes in a room of two while a big room is under load."""

    def trial(contender: Contender, line: Line) -> None:
        line.cell = f"2 beside {members} x 64"
        with Server(contender.command, cores.server) as server, ExitStack() as stack:
            port = server.ports.first
            big = Crowd([Group(RoomText(room="big"), port, members)], 64)
            stack.callback(big.close)
            big.settle(QUIET_S)
            small = _SmallTalk(port)
            stack.callback(small.close)
            # A few at a time: what the generator takes to read must not count as the room's.
            before = server.cpu_s()
            tally = big.closed_loop(64, seconds, meanwhile=small.go_on, wait_s=0.001, at_most=32)
            line.add("server", (server.cpu_s() - before) / tally.seconds)
            line.add("p50_ms", percentile(small.latencies_s, 0.5) * 1e3)
            line.add("p99_ms", percentile(small.latencies_s, 0.99) * 1e3)
            line.add("per_s", tally.deliveries / tally.seconds)
            line.add("generator", tally.generator)
            line.settle()

    return _each("beside", contenders, trial)


class _SmallTalk:
    """Two in a room of their own: one says a word every 10 ms, the other hears it."""

    def __init__(self, port: int) -> None:
        wire = RoomText(room="small")
        self._wire = wire
        self._speaker, self._hearer = enter(port, wire, "speaker"), enter(port, wire, "hearer")
        time.sleep(QUIET_S)
        self._hearer.setblocking(False)
        self.latencies_s = array("d")
        self._said = 0
        self._at = 0.0
        self._is_waiting = False

    def go_on(self) -> None:
        now = time.perf_counter()
        if not self._is_waiting and now > self._at + 0.01:
            self._said += 1
            self._at, self._is_waiting = now, True
            self._speaker.send(self._wire.say(body(self._said, 64)))
        try:
            heard = self._hearer.recv(1 << 16)
        except BlockingIOError:
            return
        if self._is_waiting and b"MARK%08d" % self._said in heard:
            self.latencies_s.append(time.perf_counter() - self._at)
            self._is_waiting = False

    def close(self) -> None:
        _close([self._speaker, self._hearer])
