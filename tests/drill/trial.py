"""One row of the drill: a server, its members, an attack, and what was measured around it."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.drill.attackers import Raid
from tests.drill.attacks import Attack, write_logs
from tests.drill.members import Heard, Members
from tests.drill.server import Server
from tests.drill.streams import Spent

MEMORY_AFTER_MIB: Final = 16.0
MEMORY_DURING_MIB: Final = 64.0
P99_MS: Final = 50.0
P99_TIMES: Final = 5.0
_SAMPLE_S: Final = 0.1
# After the members have come in: their arrivals are announced, their windows filled.
_CALM_S: Final = 1.5
# Memory that has been within the bar for so long stays there.
_STEADY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds before an attack, of it, and after it (at most)."""

    before_s: float
    attack_s: float
    after_s: float


class Row(msgspec.Struct):
    """What was measured. Times in milliseconds, memory in MiB above its value before."""

    attack: str
    title: str
    source: str
    spent: Spent
    before_ms: float
    during_ms: float
    max_ms: float
    after_ms: float
    deliveries: int
    lost: int
    again: int
    cut: int
    memory_peak: float
    memory_after: float
    memory_after_s: float
    error_lines: int
    error_lines_allowed: int
    processor: float  # the server's, of one core
    is_up: bool

    @property
    def bar_ms(self) -> float:
        return max(P99_MS, P99_TIMES * self.before_ms)

    @property
    def faults(self) -> list[str]:
        """What is not as it must be, in a few words each."""
        tried = {
            "p99": self.during_ms > self.bar_ms,
            "lost": self.lost > 0 or self.again > 0 or self.cut > 0,
            "memory": self.memory_peak > MEMORY_DURING_MIB or self.memory_after > MEMORY_AFTER_MIB,
            "stderr": self.error_lines > self.error_lines_allowed,
            "500": self.spent.status_500 > 0,
            "down": not self.is_up,
        }
        return [name for name, is_so in tried.items() if is_so]


def other_address() -> str:
    """An address of this machine that is not the members'; one that is not loopback if there is
    one, since all of loopback counts as one address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.2"


class Drill:
    """Trials of one checkout's server. The old logs are written once for all of them."""

    def __init__(self, checkout: Path, pace: Pace) -> None:
        self._checkout, self._pace = checkout, pace
        self._folder = tempfile.TemporaryDirectory(prefix="oneroom-drill-logs-")

    def close(self) -> None:
        self._folder.cleanup()

    def run(self, attack: Attack, source: str) -> Row:
        with tempfile.TemporaryDirectory(prefix="oneroom-drill-data-") as data:
            if attack.logs:
                shutil.copytree(self._logs(attack.logs), data, dirs_exist_ok=True)
            with (
                Server(self._checkout, Path(data), attack.open_files) as server,
                Members(server.tcp_port, server.http_port) as members,
            ):
                return _measure(server, members, attack, source, self._pace)

    def _logs(self, names: Sequence[str]) -> Path:
        folder = Path(self._folder.name, "-".join(names))
        if not folder.exists():
            folder.mkdir()
            write_logs(names, folder)
        return folder


def _measure(server: Server, members: Members, attack: Attack, source: str, pace: Pace) -> Row:
    time.sleep(_CALM_S)
    began = time.monotonic_ns()
    time.sleep(pace.before_s)
    memory, lines, processor = server.resident_mib, server.error_lines, server.processor_s
    watch = _Watch(server, memory)
    start = time.monotonic_ns()
    raid = Raid(attack.name, source, server.tcp_port, server.http_port, pace.attack_s)
    watch.until(lambda: not raid.is_on, pace.attack_s + 30)
    spent = raid.end()
    end = time.monotonic_ns()
    processor = (server.processor_s - processor) / ((end - start) / 1e9)
    watch.until(lambda: watch.is_steady, pace.after_s)
    seconds = (time.monotonic_ns() - start) / 1e9
    error_lines = server.error_lines - lines
    heard = members.stop()
    during = heard.between(start, end)
    return Row(
        attack=attack.name,
        title=attack.title,
        source=source,
        spent=spent,
        before_ms=_p99_ms(heard, began, start),
        during_ms=_p99_ms(heard, start, end),
        max_ms=during[-1] / 1000 if during else 0.0,
        after_ms=_p99_ms(heard, end, time.monotonic_ns()),
        deliveries=len(during),
        lost=heard.lost,
        again=heard.again,
        cut=heard.cut,
        memory_peak=watch.peak,
        memory_after=watch.above,
        memory_after_s=seconds - (end - start) / 1e9,
        error_lines=error_lines,
        error_lines_allowed=int(seconds) + 1,
        processor=processor,
        is_up=server.is_up,
    )


def _p99_ms(heard: Heard, start_ns: int, end_ns: int) -> float:
    took = heard.between(start_ns, end_ns)
    return took[min(len(took) * 99 // 100, len(took) - 1)] / 1000 if took else 0.0


class _Watch:
    """The server's memory above `before` (MiB), looked at ten times a second."""

    def __init__(self, server: Server, before: float) -> None:
        self._server, self._before = server, before
        self.above = 0.0
        self.peak = 0.0
        self._low_since = time.monotonic()

    def until(self, is_over: Callable[[], bool], within_s: float) -> None:
        self._low_since = time.monotonic()
        deadline = self._low_since + within_s
        while not is_over() and time.monotonic() < deadline:
            time.sleep(_SAMPLE_S)
            self.above = max(self._server.resident_mib - self._before, 0.0)
            self.peak = max(self.peak, self.above)
            if self.above > MEMORY_AFTER_MIB:
                self._low_since = time.monotonic()

    @property
    def is_steady(self) -> bool:
        return time.monotonic() - self._low_since >= _STEADY_S
