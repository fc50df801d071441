"""Who is told of what a log was given."""

from __future__ import annotations

from tcp_room.events import Logged, Say
from tcp_room.logs.memory import MemoryEngine
from tcp_room.logs.port import Draft, Log, Outcome, Record
from tcp_room.logs.witness import WitnessedEngine
from tests.fakes import House


class Sink:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def settled(self, outcomes: list[Outcome], /) -> None:
        self.heard += outcomes

    def arrived(self, records: list[Record], /) -> None:
        self.heard += records


def opened() -> tuple[Log, list[tuple[str, str, Logged]], Sink]:
    told: list[tuple[str, str, Logged]] = []
    engine = WitnessedEngine(MemoryEngine("e1", 100), lambda *what: told.append(what))
    sink = Sink()
    return engine.open("lobby", sink), told, sink  # type: ignore[arg-type]


def draft(text: str, id: str | None = None) -> Draft:
    return Draft(Say, text, "bob", "tcp", "author", id)


def test_the_witness_hears_of_each_event_once_and_where_it_stands() -> None:
    log, told, _ = opened()
    log.append([draft("one", "x"), draft("two")], 1)
    log.append([draft("one again", "x"), draft("three")], 2)
    assert [(room, epoch, event.text) for room, epoch, event in told] == [
        ("lobby", "e1", "one"),
        ("lobby", "e1", "two"),
        ("lobby", "e1", "three"),
    ]


def test_what_other_nodes_add_is_for_their_witnesses() -> None:
    log, told, sink = opened()
    hearing = log.sink  # type: ignore[attr-defined]
    hearing.arrived([Record(Say(1, None, 0, "eve", "tcp", "elsewhere"), "eve")])
    assert told == [] and len(sink.heard) == 1


def test_a_room_works_with_it_as_without() -> None:
    told: list[str] = []
    engine = WitnessedEngine(
        MemoryEngine("e1", 100), lambda room, epoch, event: told.append(event.text)
    )
    house = House(engine=engine)
    al, _ = house.enter("al")
    house.enter("bob")
    al.receive([b"hello", b"/topic tea"])
    house.loop.settle()
    assert told == ["hello", "tea"]
    assert engine.rooms(10) == {"lobby": "tea"}
    assert engine.holds("lobby")
