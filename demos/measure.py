"""讲义里的两个问题，用数字回答：线程还是多路复用？一个线程的上限在哪里？

The lecture's two open questions, answered with figures: threads or multiplexing? And where is the
ceiling of one thread?

1. echo_server_4（线程）与 echo_server_5（selectors）：10、100、1000 个客户端同时一问一答。
2. broadcast_threads、broadcast_selectors 与本项目的房间：成员越来越多时，每秒多少次投递。
1. echo_server_4 (threads) and echo_server_5 (selectors): 10, 100, 1,000 clients, each asks and is
   answered.
2. Both broadcast servers and the project's room: messages and deliveries a second, as members grow.

Figures are of the server alone, from /proc (so: Linux): its processor time, memory and switches.
On a machine with other work compare the rows of one run, not runs.

    python demos/measure.py                 (about a minute)
    python demos/measure.py --picture demos/measure.svg
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MARK = b"~"
LINE = MARK + b"x" * 62 + b"\n"
IN_FLIGHT = 64
TICKS = os.sysconf("SC_CLK_TCK")

# -- a server, and what it costs


@dataclass(frozen=True)
class Cost:
    cpu_s: float
    switches: int
    memory_kb: int


class Server:
    def __init__(self, name: str, folder: str) -> None:
        self.name = name
        program = [str(HERE / f"{name}.py"), "--port", "0"]
        if name == "room":
            limits = ["--rate", "0", "--per-address", "0", "--data", folder]
            program = ["-m", "tcp_room", "--tcp-port", "0", *limits]
        self._process = subprocess.Popen(
            [sys.executable, *program], stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        port = re.search(r"(?:127\.0\.0\.1:|localhost )(\d+)", said)
        if port is None:
            raise SystemExit(f"{name} did not open; is the project installed (make run)? {said}")
        self.port = int(port[1])

    def connected(self, count: int) -> list[socket.socket]:
        return [socket.create_connection(("127.0.0.1", self.port)) for _ in range(count)]

    def cost(self) -> Cost:
        """Up to now, of all its threads."""
        process = Path(f"/proc/{self._process.pid}")
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        statuses = [(task / "status").read_text() for task in (process / "task").iterdir()]
        switches = re.findall(r"ctxt_switches:\s+(\d+)", "".join(statuses))
        memory = re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())
        cpu_s = (int(fields[11]) + int(fields[12])) / TICKS
        return Cost(cpu_s, sum(map(int, switches)), int(memory[1]) if memory else 0)

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def running(name: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(name, folder)
        try:
            yield server
        finally:
            server.stop()


# -- the load


class Crowd:
    """Clients on one thread; counts the marks that come to each."""

    def __init__(self, clients: list[socket.socket]) -> None:
        self.clients = clients
        self.received = [0] * len(clients)
        self._selector = selectors.DefaultSelector()
        for number, client in enumerate(clients):
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ, number)

    def listen(self, until: float, heard: Callable[[int, int], None]) -> None:
        """`heard(number, marks)` for what comes, until that time."""
        while (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                client = self.clients[key.data]
                marks = client.recv(1 << 18).count(MARK)
                self.received[key.data] += marks
                heard(key.data, marks)

    def close(self) -> None:
        self._selector.close()
        for client in self.clients:
            client.close()


@dataclass(frozen=True)
class Row:
    server: str
    clients: int
    messages_per_s: float
    deliveries_per_s: float
    cpu_us: float  # of the server, for each delivery
    switches: float  # for each delivery
    memory_kb: float  # for each client


def measured(name: str, clients: int, seconds: float, is_echo: bool) -> Row:
    with running(name) as server:
        idle = server.cost()
        crowd = Crowd(server.connected(clients))
        crowd.listen(time.monotonic() + 0.5 + clients / 1000, lambda number, marks: None)
        settled = server.cost()
        answer = Talk(crowd, everybody=is_echo)
        crowd.listen(time.monotonic() + 0.5, answer.hear)
        before, had, said = server.cost(), sum(crowd.received), answer.said
        started = time.monotonic()
        crowd.listen(started + seconds, answer.hear)
        took, after = time.monotonic() - started, server.cost()
        deliveries = max(sum(crowd.received) - had, 1)
        crowd.close()
    return Row(
        name,
        clients,
        (answer.said - said) / took,
        deliveries / took,
        (after.cpu_s - before.cpu_s) / deliveries * 1e6,
        (after.switches - before.switches) / deliveries,
        (settled.memory_kb - idle.memory_kb) / clients,
    )


class Talk:
    """What clients say, and when: each again when it is answered (an echo), or the first, as often
    as the second has heard it (a broadcast)."""

    def __init__(self, crowd: Crowd, *, everybody: bool) -> None:
        self._clients = crowd.clients
        self._everybody = everybody
        self.said = 0
        for number in range(len(crowd.clients)) if everybody else [1] * IN_FLIGHT:
            self.hear(number, 1)

    def hear(self, number: int, marks: int) -> None:
        if marks and (self._everybody or number == 1):
            self.said += marks
            self._clients[number if self._everybody else 0].sendall(LINE * marks)


# -- what came of it

HEAD = ("server", "clients", "messages/s", "deliveries/s", "µs CPU", "switches", "KB per client")


def cells(row: Row) -> tuple[str, ...]:
    return (
        row.server,
        f"{row.clients:,}",
        f"{row.messages_per_s:,.0f}",
        f"{row.deliveries_per_s:,.0f}",
        f"{row.cpu_us:.2f}",
        f"{row.switches:.2f}",
        f"{row.memory_kb:.1f}",
    )


def print_table(rows: Iterator[Row], title: str) -> list[Row]:
    """As they come, for the run takes its time."""
    print(f"\n{title}\n\n| " + " | ".join(HEAD) + " |\n|---" + "|---:" * (len(HEAD) - 1) + "|")
    done = []
    for row in rows:
        print("| " + " | ".join(cells(row)) + " |", flush=True)
        done.append(row)
    return done


COLOURS = {
    "echo_server_4": "#c2410c",
    "echo_server_5": "#1d4ed8",
    "broadcast_threads": "#c2410c",
    "broadcast_selectors": "#1d4ed8",
    "room": "#047857",
}


def chart(rows: list[Row], title: str, value: Callable[[Row], float], left: int) -> str:
    """Both axes logarithmic."""
    sizes = [math.log10(row.clients) for row in rows]
    values = [math.log10(max(value(row), 0.1)) for row in rows]
    low, high = math.floor(min(values)), math.ceil(max(values))

    def x(row: Row) -> float:
        span = max(sizes) - min(sizes) or 1
        return left + 60 + 300 * (math.log10(row.clients) - min(sizes)) / span

    def y(exponent: float) -> float:
        return 250 - 190 * (exponent - low) / ((high - low) or 1)

    parts = [f'<text x="{left + 30}" y="28" font-weight="bold">{title}</text>']
    for exponent in range(low, high + 1):
        at = y(exponent)
        parts.append(f'<path d="M{left + 50} {at:.0f}h320" stroke="#ddd"/>')
        parts.append(
            f'<text x="{left + 44}" y="{at + 4:.0f}" text-anchor="end">{10**exponent:,}</text>'
        )
    for row in {row.clients: row for row in rows}.values():
        parts.append(f'<text x="{x(row):.0f}" y="272" text-anchor="middle">{row.clients:,}</text>')
    for place, name in enumerate(dict.fromkeys(row.server for row in rows)):
        points = [
            (x(row), y(math.log10(max(value(row), 0.1)))) for row in rows if row.server == name
        ]
        line = " ".join(f"{px:.0f},{py:.0f}" for px, py in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{px:.0f}" cy="{py:.0f}" r="3.5" fill="{COLOURS[name]}"/>'
            for px, py in points
        ]
        label = f'<text x="{left + 60}" y="{300 + 18 * place}" fill="{COLOURS[name]}">{name}</text>'
        parts.append(label)
    return "\n".join(parts)


def per_cpu_s(row: Row) -> float:
    return 1e6 / max(row.cpu_us, 0.01)


def picture(echo: list[Row], broadcast: list[Row]) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 350" font-family="sans-serif" '
        'font-size="12"><rect width="800" height="350" fill="#fff"/>\n'
        + chart(echo, "µs of server CPU per answer, by clients", lambda row: row.cpu_us, 0)
        + chart(broadcast, "deliveries per second of CPU, by members", per_cpu_s, 400)
        + "\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="threads or multiplexing, and one thread's ceiling"
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="for each row")
    parser.add_argument("--clients", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--picture", type=Path, help="an SVG to write")
    flags = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def rows(*names: str, is_echo: bool) -> Iterator[Row]:
        for clients in flags.clients:
            for name in names:
                yield measured(name, clients, flags.seconds, is_echo)

    question = "Threads or multiplexing? Everybody asks, and is answered."
    echo = print_table(rows("echo_server_4", "echo_server_5", is_echo=True), question)
    question = f"The ceiling of one thread: one speaks, {IN_FLIGHT} messages on their way."
    rooms = ("broadcast_threads", "broadcast_selectors", "room")
    broadcast = print_table(rows(*rooms, is_echo=False), question)
    if flags.picture:
        flags.picture.write_text(picture(echo, broadcast))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
