"""What a client knows, and what it shows of what it hears."""

from __future__ import annotations

from typing import Any

import pytest

from oneroom_client.state import MOST_MEMBERS, State
from tcp_room.events import (
    Event,
    Gap,
    Here,
    Limits,
    Live,
    Members,
    Nick,
    Presence,
    Renamed,
    Say,
    Topic,
    Welcome,
)
from tcp_room.messages import Hello


def welcome(**fields: Any) -> Welcome:
    told: dict[str, Any] = {
        "nick": "alice",
        "room": "lobby",
        "epoch": "e1",
        "seq": 10,
        "topic": "",
        "members": [Here("alice", "tcp")],
        "count": 1,
        "limits": Limits(4096, 32, 5.0),
        "replay": 3,
        "since": 0,
        "at": 0,
    }
    return Welcome(**{**told, **fields})


def say(seq: int) -> Say:
    return Say(seq, None, 0, "bob", "tcp", f"m{seq}")


def inside(**hello: Any) -> State:
    state = State(Hello(**hello))
    state.hear(welcome())
    return state


def shown(state: State, *events: Event) -> list[Event]:
    return [event for heard in events for event in state.hear(heard)]


def test_it_comes_back_where_it_stopped() -> None:
    state = inside(session="s" * 16, watch=True)
    shown(state, say(8), say(9))
    state.disconnected()
    hello = state.hello()
    assert (hello.nick, hello.room, hello.since, hello.epoch) == ("alice", "lobby", 9, "e1")
    assert (hello.session, hello.bot, hello.watch) == ("s" * 16, False, True)


def test_what_was_seen_is_not_shown_again() -> None:
    state = inside()
    shown(state, say(8), say(9), say(10))
    state.hear(welcome(replay=2))
    assert shown(state, say(9), say(10), say(10)) == [say(9), say(10)]


def test_a_hole_is_declared() -> None:
    state = inside()
    assert shown(state, say(8), say(11)) == [say(8), Gap(9, 10, "missed"), say(11)]


def test_a_hole_that_the_server_declares_is_not_declared_twice() -> None:
    state = inside()
    gap, lost = Gap(8, 99, "trimmed"), Gap(101, 102, "lost")
    assert shown(state, gap, say(100), lost, say(103)) == [gap, say(100), lost, say(103)]


def test_a_hole_at_the_end_of_what_was_missed_is_declared() -> None:
    state = inside()
    shown(state, say(8))
    assert shown(state, Live(10)) == [Gap(9, 10, "missed"), Live(10)]
    assert shown(state, say(10), say(11)) == [say(11)]


def test_a_resumption_that_leaves_something_out_is_declared() -> None:
    state = inside()
    shown(state, *(say(seq) for seq in (8, 9, 10)), Live(10))
    state.disconnected()
    assert shown(state, welcome(seq=90, replay=2), say(89)) == [
        welcome(seq=90, replay=2),
        Gap(11, 88, "missed"),
        say(89),
    ]


def test_a_position_that_the_log_has_not_reached_is_given_up() -> None:
    state = State(Hello(since=99))
    assert shown(state, welcome(), Gap(0, 0, "epoch"), say(8))[1:] == [Gap(0, 0, "epoch"), say(8)]


@pytest.mark.parametrize("numbers", [(0, 0), (1, 10)])
def test_a_gap_between_logs_counts_no_events(numbers: tuple[int, int]) -> None:
    state = inside()
    shown(state, say(8), say(9), say(10))
    state.disconnected()
    gap = Gap(*numbers, "epoch")
    told = [welcome(epoch="e2", seq=9, replay=2), gap, say(8), say(9), Live(9)]
    assert shown(state, *told) == told


def test_another_log_is_read_from_where_it_says() -> None:
    state = inside()
    shown(state, say(8), say(9), say(10))
    told = [welcome(epoch="e2", seq=2, replay=2), Gap(1, 2, "epoch"), say(1), say(2)]
    assert shown(state, *told) == told
    assert state.hello().epoch == "e2"


def test_it_knows_who_is_here() -> None:
    state = inside()
    shown(
        state,
        Presence(0, [Here("bob", "web"), Here("eve", "tcp")], [], [], 3),
        Presence(0, [Here("eve", "web")], ["eve"], [Renamed("bob", "小明")], 3),
    )
    assert state.members == {"alice": "tcp", "小明": "web", "eve": "web"}
    shown(state, Members("lobby", [Here("alice", "tcp")], 1))
    assert (state.members, state.count) == ({"alice": "tcp"}, 1)


def test_it_knows_its_name_the_topic_and_when_it_is_live() -> None:
    state = inside()
    assert not state.is_live
    shown(state, Nick("爱丽丝"), Topic(8, None, 0, "bob", "tcp", "tea"), Live(10))
    assert (state.nick, state.topic, state.is_live) == ("爱丽丝", "tea", True)
    state.nameless()
    assert state.hello().nick is None


def test_memory_is_bounded_whatever_a_server_says() -> None:
    state = inside()
    for start in range(0, 3 * MOST_MEMBERS, 100):
        here = [Here(f"n{number}", "tcp") for number in range(start, start + 100)]
        shown(state, Presence(0, here, [], [Renamed(f"{start}", f"r{start}")], 1))
    assert len(state.members) == MOST_MEMBERS
    shown(state, Members("lobby", [Here("x" * 10_000, "tcp")], 1))
    assert state.members == {}


def test_who_wants_no_history_is_shown_what_is_said_from_then_on() -> None:
    state = State(Hello(), history=False)
    told = shown(state, welcome(since=5), say(8), say(9), say(10), say(11), Live(11))
    assert told == [welcome(replay=0, since=0), say(11), Live(11)]
    state.disconnected()
    assert shown(state, welcome(seq=12, replay=1), say(12))[-1] == say(12)
    elsewhere = welcome(room="attic", seq=2, replay=2)
    assert shown(state, elsewhere, say(1), say(2))[1:] == [say(1), say(2)]
