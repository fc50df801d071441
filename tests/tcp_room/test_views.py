"""The JSON view: docs/protocol.md, kind by kind."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import events
from tcp_room.views import JSON

EPOCH = "e1"
LIMITS = events.Limits(4096, 32, 5.0)
LOGGED: dict[str, Any] = {
    "seq": 7, "id": "x1", "at": 1_732_345_678_901, "nick": "al", "door": "web", "text": "hi"
}  # fmt: skip
BOB = events.Here("bob", "tcp")

TABLE: list[tuple[events.Event, dict[str, Any]]] = [
    (events.Say(**LOGGED), {"kind": "say", **LOGGED}),
    (events.Act(**LOGGED), {"kind": "act", **LOGGED}),
    (events.Topic(**LOGGED), {"kind": "topic", **LOGGED}),
    (
        events.Presence(5, [BOB], ["al"], [events.Renamed("x", "y")], 3),
        {
            "kind": "presence",
            "at": 5,
            "joined": [{"nick": "bob", "door": "tcp"}],
            "left": ["al"],
            "renamed": [{"from": "x", "to": "y"}],
            "count": 3,
        },
    ),
    (events.Typing("al"), {"kind": "typing", "nick": "al"}),
    (
        events.Dm(5, "al", "bob", "hi", "x1"),
        {"kind": "dm", "at": 5, "from": "al", "to": "bob", "text": "hi", "id": "x1"},
    ),
    (
        events.Welcome("al", "lobby", EPOCH, 9, "tea", [BOB], 2, LIMITS, 1, 4, 5),
        {
            "kind": "welcome",
            "nick": "al",
            "room": "lobby",
            "epoch": "e1",
            "seq": 9,
            "topic": "tea",
            "members": [{"nick": "bob", "door": "tcp"}],
            "count": 2,
            "limits": {"text_bytes": 4096, "nick_chars": 32, "rate": 5.0},
            "replay": 1,
            "since": 4,
            "at": 5,
        },
    ),
    (events.Live(9), {"kind": "live", "seq": 9}),
    (
        events.Gap(1, 4, "trimmed"),
        {"kind": "gap", "from": 1, "to": 4, "reason": "trimmed"},
    ),
    (events.Nick("al", "x1"), {"kind": "nick", "nick": "al", "id": "x1"}),
    (
        events.Members("lobby", [BOB], 1, "x1"),
        {
            "kind": "members",
            "room": "lobby",
            "members": [{"nick": "bob", "door": "tcp"}],
            "count": 1,
            "id": "x1",
        },
    ),
    (
        events.Rooms([events.RoomLine("lobby", 2, "tea")], "x1"),
        {
            "kind": "rooms",
            "rooms": [{"room": "lobby", "count": 2, "topic": "tea"}],
            "id": "x1",
        },
    ),
    (
        events.History([events.Say(**LOGGED)], True, "x1", 2, 4, [events.Range(2, 2, "lost")]),
        {
            "kind": "history",
            "events": [{"kind": "say", **LOGGED}],
            "more": True,
            "id": "x1",
            "from": 2,
            "to": 4,
            "gaps": [{"from": 2, "to": 2, "reason": "lost"}],
        },
    ),
    (
        events.Found([events.Say(**LOGGED)], True, 3, "x1", 5),
        {
            "kind": "found",
            "events": [{"kind": "say", **LOGGED}],
            "more": True,
            "before": 3,
            "id": "x1",
            "lost": 5,
        },
    ),
    (
        events.Help([events.HelpLine("/help", "this list")], "x1"),
        {"kind": "help", "commands": [{"usage": "/help", "help": "this list"}], "id": "x1"},
    ),
    (events.Notice("hello"), {"kind": "notice", "text": "hello"}),
    (
        events.Error("nick_taken", "it is", 5, "x1"),
        {"kind": "error", "code": "nick_taken", "text": "it is", "at": 5, "id": "x1"},
    ),
    (events.Pong("x1"), {"kind": "pong", "id": "x1"}),
]


@pytest.mark.parametrize(("event", "shown"), TABLE, ids=lambda it: type(it).__name__)
def test_every_kind_goes_over_the_wire_as_the_protocol_says(
    event: events.Event, shown: dict[str, Any]
) -> None:
    line = JSON.encode(event)
    assert msgspec.json.decode(line) == shown
    assert line.endswith(b"}\n")


def test_the_table_above_holds_every_kind_there_is() -> None:
    kinds = set(events.Event.__subclasses__()) - {events.Logged}
    kinds |= set(events.Logged.__subclasses__())
    kinds = {kind for kind in kinds if kind.__module__ == events.__name__}
    assert {type(event) for event, _ in TABLE} == kinds


def test_the_port_of_the_line_door_is_told_only_where_there_is_one() -> None:
    told = msgspec.json.decode(msgspec.json.encode(events.Limits(1, 2, 3.0, tcp_port=9000)))
    assert told["tcp_port"] == 9000


@given(st.text())
def test_an_event_is_one_line_whatever_is_in_it(text: str) -> None:
    line = JSON.encode(events.Say(**{**LOGGED, "text": text}))
    assert line.count(b"\n") == 1
    assert msgspec.json.decode(line)["text"] == text


def test_packing_changes_nothing() -> None:
    assert JSON.pack([b"{}\n", b"", b"[]\n"]) == b"{}\n[]\n"
