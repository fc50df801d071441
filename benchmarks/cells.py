"""Fan-out: the same load for several servers, which take turns.

A scene has its contenders up at the same time, with their members inside; for each number of
messages in flight they take turns of some seconds, several rounds of it. A contender's turns at
one load are a `Row`; ratios are taken within a round, and the median of them is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from benchmarks.contenders import Contender
from benchmarks.crowd import Crowd, Tally
from benchmarks.servers import Cores, Missing, Server
from benchmarks.stream import Faulty

# The room tells of who came at most once a second, and is quiet after that.
QUIET_S: Final = 1.3
# From this share of its core on, the generator may be what was measured.
_SATURATED: Final = 0.9
# A server that was kept from its core for so much of the time had cold caches too.
_CONTENDED: Final = 0.1


@dataclass(frozen=True, slots=True)
class Scene:
    """The same members and messages for all contenders."""

    door: str
    members: int
    size: int
    in_flight: Sequence[int]
    contenders: Sequence[Contender]


@dataclass(frozen=True, slots=True)
class Pace:
    """So many rounds of turns, of so many seconds."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to. `cpu_s` is the server's; `waited_s`, how long others kept it from
    its core."""

    tally: Tally
    cpu_s: float
    waited_s: float

    @property
    def us(self) -> float:
        """Processor time for one delivery."""
        return self.cpu_s / self.tally.deliveries * 1e6

    @property
    def per_s(self) -> float:
        return self.tally.deliveries / self.tally.seconds

    @property
    def server(self) -> float:
        """The server's share of its core."""
        return self.cpu_s / self.tally.seconds


@dataclass(slots=True)
class Row:
    """One contender at one load: its turns, or why it has none."""

    name: str
    scene: Scene
    in_flight: int = 0
    turns: list[Turn] = field(default_factory=list)
    failed: str = ""
    skipped: str = ""

    @property
    def cell(self) -> str:
        scene = self.scene
        return f"{scene.door} {scene.members} x {self.in_flight}, {scene.size} B"

    def median(self, what: Callable[[Turn], float]) -> float:
        return median(what(turn) for turn in self.turns)

    @property
    def generator(self) -> float:
        return self.median(lambda turn: turn.tally.generator)

    @property
    def note(self) -> str:
        """What to hold against the figures."""
        if self.median(lambda turn: turn.waited_s / turn.tally.seconds) > _CONTENDED:
            return "others had the core"
        is_saturated = self.generator > max(_SATURATED, self.median(lambda turn: turn.server))
        return "generator saturated" if is_saturated else ""


def cost_ratio(row: Row, other: Row) -> float | None:
    """How much more a delivery costs here than there: the median over the rounds."""
    pairs = list(zip(row.turns, other.turns, strict=False))
    if row.failed or other.failed or not pairs:
        return None
    return median(mine.us / its.us for mine, its in pairs)


def play(scene: Scene, cores: Cores, pace: Pace) -> Iterator[Row]:
    """The rows of a scene."""
    with ExitStack() as stack:
        stage: list[_Entrant] = []
        # The room last: to come in at some takes long, and the room pings who waits meanwhile.
        for contender in reversed(scene.contenders):
            stage.insert(0, _Entrant(contender, scene, cores, stack))
            _tend(stage)
        for in_flight in scene.in_flight:
            able = [entrant for entrant in stage if entrant.begin(in_flight)]
            for _ in range(pace.rounds):
                for entrant in able:
                    _tend(stage)
                    entrant.take_turn(pace.seconds)
            yield from [entrant.row for entrant in able]
        yield from [entrant.row for entrant in stage if entrant.row.skipped]


def _tend(stage: Sequence[_Entrant]) -> None:
    """Who waits for its turn, or for others to come in, is pinged meanwhile, and must answer."""
    for entrant in stage:
        entrant.tend()


class _Entrant:
    """A contender on the stage, until it fails."""

    def __init__(self, contender: Contender, scene: Scene, cores: Cores, stack: ExitStack) -> None:
        self.row = Row(contender.name, scene)
        self._contender = contender
        self._crowd: Crowd | None = None
        try:
            self._server = stack.enter_context(Server(contender.command, cores.server))
            self._crowd = contender.crowd(self._server, scene.members, scene.size)
            stack.callback(self._crowd.close)
            self._crowd.settle(QUIET_S if contender.name.startswith("room") else 0.3)
        except Missing as error:
            self.row.skipped = str(error)
        except Faulty as error:
            self.row.failed = str(error)

    def begin(self, in_flight: int) -> bool:
        """Whether it takes part in that, or should have."""
        if self.row.skipped or self.row.scene.members * in_flight > self._contender.most_due:
            return False
        self.row = Row(self.row.name, self.row.scene, in_flight, failed=self.row.failed)
        return True

    def tend(self) -> None:
        if self._crowd is not None:
            self._dare(self._crowd.tend)

    def take_turn(self, seconds: float) -> None:
        if self._crowd is not None and not self.row.failed:
            self._dare(lambda: self._turn(seconds))

    def _turn(self, seconds: float) -> None:
        assert self._crowd is not None
        server = self._server
        cpu_s, waited_s = server.cpu_s(), server.kept_waiting_s()
        tally = self._crowd.closed_loop(self.row.in_flight, seconds)
        turn = Turn(tally, server.cpu_s() - cpu_s, server.kept_waiting_s() - waited_s)
        self.row.turns.append(turn)

    def _dare(self, what: Callable[[], None]) -> None:
        """Who fails leaves the stage: it must not disturb the others."""
        try:
            what()
        except (Faulty, OSError) as error:
            self.row.failed = str(error)
            self._server.close()
            self._crowd = None
