"""A tiny cell from end to end, and faults that must not go unseen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import contenders, report, wires
from benchmarks.cells import Pace, Row, Scene, play
from benchmarks.contenders import Contender, Door
from benchmarks.servers import Command, Cores, Missing, cores

FAULTY = Path(__file__).parent / "faulty_room.py"
QUICK = Pace(rounds=2, seconds=0.05)


@pytest.fixture(scope="module")
def where() -> Cores:
    return cores()


def faulty(fault: str) -> Contender:
    command = Command(
        fault,
        lambda ports, folder: [
            *(sys.executable, str(FAULTY), "--port", str(ports.first), "--fault", fault)
        ],
    )
    return Contender(fault, command, [Door(wires.Lines())])


def played(where: Cores, *who: Contender, members: int = 4) -> dict[str, Row]:
    rows = play(Scene("text", members, 64, [8], who), where, QUICK)
    return {row.name: row for row in rows}


def test_the_room_and_the_floor_deliver_everything_and_are_compared(where: Cores) -> None:
    room = contenders.room(contenders.TEXT, contenders.JSON, contenders.WS)
    rows = played(where, room, contenders.floor(wires.floor_text(), 64), members=6)
    assert {name: row.failed + row.skipped for name, row in rows.items()} == {
        "room": "",
        "floor": "",
    }
    assert all(len(row.turns) == QUICK.rounds for row in rows.values())
    assert all(turn.tally.deliveries == turn.tally.messages * 5 for turn in rows["room"].turns)
    lines = {line.name: line for line in report.fan_out(list(rows.values()))}
    assert lines["room"].ratio == 1
    assert (lines["floor"].ratio or 0) > 0


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("swap", "message 10 came where 9 was due"),
        ("double", "message 9 came where 10 was due"),
        ("lose", "members were shown different things"),
    ],
)
def test_a_server_that_loses_doubles_or_swaps_fails(where: Cores, fault: str, why: str) -> None:
    row = played(where, faulty(fault))[fault]
    assert row.failed.startswith(why)


def test_a_peer_that_is_not_there_is_skipped_with_the_reason(where: Cores) -> None:
    def missing(*_: object) -> list[str]:
        raise Missing("it is not installed")

    contender = Contender("absent", Command("absent", missing), [Door(wires.Lines())])
    row = played(where, contender)["absent"]
    assert row.skipped == "it is not installed"
    (line,) = report.fan_out([row])
    assert "SKIPPED: it is not installed" in report.row(line)
