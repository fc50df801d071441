"""The attack drill's short form: strangers attack a real server while three members talk.

It counts and never times. A word of a member reaches all others while the attack goes on, within
few turns of the loop; and no turn does more than its share of a stranger's work.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import uvloop

from tcp_room.config import Config
from tcp_room.connection import Connection
from tcp_room.logs.sqlite.engine import SqliteLog
from tcp_room.signals import Signals
from tests.doors import Link, TcpJson, TcpText, Visitor, WsJson
from tests.drill import attacks, members, seeds, table
from tests.drill.attackers import Raid
from tests.drill.attacks import Attack
from tests.drill.members import ADDRESS, Heard
from tests.drill.streams import Spent
from tests.drill.trial import Row
from tests.tcp_room.logs.sqlite.files import opened
from tests.tcp_room.logs.test_port import Listener
from web_gateway.bridge import Bridge
from web_gateway.cli import serve

ROUNDS: Final = 5
# Turns in which strangers were served, between a member's word and the ears of all others.
TURNS: Final = 100
# Pages of the log that are read in one turn: those of members who catch up, one of a search or of
# history, and one for each of some rooms that are opened.
PAGES: Final = 8
# Combining marks in a row that are handed to normalization: the cost grows with their square.
MARKS: Final = 128
# A house that is frozen for so long has failed.
LONGEST_S: Final = 10.0


class Meter:
    """What the loop did for strangers, by its turns."""

    def __init__(self) -> None:
        self.turn = 0
        self.bytes: Counter[int] = Counter()
        self.pages: Counter[int] = Counter()
        self.marks = 0

    def tick(self) -> None:
        self.turn += 1
        asyncio.get_running_loop().call_soon(self.tick)

    @property
    def busy(self) -> int:
        """The turns in which there was something to do."""
        return len(self.bytes.keys() | self.pages.keys())

    def took_in(self, size: int) -> None:
        self.bytes[self.turn] += size

    def read_page(self) -> None:
        self.pages[self.turn] += 1

    def normalized(self, text: str) -> None:
        for run in re.finditer("[\u0300-\u036f]+", text):
            self.marks = max(self.marks, len(run[0]))


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Watches the doors, the log and Unicode's normalization; changes nothing."""
    meter = Meter()
    read, normalize = SqliteLog.read, unicodedata.normalize

    def watched_read(self: SqliteLog, *more: Any) -> None:
        meter.read_page()
        read(self, *more)

    def watched_normalize(form: Any, text: str) -> str:
        meter.normalized(text)
        return normalize(form, text)

    for door in (Connection, Bridge):
        monkeypatch.setattr(door, "take_in", _watched(door.take_in, meter))
    monkeypatch.setattr(SqliteLog, "read", watched_read)
    monkeypatch.setattr(unicodedata, "normalize", watched_normalize)
    return meter


def _watched(take_in: Callable[[Any, bytes], None], meter: Meter) -> Callable[[Any, bytes], None]:
    def watched(self: Any, data: bytes) -> None:
        meter.took_in(len(data))
        take_in(self, data)

    return watched


class Talk:
    """Three members, one at each door, who take turns to say a word that all others hear."""

    def __init__(self, links: list[Link], meter: Meter) -> None:
        self._links, self._meter = links, meter
        self.most_turns = 0

    @classmethod
    async def open(cls, tcp_port: int, http_port: int, meter: Meter) -> Talk:
        links = []
        for door in (TcpText(), TcpJson(), WsJson()):
            visitor = Visitor("lobby", f"m-{door.name}", f"secret-of-{door.name:9}")
            address = (ADDRESS, http_port if door.is_web else tcp_port)
            link = await Link.open(address, door, visitor, slow=False)
            await link.enter(visitor)
            await _hear(link, lambda event: event.kind == "welcome")
            links.append(link)
        return cls(links, meter)

    def close(self) -> None:
        for link in self._links:
            link.cut()

    async def round(self, number: int) -> None:
        for nth, link in enumerate(self._links):
            word = f"word-{nth}-{number}"
            before = self._meter.busy
            link.send(_said(link, word))
            for other in self._links:
                if other is not link:
                    await _hear(other, lambda event: event.text == word)  # noqa: B023
            self.most_turns = max(self.most_turns, self._meter.busy - before)


def _said(link: Link, word: str) -> bytes:
    door = link.door
    return f"{word}\n".encode() if isinstance(door, TcpText) else door.say(word.upper(), word)


async def _hear(link: Link, is_it: Callable[[Any], bool]) -> None:
    while not any(is_it(event) for event in await link.events()):
        pass


async def attacked(
    attack: Attack, data: Path, meter: Meter, shown: Callable[[], str]
) -> tuple[Talk, Spent]:
    """A talk of some rounds, all of which end before the attack does."""
    loop = asyncio.get_running_loop()
    # The members have just come in, and talk faster than people do: both count as modest here.
    config = Config(
        http_port=0, tcp_port=0, data=str(data), modest_after_s=0.0, modest_lines_per_s=100.0
    )
    signals = Signals(config.shutdown_s)
    server = loop.create_task(serve(config, signals))
    said = ""
    while not (found := re.search(r"http://\S+?:(\d+)/.* nc \S+ (\d+)", said)):
        await asyncio.sleep(0)
        said += shown()
    http_port, tcp_port = int(found[1]), int(found[2])
    talk = await Talk.open(tcp_port, http_port, meter)
    meter.tick()
    raid = Raid(attack.name, ADDRESS, tcp_port, http_port, LONGEST_S)
    try:
        await loop.run_in_executor(None, raid.wait)
        for number in range(ROUNDS):
            await talk.round(number)
        was_on = raid.is_on
    finally:
        talk.close()
        raid.stop()
        spent = await loop.run_in_executor(None, raid.end)
        signals.stop()
        await server
    assert was_on
    return talk, spent


def _most_bytes(config: Config) -> int:
    """In one turn. Small and large reads each have a budget and are above it by one read at most.
    Those of a turn, and those that waited for it, may fall into one count. So may what closed
    connections had sent last."""
    return 4 * (config.turn_read_bytes + config.read_bytes) + 16 * config.parting_bytes


@pytest.mark.parametrize("attack", attacks.ALL, ids=lambda attack: attack.name)
def test_members_hear_each_other_while_strangers_attack(
    attack: Attack, meter: Meter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    attacks.write_logs(attack.logs, tmp_path)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        talk, spent = runner.run(attacked(attack, tmp_path, meter, lambda: capfd.readouterr().out))
    assert max(meter.bytes.values(), default=0) <= _most_bytes(Config())
    assert max(meter.pages.values(), default=0) <= PAGES
    assert talk.most_turns <= TURNS
    assert meter.marks <= MARKS
    assert spent.status_500 == 0


# -- the drill itself


def row(**measured: Any) -> Row:
    fine: dict[str, Any] = {
        "attack": "an attack", "title": "", "source": ADDRESS, "spent": Spent(),
        "before_ms": 4.0, "during_ms": 49.0, "max_ms": 300.0, "after_ms": 4.0,
        "deliveries": 3000, "lost": 0, "again": 0, "cut": 0,
        "memory_peak": 63.0, "memory_after": 15.0, "memory_after_s": 5.0,
        "error_lines": 10, "error_lines_allowed": 10, "processor": 0.5, "is_up": True,
    }  # fmt: skip
    return Row(**{**fine, **measured})


@pytest.mark.parametrize(
    ("measured", "faults"),
    [
        ({}, []),
        ({"during_ms": 51.0}, ["p99"]),
        ({"during_ms": 51.0, "before_ms": 11.0}, []),
        ({"lost": 1}, ["lost"]),
        ({"again": 1}, ["lost"]),
        ({"cut": 1}, ["lost"]),
        ({"memory_peak": 65.0}, ["memory"]),
        ({"memory_after": 17.0}, ["memory"]),
        ({"error_lines": 11}, ["stderr"]),
        ({"spent": Spent(status_500=1)}, ["500"]),
        ({"is_up": False}, ["down"]),
    ],
)
def test_a_row_fails_by_what_exceeds_its_bar(measured: dict[str, Any], faults: list[str]) -> None:
    assert row(**measured).faults == faults
    assert ("FAIL" in table.line(row(**measured), ADDRESS)) == bool(faults)


def heard_after(*numbers: int) -> Heard:
    """What is made of it when the first member says three words, and all others hear all three, but
    the second member these."""
    talk = members.Talk()
    for _ in range(3):
        talk.say(0)
    for member in range(1, members.MEMBERS):
        for number in numbers if member == 1 else range(3):
            talk.hear(member, 0, number, talk.sent_at[0][number])
    return talk.end()


@pytest.mark.parametrize(
    ("numbers", "lost", "again"),
    [((0, 1, 2), 0, 0), ((0, 1), 1, 0), ((0, 2), 1, 0), ((0, 1, 1, 2), 0, 1), ((), 3, 0)],
)
def test_members_count_what_is_lost_and_what_comes_again(
    numbers: tuple[int, ...], lost: int, again: int
) -> None:
    heard = heard_after(*numbers)
    assert (heard.lost, heard.again) == (lost, again)


def test_an_old_log_is_one_that_a_server_opens(tmp_path: Path) -> None:
    seeds.seed(tmp_path, {"lobby": seeds.plain(120)}, {"lobby": seeds.poison(2), "full": ["x"]})
    engine = opened(tmp_path)
    pages: list[Any] = []
    for room in ("lobby", "full"):
        engine.open(room, Listener()).read(0, 1000, pages.append)
    engine.close()
    texts = [[record.event.text for record in page] for page in pages]
    assert texts == [[*seeds.plain(120), *seeds.poison(2)], ["x"]]


def test_poison_is_as_long_as_a_message_may_be() -> None:
    (text,) = seeds.poison(1)
    assert Config().text_bytes - 4 < len(text.encode()) <= Config().text_bytes
