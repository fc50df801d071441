"""What is measured: scenes, in which servers take turns under the same load.

A scene has its contenders up at the same time, with their members inside; for each number of
messages in flight they take turns, `rounds` times. Each turn gives a `Turn`; all the turns of one
contender at one load are a `Row`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks import servers, wires
from benchmarks.crowd import Crowd, Group, Tally
from benchmarks.servers import Command, Cores, Missing, Server
from benchmarks.stream import Faulty
from benchmarks.wires import Wire

# The room tells of who came at most once a second; until then it is not quiet.
_QUIET_S: Final = 1.3
# From this share of its core on, the generator may be what was measured.
_SATURATED: Final = 0.9


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and how its members come in: a wire each, in equal parts; on the second port if
    `web`."""

    command: Command
    wires: Sequence[tuple[Wire, bool]]
    most_members: int = 100_000

    @property
    def name(self) -> str:
        return self.command.name

    def crowd(self, server: Server, members: int, size: int) -> Crowd:
        """Raises Faulty."""
        parts = len(self.wires)
        groups = [
            Group(wire, members // parts + (index < members % parts))
            for index, (wire, _) in enumerate(self.wires)
        ]
        ports = [server.ports.second if web else server.ports.first for _, web in self.wires]
        return Crowd(ports, groups, size)


@dataclass(frozen=True, slots=True)
class Scene:
    """The same members and messages for all contenders. The first of these is the room."""

    door: str
    members: int
    size: int
    in_flight: Sequence[int]
    contenders: Sequence[Contender]


@dataclass(frozen=True, slots=True)
class Cell:
    """One load: the key by which rows are found."""

    door: str
    members: int
    in_flight: int
    size: int = 64

    def __str__(self) -> str:
        return f"{self.door}, {self.members} members, {self.in_flight} in flight, {self.size} B"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to. `cpu_s` is the server's."""

    tally: Tally
    cpu_s: float

    @property
    def us_per_delivery(self) -> float:
        return self.cpu_s / self.tally.deliveries * 1e6

    @property
    def per_cpu_s(self) -> float:
        return self.tally.deliveries / self.cpu_s

    @property
    def per_s(self) -> float:
        return self.tally.deliveries / self.tally.seconds

    @property
    def server(self) -> float:
        """The server's share of its core."""
        return self.cpu_s / self.tally.seconds


@dataclass(slots=True)
class Row:
    """One contender in one cell: its turns, or why it has none."""

    name: str
    cell: Cell
    turns: list[Turn] = field(default_factory=list)
    failed: str = ""
    skipped: str = ""

    def median(self, what: Callable[[Turn], float]) -> float:
        return median(what(turn) for turn in self.turns)

    @property
    def is_saturated(self) -> bool:
        """Whether the generator was at its end and the server was not."""
        generator = self.median(lambda turn: turn.tally.generator)
        return generator > _SATURATED and generator > self.median(lambda turn: turn.server)


def ratio(row: Row, other: Row, what: Callable[[Turn], float]) -> float | None:
    """The median, over the rounds, of what one has for each of the other's."""
    pairs = list(zip(row.turns, other.turns, strict=False))
    if not pairs or row.failed or other.failed:
        return None
    return median(what(mine) / what(its) for mine, its in pairs)


def play(scene: Scene, cores: Cores, rounds: int, seconds: float) -> Iterator[Row]:
    """The rows of a scene, a cell at a time."""
    with ExitStack() as stack:
        missing: list[Row] = []
        up: dict[str, tuple[Server, Crowd]] = {}
        for contender in scene.contenders:
            if scene.members > contender.most_members:
                continue
            row = Row(contender.name, Cell(scene.door, scene.members, 0, scene.size))
            try:
                server = stack.enter_context(Server(contender.command, cores.server))
                crowd = contender.crowd(server, scene.members, scene.size)
                stack.callback(crowd.close)
                crowd.settle(_QUIET_S if contender.name.startswith("room") else 0.3)
                up[contender.name] = server, crowd
            except Missing as error:
                row.skipped = str(error)
                missing.append(row)
            except Faulty as error:
                row.failed = str(error)
                missing.append(row)
        yield from missing
        for in_flight in scene.in_flight:
            cell = Cell(scene.door, scene.members, in_flight, scene.size)
            yield from _play_cell(cell, up, rounds, seconds)


def _play_cell(
    cell: Cell, up: dict[str, tuple[Server, Crowd]], rounds: int, seconds: float
) -> Sequence[Row]:
    rows = {name: Row(name, cell) for name in up}
    for _ in range(rounds):
        for name, row in rows.items():
            try:
                for _, crowd in up.values():
                    crowd.tend()
                if not row.failed:
                    server, crowd = up[name]
                    row.turns.append(_turn(server, crowd, cell.in_flight, seconds))
            except Faulty as error:
                row.failed = str(error)
    for name, row in rows.items():
        if row.failed:
            del up[name]
    return list(rows.values())


def _turn(server: Server, crowd: Crowd, in_flight: int, seconds: float) -> Turn:
    before = server.cpu_s()
    tally = crowd.closed_loop(in_flight, seconds)
    return Turn(tally, server.cpu_s() - before)


# -- who contends at which door


def room_text(command: Command | None = None) -> Contender:
    return Contender(command or servers.room(), [(wires.RoomText(), False)])


def room_json() -> Contender:
    return Contender(servers.room(), [(wires.RoomJson(), False)])


def room_ws() -> Contender:
    return Contender(servers.room(), [(wires.RoomWs(), True)])


def room_mixed() -> Contender:
    """A third each."""
    return Contender(
        servers.room(),
        [(wires.RoomText(), False), (wires.RoomJson(), False), (wires.RoomWs(), True)],
    )


def floor_text(size: int) -> Contender:
    wire = wires.floor_text()
    return Contender(servers.floor(len(wire.say(b"")) + size), [(wire, False)])


def floor_ws(size: int) -> Contender:
    wire = wires.floor_ws(size)
    return Contender(servers.floor(len(wire.say(b"")) + size), [(wire, False)])


NATS: Final = Contender(servers.NATS, [(wires.Nats(), False)])
MOSQUITTO: Final = Contender(servers.MOSQUITTO, [(wires.Mqtt(), False)])
MOSQUITTO_WS: Final = Contender(servers.MOSQUITTO, [(wires.MqttWs(), True)])
THREADS: Final = Contender(servers.THREADS, [(wires.Lines(), False)], 1000)
SELECTORS: Final = Contender(servers.SELECTORS, [(wires.Lines(), False)], 1000)
STREAMS: Final = Contender(servers.STREAMS, [(wires.Lines(), False)], 1000)
NCAT: Final = Contender(servers.NCAT, [(wires.Lines(), False)], 100)
AIOHTTP: Final = Contender(servers.AIOHTTP, [(wires.Ws(), False)], 1000)
WEBSOCKETS: Final = Contender(servers.WEBSOCKETS, [(wires.Ws(), False)], 1000)
