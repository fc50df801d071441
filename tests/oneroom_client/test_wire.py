"""Lines as events."""

from __future__ import annotations

import pytest

from oneroom_client.wire import decode
from tcp_room import events
from tcp_room.events import Event, HelpLine, Here, Limits, Renamed, RoomLine
from tcp_room.views import JSON

SAY = events.Say(1, "x", 2, "小明", "tcp", "你好\n大家")
SAMPLES: list[Event] = [
    SAY,
    events.Act(2, None, 3, "bob", "web", "waves"),
    events.Topic(3, None, 3, "bob", "web", ""),
    events.Presence(1, [Here("a", "tcp")], ["b"], [Renamed("c", "d")], 2),
    events.Typing("bob"),
    events.Dm(1, "a", "b", "psst", "i"),
    events.Welcome("a", "lobby", "e", 1, "", [Here("a", "bot")], 1, Limits(1, 2, 3.0), 1, 0, 1),
    events.Live(1),
    events.Gap(1, 2, "trimmed"),
    events.Nick("a", "i"),
    events.Members("lobby", [Here("a", "tcp")], 1),
    events.Rooms([RoomLine("lobby", 1, "")], "i"),
    events.History([SAY], True, "i", 1, 3, [events.Range(2, 3, "lost")]),
    events.Found([SAY], True, 1, "i", 2),
    events.Help([HelpLine("/me", "do")]),
    events.Notice("n"),
    events.Error("empty", "e", 0, "i"),
    events.Pong("i"),
]


def every_kind(base: type[Event] = Event) -> set[type[Event]]:
    found = {each for kind in base.__subclasses__() for each in every_kind(kind) | {kind}}
    return {kind for kind in found if kind.__module__ == events.__name__} - {events.Logged}


def test_every_kind_of_event_can_be_read() -> None:
    assert {type(sample) for sample in SAMPLES} == every_kind()
    for sample in SAMPLES:
        assert decode(JSON.encode(sample)) == sample


@pytest.mark.parametrize(
    "line",
    [
        b"* Welcome to #lobby",
        b"",
        b"{",
        b'{"kind":"tomorrow"}',
        b'{"kind":"live","seq":"x"}',
        b'{"kind":"notice","text":"\xff"}',
        b'{"kind":"live","seq":' + b"[" * 100_000,
    ],
    ids=lambda line: line[:24],
)
def test_what_is_not_known_is_passed_over(line: bytes) -> None:
    assert decode(line) is None


def test_a_gap_between_logs_needs_no_numbers() -> None:
    assert decode(b'{"kind":"gap","reason":"epoch"}') == events.Gap(0, 0, "epoch")


def test_a_field_of_tomorrow_is_passed_over() -> None:
    assert decode(b'{"kind":"live","seq":7,"mood":"good"}') == events.Live(7)
