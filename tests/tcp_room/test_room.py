"""A room: one order, one commit and one write per turn, and nothing shown that the log has not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tcp_room import events
from tcp_room.logs.memory import MemoryEngine, MemoryLog
from tcp_room.logs.port import Draft, Page, Record, Sink
from tcp_room.member import Condition
from tcp_room.room import Poster, Room
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from tests.fakes import (
    CountingView,
    FaultyEngine,
    House,
    RecordingOutlet,
    RemoteEngine,
    RemoteLog,
    sent,
    typed,
)


def lobby(house: House) -> Room:
    return house.hall.rooms["lobby"]


def seqs(outlet: RecordingOutlet) -> list[int]:
    """The places in the log of what a JSON member was told, in the order it was told."""
    return [event["seq"] for event in outlet.events if event["kind"] in ("say", "act", "topic")]


def said(outlet: RecordingOutlet) -> list[str]:
    """What was said, as a reader of the text view sees it."""
    return [line.rpartition("> ")[2] for line in outlet.lines if "> " in line]


def kinds(outlet: RecordingOutlet) -> list[str]:
    return [event["kind"] for event in outlet.events]


def of_kind(outlet: RecordingOutlet, kind: str) -> list[dict[str, Any]]:
    return [event for event in outlet.events if event["kind"] == kind]


def fill(outlet: RecordingOutlet) -> None:
    """Its socket takes no more."""
    assert outlet.member is not None
    outlet.member.full = True


# -- the turn


def test_everybody_reads_everything_in_one_order() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob", JSON)
    for number in range(3):
        sent(al, "say", text=f"a{number}")
        sent(bob, "say", text=f"b{number}")
    house.loop.settle()
    assert seqs(al_sees) == seqs(bob_sees) == [1, 2, 3, 4, 5, 6]
    assert [event["text"] for event in bob_sees.events] == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_program_is_told_its_own_event_with_its_id_and_place() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    sent(al, "say", text="hi", id="x")
    house.loop.settle()
    assert al_sees.events == [
        {
            "kind": "say",
            "seq": 1,
            "id": "x",
            "at": house.wall,
            "nick": "al",
            "door": "tcp",
            "text": "hi",
        }
    ]


def test_a_person_is_not_sent_what_its_terminal_shows_already() -> None:
    house = House()
    al, al_sees = house.enter("al")
    bob, bob_sees = house.enter("bob")
    typed(al, "one", "two")
    typed(bob, "three")
    typed(al, "four")
    house.loop.settle()
    assert said(al_sees) == ["three"]
    assert said(bob_sees) == ["one", "two", "four"]


def test_nothing_is_said_before_the_turn() -> None:
    house = House()
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    typed(al, "hi")
    assert bob_sees.writes == []
    assert lobby(house).head == 0


def test_a_turn_is_one_commit() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, _ = house.enter("al")
    bob, _ = house.enter("bob")
    log = engine.logs["lobby"]
    for _ in range(10):
        typed(al, "hi")
        typed(bob, "ho")
    house.loop.settle()
    assert (log.appends, len(log.unsettled)) == (1, 20)


def test_what_is_posted_meanwhile_is_the_next_turn() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    log = engine.logs["lobby"]
    sent(al, "say", text="one")
    house.loop.settle()
    sent(al, "say", text="two")
    sent(al, "say", text="three")
    house.loop.settle()
    assert (log.appends, len(log.unsettled)) == (1, 1)
    log.settle()
    house.loop.settle()
    assert (log.appends, len(log.unsettled)) == (2, 2)
    log.settle()
    assert seqs(al_sees) == [1, 2, 3]


def test_a_turn_is_one_write_for_each_member() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob")
    _, carol_sees = house.enter("carol")
    house.hush()
    for _ in range(5):
        typed(bob, "hi")
        sent(al, "say", text="hi")
    house.loop.settle()
    assert [len(outlet.writes) for outlet in (al_sees, bob_sees, carol_sees)] == [1, 1, 1]


def test_members_who_are_level_share_the_very_same_bytes() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    sent(al, "say", text="hi")
    house.loop.settle()
    assert al_sees.writes[0] is bob_sees.writes[0]


def test_an_event_is_encoded_once_for_each_view_however_many_read_it() -> None:
    house = House()
    view = CountingView()
    members = [house.visitor(view) for _ in range(20)]
    for session, _ in members:
        sent(session, "hello")
    house.loop.advance(5)
    view.encoded.clear()
    view.packed = 0
    for session, _ in members[:3]:
        sent(session, "say", text="hi")
    house.loop.settle()
    assert len(view.encoded) == 3
    assert view.packed == 1


def test_what_was_encoded_once_is_not_encoded_again_for_who_catches_up() -> None:
    house = House()
    view = CountingView()
    al, _ = house.enter("al", view)
    sent(al, "hello")
    _, bob_sees = house.visitor(view)
    fill_member = house.visitor(view)
    sent(al, "say", text="hi")
    house.loop.settle()
    view.encoded.clear()
    sent(fill_member[0], "hello")
    house.loop.settle()
    assert not [event for event in view.encoded if isinstance(event, events.Logged)]
    assert seqs(fill_member[1]) == [1]
    assert bob_sees.writes == []


def test_a_turn_that_nobody_is_shown_anything_of_writes_nothing() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob")
    sent(al, "typing")
    house.loop.settle()
    assert bob_sees.writes == []


def test_a_turn_takes_no_more_messages_than_it_may() -> None:
    house = House(turn_messages=3)
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    typed(al, *(f"{number}" for number in range(8)))
    house.loop.settle()
    assert said(bob_sees) == [f"{number}" for number in range(8)]
    assert [write.count(b"\n") for write in bob_sees.writes] == [3, 3, 2]


def test_a_turn_ends_when_it_is_large() -> None:
    house = House(turn_bytes=100)
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    typed(al, *["x" * 50] * 5)
    house.loop.settle()
    assert [write.count(b"\n") for write in bob_sees.writes] == [2, 2, 1]


def test_the_size_of_a_turn_is_counted_in_bytes() -> None:
    house = House(turn_bytes=100)
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    typed(al, *["字" * 17] * 4)
    house.loop.settle()
    assert [write.count(b"\n") for write in bob_sees.writes] == [2, 2]


def test_whoever_asks_is_called_back_when_all_that_was_posted_is_written() -> None:
    house = House(turn_messages=2)
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    seen: list[list[str]] = []
    typed(al, "1", "2", "3")
    lobby(house).after_posted(lambda: seen.append(said(bob_sees)))
    typed(al, "4")
    house.loop.settle()
    assert seen == [["1", "2", "3", "4"]]


def test_the_call_back_comes_with_nothing_posted_too() -> None:
    house = House()
    house.enter("al")
    called: list[int] = []
    lobby(house).after_posted(lambda: called.append(1))
    house.loop.settle()
    assert called == [1]


def test_times_do_not_step_back_by_seconds_though_the_clock_does() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    for step in (0, -30_000, 5):
        house.wall += step
        sent(al, "say", text="hi")
        house.loop.settle()
    times = [event["at"] for event in al_sees.events]
    assert times == sorted(times)


# -- the log first


def test_nobody_is_shown_what_the_log_has_not_answered() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob")
    house.hush()
    sent(al, "say", text="hi")
    house.loop.settle()
    assert (al_sees.writes, bob_sees.writes) == ([], [])
    engine.logs["lobby"].settle()
    assert seqs(al_sees) == [1]
    assert said(bob_sees) == ["hi"]


def test_an_answer_in_pieces_is_passed_on_whole() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    for text in "abc":
        sent(al, "say", text=text)
    house.loop.settle()
    log = engine.logs["lobby"]
    log.settle(1)
    log.settle(1)
    house.loop.settle()
    assert al_sees.writes == []
    log.settle(1)
    assert seqs(al_sees) == [1, 2, 3]
    assert len(al_sees.writes) == 1


def test_who_comes_while_the_log_is_slow_sees_nothing_of_what_is_on_its_way() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, _ = house.enter("al")
    log = engine.logs["lobby"]
    typed(al, "one", "two")
    house.loop.settle()
    log.settle(1)
    _, bob_sees = _come_in(house)
    log.answer()
    house.loop.settle()
    assert seqs(bob_sees) == []
    assert of_kind(bob_sees, "welcome")[0]["seq"] == 0
    log.settle(1)
    house.loop.settle()
    assert seqs(bob_sees) == [1, 2]


def test_a_refused_message_is_told_to_its_author_alone() -> None:
    engine = FaultyEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    engine.refuses = True
    sent(al, "say", text="lost", id="x")
    house.loop.settle()
    assert bob_sees.writes == []
    assert [(event["kind"], event["code"], event["id"]) for event in al_sees.events] == [
        ("error", "storage", "x")
    ]
    engine.refuses = False
    sent(al, "say", text="kept", id="x")
    house.loop.settle()
    assert seqs(bob_sees) == [1]


def test_the_others_of_a_turn_are_not_refused_with_one() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob")
    sent(al, "say", text="one", id="1")
    sent(al, "say", text="two", id="2")
    typed(bob, "three")
    house.loop.settle()
    log = engine.logs["lobby"]
    log.settle(1)
    log.settle(1, refuse=True)
    log.settle(1)
    assert said(bob_sees) == ["one"]
    assert seqs(al_sees) == [1, 2]
    assert [event["id"] for event in of_kind(al_sees, "error")] == ["2"]


def test_a_refusal_for_somebody_who_has_gone_is_told_to_nobody() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    house.enter("bob")
    sent(al, "say", text="hi")
    house.loop.settle()
    house.hall.dismiss(al.member)
    engine.logs["lobby"].settle(refuse=True)
    house.loop.settle()
    assert al_sees.closed == "left"


def test_what_others_add_to_the_log_reaches_everybody() -> None:
    engine = RemoteEngine()
    house = House(engine)
    _, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob")
    engine.logs["lobby"].arrive("hello", "from afar")
    house.loop.settle()
    assert seqs(al_sees) == [1, 2]
    assert said(bob_sees) == ["hello", "from afar"]


def test_what_others_add_during_a_turn_comes_in_the_order_of_the_log() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, al_sees = house.enter("al", JSON)
    log = engine.logs["lobby"]
    sent(al, "say", text="one")
    sent(al, "say", text="two")
    house.loop.settle()
    log.arrive("far 1")
    log.settle(1)
    log.arrive("far 2")
    log.settle(1)
    log.arrive("far 3")
    house.loop.settle()
    assert seqs(al_sees) == [1, 2, 3, 4, 5]
    assert [event["text"] for event in al_sees.events] == ["far 1", "one", "far 2", "two", "far 3"]


def test_what_others_add_during_a_sweep_is_delivered_after_it() -> None:
    engine = RemoteEngine()
    house = House(engine, slice_members=1)
    outlets = [house.enter(nick, JSON)[1] for nick in ("al", "bob", "carol")]
    log = engine.logs["lobby"]
    log.arrive("one")
    log.arrive("two")
    house.loop.settle()
    assert [seqs(outlet) for outlet in outlets] == [[1, 2]] * 3


# -- the same id twice


def test_an_id_posted_again_is_answered_with_the_first_event() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    sent(al, "say", text="hi", id="x")
    house.loop.settle()
    sent(al, "say", text="hi", id="x")
    house.loop.settle()
    first, second = al_sees.events
    assert first == second
    assert seqs(bob_sees) == [1]
    assert lobby(house).head == 1


def test_an_id_posted_twice_within_one_turn_is_said_once() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    sent(al, "say", text="hi", id="x")
    sent(al, "say", text="hi", id="x")
    house.loop.settle()
    assert set(seqs(al_sees)) == {1}
    assert seqs(bob_sees) == [1]


def test_the_answer_to_a_repeated_id_never_runs_ahead_of_the_order() -> None:
    """A client that remembers the highest seq it saw must not thereby pass over others."""
    house = House()
    al, al_sees = house.enter("al", JSON)
    sent(al, "say", text="one")
    sent(al, "say", text="two", id="x")
    sent(al, "say", text="two", id="x")
    house.loop.settle()
    assert seqs(al_sees) == [1, 2]


def test_the_answer_to_a_repeated_id_does_not_overtake_the_catching_up() -> None:
    house = House(page_events=1, slice_pages=1, json_history_events=9)
    al, _ = house.enter("al", JSON)
    for number in range(5):
        sent(al, "say", text="hi", id=f"{number}")
    house.loop.settle()
    session, sees = house.visitor(JSON)
    session.member.author = al.member.author
    sent(session, "hello", since=0)
    sent(session, "say", text="hi", id="4")
    house.loop.settle()
    assert seqs(sees) == [1, 2, 3, 4, 5]


def test_the_ids_of_others_are_not_mine() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob", JSON)
    sent(al, "say", text="hi", id="x")
    sent(bob, "say", text="ho", id="x")
    house.loop.settle()
    assert [event["text"] for event in bob_sees.events] == ["hi", "ho"]


# -- coming in


def _come_in(house: House, **hello: Any) -> tuple[Session, RecordingOutlet]:
    session, outlet = house.visitor(JSON)
    sent(session, "hello", **hello)
    house.loop.settle()
    return session, outlet


def _talk(house: House, count: int) -> None:
    """Somebody comes, says so much and leaves; the storm of names is over."""
    talker, _ = house.enter("talker", JSON)
    for number in range(count):
        sent(talker, "say", text=f"{number + 1}")
    house.loop.settle()
    house.hall.leave(talker.member)
    house.loop.advance(5)


def test_a_newcomer_is_welcomed_shown_the_latest_and_told_when_it_is_live() -> None:
    house = House(json_history_events=3)
    _talk(house, 7)
    _, sees = _come_in(house, nick="al")
    assert kinds(sees) == ["welcome", "say", "say", "say", "live"]
    assert seqs(sees) == [5, 6, 7]
    welcome, live = sees.events[0], sees.events[-1]
    assert (welcome["seq"], welcome["replay"], welcome["since"]) == (7, 3, house.wall)
    assert live["seq"] == 7


def test_a_person_is_shown_fewer_than_a_program() -> None:
    house = House(json_history_events=5, text_history_events=2)
    _talk(house, 9)
    _, sees = house.visitor(TEXT)
    house.loop.advance(1)
    assert said(sees) == ["8", "9"]


def test_there_is_nothing_to_show_in_a_new_room() -> None:
    house = House()
    _, sees = _come_in(house)
    assert kinds(sees) == ["welcome", "live"]
    assert sees.events[0]["replay"] == 0


@pytest.mark.parametrize("since", [0, 1, 4, 6, 7])
def test_who_comes_back_is_shown_what_it_missed(since: int) -> None:
    house = House(json_history_events=1)
    _talk(house, 7)
    _, sees = _come_in(house, since=since, epoch="e1")
    assert seqs(sees) == list(range(since + 1, 8))
    assert kinds(sees)[0] == "welcome"
    assert kinds(sees)[-1] == "live"
    assert not of_kind(sees, "gap")


def test_the_epoch_may_be_left_out() -> None:
    house = House(json_history_events=1)
    _talk(house, 3)
    _, sees = _come_in(house, since=1)
    assert seqs(sees) == [2, 3]


@pytest.mark.parametrize("hello", [{"since": 2, "epoch": "e0"}, {"since": 8}, {"since": 2**53}])
def test_a_since_of_another_log_is_told_of_and_answered_with_a_look_back(
    hello: dict[str, Any],
) -> None:
    house = House(json_history_events=2)
    _talk(house, 7)
    _, sees = _come_in(house, **hello)
    assert kinds(sees) == ["welcome", "gap", "say", "say", "live"]
    assert of_kind(sees, "gap")[0]["reason"] == "epoch"
    assert seqs(sees) == [6, 7]


def test_what_is_said_while_somebody_catches_up_comes_after_it() -> None:
    house = House(page_events=2, slice_pages=1)
    _talk(house, 9)
    al, _ = house.enter("al", JSON)
    _, sees = _later(house, since=0)
    for number in range(6):
        sent(al, "say", text=f"live {number}")
        house.loop.turn()
    house.loop.settle()
    assert seqs(sees) == list(range(1, 16))


def _later(house: House, **hello: Any) -> tuple[Session, RecordingOutlet]:
    """As `_come_in`, with the loop still to turn."""
    session, outlet = house.visitor(JSON)
    sent(session, "hello", **hello)
    return session, outlet


def test_catching_up_lets_the_loop_go_round() -> None:
    house = House(page_events=1, slice_pages=2)
    _talk(house, 8)
    newcomers = [_later(house, since=0)[1] for _ in range(4)]
    house.loop.turn()
    house.loop.turn()
    assert sum(len(seqs(sees)) for sees in newcomers) <= 4
    house.loop.settle()
    assert [seqs(sees) for sees in newcomers] == [list(range(1, 9))] * 4


def test_a_page_is_bounded_in_bytes() -> None:
    house = House(page_bytes=300)
    _talk(house, 20)
    _, sees = _come_in(house, since=0)
    assert seqs(sees) == list(range(1, 21))
    pages = [write for write in sees.writes if b'"say"' in write]
    assert max(map(len, pages)) < 400


def test_what_the_window_does_not_hold_comes_from_the_log() -> None:
    house = House(window_events=2, page_events=3)
    _talk(house, 20)
    _, sees = _come_in(house, since=1)
    assert seqs(sees) == list(range(2, 21))


def test_a_gap_is_told_where_the_log_was_trimmed() -> None:
    house = House(memory_events=5, window_events=2)
    _talk(house, 40)
    first = lobby(house)._log.first
    assert first > 10
    _, sees = _come_in(house, since=3)
    [gap] = of_kind(sees, "gap")
    assert (gap["from"], gap["to"], gap["reason"]) == (4, first - 1, "trimmed")
    assert seqs(sees) == list(range(first, 41))
    assert kinds(sees).index("gap") < kinds(sees).index("say")


def test_a_look_back_never_begins_before_what_is_kept() -> None:
    house = House(memory_events=5, window_events=2)
    _talk(house, 40)
    _, sees = _come_in(house)
    assert not of_kind(sees, "gap")
    assert seqs(sees) == list(range(lobby(house)._log.first, 41))


def test_a_log_that_cannot_be_read_is_tried_again_until_it_can() -> None:
    engine = FaultyEngine()
    house = House(engine, window_events=1)
    _talk(house, 9)
    engine.unreadable = True
    _, sees = _come_in(house, since=0)
    assert [event["code"] for event in of_kind(sees, "error")] == ["storage"]
    assert seqs(sees) == []
    engine.unreadable = False
    house.loop.advance(2)
    assert seqs(sees) == list(range(1, 10))


def test_who_has_gone_to_another_room_meanwhile_is_not_held_by_the_first() -> None:
    engine = FaultyEngine()
    house = House(engine, window_events=1)
    _talk(house, 9)
    bob, _ = house.enter("bob", JSON, room="dev")
    engine.unreadable = True
    al, sees = _come_in(house, since=0)
    sent(al, "join", room="dev")
    house.loop.settle()
    house.loop.advance(3)
    sees.forget()
    sent(bob, "say", text="hi")
    house.loop.settle()
    assert seqs(sees) == [1]
    assert al.member.condition is Condition.LEVEL


def test_who_came_in_again_elsewhere_in_the_log_is_not_given_an_old_page() -> None:
    engine = RemoteEngine()
    house = House(engine, window_events=1)
    log = _remote_log(house, engine, 9)
    al, sees = _come_in(house, since=0)
    sent(al, "join", room="lobby", since=5)
    house.loop.settle()
    log.answer()
    house.loop.settle()
    assert seqs(sees) == [6, 7, 8, 9]


def _remote_log(house: House, engine: RemoteEngine, length: int) -> RemoteLog:
    house.enter("keeper")
    log = engine.logs["lobby"]
    log.arrive(*(f"{number + 1}" for number in range(length)))
    house.loop.advance(5)
    return log


def test_a_page_for_somebody_who_has_left_is_for_nobody() -> None:
    engine = RemoteEngine()
    house = House(engine, window_events=1)
    log = _remote_log(house, engine, 9)
    al, sees = _come_in(house, since=0)
    house.hall.dismiss(al.member)
    log.answer()
    house.loop.settle()
    assert seqs(sees) == []


def test_a_page_shows_nothing_of_what_is_on_its_way() -> None:
    engine = RemoteEngine()
    house = House(engine, window_events=1)
    log = _remote_log(house, engine, 5)
    al, _ = house.enter("al", JSON)
    log.answer()
    house.loop.settle()
    sent(al, "say", text="six")
    sent(al, "say", text="seven")
    house.loop.settle()
    log.settle(1)
    _, sees = _come_in(house, since=3)
    log.answer()
    house.loop.settle()
    assert seqs(sees) == [4, 5]
    log.settle(1)
    house.loop.settle()
    assert seqs(sees) == [4, 5, 6, 7]


def test_a_gap_is_told_once_though_it_fills_its_reader() -> None:
    house = House(memory_events=5, window_events=2)
    _talk(house, 40)
    _, sees = _later(house, since=3)
    sees.room_bytes = sees.waiting
    house.loop.settle()
    assert kinds(sees) == ["welcome", "gap"]
    sees.room_bytes = 1 << 60
    sees.drain()
    house.loop.settle()
    assert len(of_kind(sees, "gap")) == 1
    assert seqs(sees) == list(range(lobby(house)._log.first, 41))


def test_a_log_that_answers_late_is_read_on_page_by_page() -> None:
    engine = RemoteEngine()
    house = House(engine, window_events=1, page_events=2)
    log = _remote_log(house, engine, 7)
    _, sees = _come_in(house, since=0)
    while log.unread:
        log.arrive("more") if log.head < 12 else None
        log.answer()
        house.loop.settle()
    assert seqs(sees) == list(range(1, 13))


# -- slow readers


def test_a_full_member_is_parked_and_nothing_more_is_queued_for_it() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob", JSON)
    fill(bob_sees)
    for _ in range(3):
        sent(al, "say", text="hi")
        house.loop.settle()
    assert bob_sees.writes == []
    assert bob.member.condition is Condition.PARKED
    assert seqs(al_sees) == [1, 2, 3]


def test_a_parked_member_reads_on_where_it_stopped() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    sent(al, "say", text="hi")
    house.loop.settle()
    fill(bob_sees)
    for _ in range(3):
        sent(al, "say", text="hi")
        house.loop.settle()
    bob_sees.drain()
    sent(al, "say", text="hi")
    house.loop.settle()
    assert seqs(bob_sees) == [1, 2, 3, 4, 5]
    assert not of_kind(bob_sees, "live")


def test_a_parked_member_reads_on_from_the_log_when_the_window_has_moved_on() -> None:
    house = House(window_events=2, page_events=3)
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    fill(bob_sees)
    for _ in range(20):
        sent(al, "say", text="hi")
        house.loop.settle()
    bob_sees.drain()
    house.loop.settle()
    assert seqs(bob_sees) == list(range(1, 21))


def test_a_parked_member_is_told_what_it_can_no_longer_have() -> None:
    house = House(window_events=2, memory_events=5)
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    fill(bob_sees)
    for _ in range(40):
        sent(al, "say", text="hi")
        house.loop.settle()
    bob_sees.drain()
    house.loop.settle()
    [gap] = of_kind(bob_sees, "gap")
    assert (gap["from"], gap["reason"]) == (1, "trimmed")
    assert seqs(bob_sees) == list(range(gap["to"] + 1, 41))


def test_a_member_that_is_filled_while_catching_up_is_parked_again() -> None:
    house = House(page_events=2)
    _talk(house, 20)
    session, sees = house.visitor(JSON, room_bytes=400)
    sent(session, "hello", since=0)
    house.loop.settle()
    drained = 0
    while session.member.condition is not Condition.LEVEL:
        assert session.member.condition is Condition.PARKED
        drained += 1
        assert sees.waiting < 400 + 300
        sees.drain()
        house.loop.settle()
    assert drained > 3
    assert seqs(sees) == list(range(1, 21))


def test_own_lines_are_passed_over_when_a_parked_person_reads_on() -> None:
    house = House()
    al, al_sees = house.enter("al")
    bob, _ = house.enter("bob")
    fill(al_sees)
    typed(al, "mine 1")
    typed(bob, "one")
    house.loop.settle()
    typed(al, "mine 2")
    typed(bob, "two")
    house.loop.settle()
    al_sees.drain()
    house.loop.settle()
    assert said(al_sees) == ["one", "two"]


def test_own_lines_are_passed_over_when_the_log_is_read_too() -> None:
    house = House(window_events=1)
    al, al_sees = house.enter("al")
    bob, _ = house.enter("bob")
    fill(al_sees)
    for number in range(9):
        typed(al, "mine")
        typed(bob, f"{number}")
        house.loop.settle()
    al_sees.drain()
    house.loop.settle()
    assert said(al_sees) == [f"{number}" for number in range(9)]


def test_the_only_reader_of_a_view_may_be_parked_by_its_own_words() -> None:
    house = House()
    al, al_sees = house.enter("al")
    _, bob_sees = house.enter("bob", JSON)
    fill(al_sees)
    typed(al, "hi")
    house.loop.settle()
    typed(al, "ho")
    house.loop.settle()
    assert seqs(bob_sees) == [1, 2]


def test_the_slow_do_not_keep_the_others_waiting() -> None:
    house = House()
    members = [house.enter(f"m{number}", JSON) for number in range(10)]
    for _, outlet in members[1:9]:
        fill(outlet)
    sent(members[0][0], "say", text="hi")
    house.loop.settle()
    assert seqs(members[9][1]) == [1]


def test_what_a_parked_member_asked_for_waits_in_its_backlog() -> None:
    house = House(backlog_bytes=200)
    bob, bob_sees = house.enter("bob", JSON)
    fill(bob_sees)
    sent(bob, "ping", id="1")
    assert (bob_sees.writes, bob_sees.paused) == ([], False)
    for number in range(2, 20):
        sent(bob, "ping", id=f"{number}")
    assert bob_sees.paused
    bob_sees.drain()
    assert [event["id"] for event in bob_sees.events] == [f"{number}" for number in range(1, 20)]
    assert not bob_sees.paused


# -- slices


def test_a_sweep_over_many_lets_the_loop_go_round() -> None:
    house = House(slice_members=3)
    members = [house.enter(f"m{number}", JSON) for number in range(10)]
    house.hush()
    sent(members[0][0], "say", text="hi")
    reached: list[int] = []
    for _ in range(4):
        house.loop.turn()
        reached.append(sum(bool(outlet.writes) for _, outlet in members))
    assert reached == [3, 6, 9, 10]


def test_the_next_turn_waits_for_the_sweep() -> None:
    house = House(slice_members=2)
    members = [house.enter(f"m{number}", JSON) for number in range(7)]
    for text in "abc":
        sent(members[0][0], "say", text=text)
        house.loop.turn()
    house.loop.settle()
    assert [seqs(outlet) for _, outlet in members] == [[1, 2, 3]] * 7


def test_a_slice_is_counted_over_all_views() -> None:
    house = House(slice_members=4)
    for number in range(3):
        house.enter(f"t{number}")
    members = [house.enter(f"m{number}", JSON) for number in range(3)]
    house.hush()
    sent(members[0][0], "say", text="hi")
    house.loop.turn()
    assert sum(bool(outlet.writes) for outlet in house.outlets) == 4
    house.loop.settle()
    assert all(outlet.writes for outlet in house.outlets)


def _mid_sweep(house: House, count: int) -> Sequence[tuple[Session, RecordingOutlet]]:
    """Members of whom the first two have just been told of event 1, and the others not yet."""
    members = [house.enter(f"m{number}", JSON) for number in range(count)]
    house.hush()
    sent(members[0][0], "say", text="hi")
    house.loop.turn()
    assert [seqs(outlet) for _, outlet in members] == [[1]] * 2 + [[]] * (count - 2)
    return members


def test_who_comes_in_the_midst_of_a_sweep_is_told_everything_once() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 9)
    _, newcomer = _later(house)
    sent(members[0][0], "say", text="ho")
    house.loop.settle()
    assert seqs(newcomer) == [1, 2]


def test_who_leaves_in_the_midst_of_a_sweep_is_told_nothing_more() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 9)
    house.hall.dismiss(members[5][0].member)
    house.loop.settle()
    assert members[5][1].writes == []
    assert [seqs(outlet) for _, outlet in members[6:]] == [[1]] * 3


def test_who_is_filled_in_the_midst_of_a_sweep_is_parked_by_it() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 9)
    fill(members[5][1])
    house.loop.settle()
    assert members[5][0].member.condition is Condition.PARKED
    members[5][1].drain()
    house.loop.settle()
    assert [seqs(outlet) for _, outlet in members] == [[1]] * 9


def test_who_is_parked_and_drained_in_the_midst_of_a_sweep_is_told_everything_once() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 9)
    fill(members[3][1])
    house.loop.turn()
    assert members[3][0].member.condition is Condition.PARKED
    members[3][1].drain()
    sent(members[0][0], "say", text="ho")
    house.loop.settle()
    assert [seqs(outlet) for _, outlet in members] == [[1, 2]] * 9


def test_who_changes_its_view_in_the_midst_of_a_sweep_reads_on_in_the_new_one() -> None:
    house = House(slice_members=1)
    al, _ = house.enter("al")
    house.enter("bob")
    carol, carol_sees = house.enter("carol")
    typed(al, "hi")
    house.loop.turn()
    typed(carol, "/json")
    house.loop.settle()
    assert seqs(carol_sees) == [1]
    assert b"<al>" not in carol_sees.bytes


def test_who_changes_its_view_in_the_midst_of_a_sweep_is_told_who_is_here() -> None:
    house = House(slice_members=1)
    al, _ = house.enter("al")
    house.enter("bob")
    carol, carol_sees = house.enter("carol")
    house.hush()
    typed(al, "/nick alan")
    house.loop.turn()
    typed(carol, "/json")
    house.loop.settle()
    assert all(line.startswith("{") for line in carol_sees.lines)
    assert "alan" in members_told(carol_sees)


def test_who_reads_again_from_earlier_on_in_the_midst_of_a_sweep_is_not_told_twice() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 12)
    session, outlet = members[10]
    sent(session, "join", room="lobby", since=0)
    for _ in range(3):
        house.loop.turn()
    assert session.member.condition is Condition.LEVEL
    house.loop.settle()
    assert seqs(outlet) == [1]


def test_who_leaves_and_comes_again_in_the_midst_of_a_sweep_is_told_everything_once() -> None:
    house = House(slice_members=2)
    members = _mid_sweep(house, 12)
    session, outlet = members[10]
    sent(session, "join", room="dev")
    sent(session, "join", room="lobby", since=0)
    house.loop.settle()
    assert seqs(outlet) == [1]


# -- who is here


def presence(outlet: RecordingOutlet) -> list[dict[str, Any]]:
    return of_kind(outlet, "presence")


def members_told(outlet: RecordingOutlet) -> set[str]:
    """Who is here, as a program knows that was told all this since it knew of nobody."""
    here: set[str] = set()
    for event in outlet.events:
        if event["kind"] in ("welcome", "members"):
            here = {who["nick"] for who in event["members"]}
        elif event["kind"] == "presence":
            here -= set(event["left"])
            renamed = event["renamed"]
            here -= {pair["from"] for pair in renamed}
            here |= {pair["to"] for pair in renamed}
            here |= {who["nick"] for who in event["joined"]}
    return here


def here(house: House) -> set[str]:
    return {member.nick for member in lobby(house).members.values()}


def test_the_first_to_come_is_told_of_at_once_and_a_storm_once_a_second() -> None:
    house = House()
    _, al_sees = house.enter("al", JSON)
    house.loop.advance(5)
    house.enter("bob")
    assert [event["joined"] for event in presence(al_sees)] == [[{"nick": "bob", "door": "tcp"}]]
    for number in range(20):
        house.enter(f"m{number}")
    assert len(presence(al_sees)) == 1
    house.loop.advance(1.1)
    assert len(presence(al_sees)) == 2
    assert len(presence(al_sees)[1]["joined"]) == 20
    assert presence(al_sees)[1]["count"] == 22


def test_a_person_is_not_told_that_it_came_itself() -> None:
    house = House()
    house.enter("al")
    house.loop.advance(5)
    _, bob_sees = house.visitor()
    house.loop.advance(5)
    assert not [line for line in bob_sees.lines if "joined" in line]


def test_who_leaves_is_told_of() -> None:
    house = House()
    _, al_sees = house.enter("al", JSON)
    bob, _ = house.enter("bob")
    house.hush()
    house.hall.leave(bob.member)
    house.loop.advance(5)
    [event] = presence(al_sees)
    assert (event["left"], event["joined"], event["count"]) == (["bob"], [], 1)


def test_who_comes_again_within_the_second_was_never_gone() -> None:
    house = House()
    _, al_sees = house.enter("al", JSON)
    bob, _ = house.enter("bob")
    house.hall.leave(bob.member)
    house.enter("bob")
    al_sees.forget()
    house.loop.advance(5)
    assert presence(al_sees) == []


def test_who_came_and_went_within_the_second_is_not_told_of() -> None:
    house = House()
    _, al_sees = house.enter("al")
    house.enter("bob")
    al_sees.forget()
    carol, _ = house.enter("carol")
    house.hall.leave(carol.member)
    house.loop.advance(5)
    assert al_sees.lines == []


def test_who_was_listed_to_a_newcomer_is_told_of_when_it_goes_within_the_second() -> None:
    house = House()
    house.enter("al", JSON)
    house.enter("bob")
    carol, _ = house.enter("carol")
    _, dave_sees = _come_in(house, nick="dave")
    house.hall.leave(carol.member)
    house.loop.advance(5)
    assert members_told(dave_sees) == here(house)


def test_who_was_not_listed_to_a_newcomer_is_told_of_when_it_comes_again() -> None:
    house = House()
    house.enter("al", JSON)
    bob, _ = house.enter("bob")
    house.hall.leave(bob.member)
    _, dave_sees = _come_in(house, nick="dave")
    house.enter("bob")
    house.loop.advance(5)
    assert members_told(dave_sees) == here(house)


def test_who_asked_who_is_here_is_told_of_what_changed_since() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    house.enter("bob")
    carol, _ = house.enter("carol")
    sent(al, "who")
    house.hall.leave(carol.member)
    house.loop.advance(5)
    assert members_told(al_sees) == here(house)


def test_who_reads_again_from_earlier_on_is_told_of_what_changed_since() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    house.enter("bob")
    carol, _ = house.enter("carol")
    sent(al, "join", room="lobby")
    house.hall.leave(carol.member)
    house.loop.advance(5)
    assert members_told(al_sees) == here(house)


def test_who_comes_again_by_another_door_is_told_of() -> None:
    house = House()
    _, al_sees = house.enter("al", JSON)
    bob, _ = house.enter("bob")
    al_sees.forget()
    house.hall.leave(bob.member)
    session, _ = house.visitor(JSON, door="web")
    sent(session, "hello", nick="bob")
    house.loop.advance(5)
    [event] = presence(al_sees)
    assert event["joined"] == [{"nick": "bob", "door": "web"}]


def test_an_empty_room_forgets_what_there_was_to_tell() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    bob, _ = house.enter("bob")
    house.hall.leave(al.member)
    house.hall.leave(bob.member)
    _, sees = _come_in(house, nick="carol")
    house.loop.advance(5)
    assert presence(sees) == []


def test_a_list_is_true_though_the_log_is_slow_and_the_room_was_empty_meanwhile() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, _ = house.enter("al", JSON)
    bob, _ = house.enter("bob", JSON)
    house.loop.advance(5)
    sent(al, "say", text="hi")
    house.loop.settle()
    house.hall.leave(al.member)  # is told of in the next turn
    house.hall.leave(bob.member)
    house.visitor()
    again, _ = _come_in(house, nick="al")
    _, carol_sees = _come_in(house, nick="carol")
    house.loop.settle()
    assert again.member.condition is Condition.LEVEL
    engine.logs["lobby"].settle()
    house.loop.advance(5)
    assert members_told(carol_sees) == here(house)


def test_a_change_of_name_stands_at_its_place_in_the_order() -> None:
    house = House()
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    typed(al, "before", "/nick alan", "after")
    house.loop.settle()
    assert kinds(bob_sees) == ["say", "presence", "say"]
    assert [event.get("nick") for event in bob_sees.events] == ["al", None, "alan"]
    assert presence(bob_sees)[0]["renamed"] == [{"from": "al", "to": "alan"}]


def test_a_change_of_name_is_not_gathered() -> None:
    house = House()
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob", JSON)
    bob_sees.forget()
    house.enter("carol")
    typed(al, "/nick alan")
    house.loop.settle()
    assert members_told(bob_sees) >= {"alan", "carol"}


def test_who_changes_its_name_is_still_told_of_those_who_came() -> None:
    house = House()
    al, al_sees = house.enter("al")
    house.enter("bob")
    al_sees.forget()
    house.enter("carol")
    typed(al, "/nick alan")
    house.loop.advance(5)
    assert [line for line in al_sees.lines if "carol joined" in line]
    assert not [line for line in al_sees.lines if "al is now alan" in line]


def test_a_parked_member_is_given_a_fresh_list_when_it_is_level() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.loop.advance(5)
    fill(bob_sees)
    sent(al, "say", text="hi")
    house.loop.settle()
    house.enter("carol")
    house.hall.leave(al.member)
    house.loop.advance(5)
    assert bob_sees.writes == []
    bob_sees.drain()
    house.loop.settle()
    assert members_told(bob_sees) == here(house)
    assert len(of_kind(bob_sees, "members")) == 1


def test_a_parked_member_whom_nobody_joined_or_left_is_given_no_list() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.loop.advance(5)
    fill(bob_sees)
    sent(al, "say", text="hi")
    house.loop.settle()
    bob_sees.drain()
    house.loop.settle()
    assert kinds(bob_sees) == ["say"]


def test_a_member_that_is_parked_by_the_very_turn_that_told_it_is_given_a_fresh_list() -> None:
    house = House()
    house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    fill(bob_sees)
    house.enter("carol")
    bob_sees.drain()
    house.loop.settle()
    assert {"carol"} <= members_told(bob_sees) == here(house)


def test_a_member_parked_and_level_again_within_one_sweep_is_given_a_fresh_list() -> None:
    house = House(slice_members=1)
    house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    for number in range(6):
        house.enter(f"m{number}", JSON)
    house.hush()
    fill(bob_sees)
    session, _ = house.visitor(JSON)
    sent(session, "hello", nick="carol")
    for _ in range(3):
        house.loop.turn()
    bob_sees.drain()
    house.loop.settle()
    assert {"carol"} <= members_told(bob_sees) == here(house)


def test_a_newcomer_is_not_told_twice_who_is_here() -> None:
    house = House()
    house.enter("al", JSON)
    house.loop.advance(5)
    _, bob_sees = _come_in(house, nick="bob")
    house.loop.advance(5)
    assert not of_kind(bob_sees, "members")


def test_no_more_names_are_told_than_may_be_but_the_count_is_true() -> None:
    house = House(members_listed=3)
    _, al_sees = house.enter("al", JSON)
    for number in range(8):
        house.enter(f"m{number}")
    al_sees.forget()
    house.loop.advance(5)
    _, bob_sees = _come_in(house, nick="bob")
    [event] = presence(al_sees)[:1]
    assert (len(event["joined"]), event["count"]) == (3, 9)
    assert (len(bob_sees.events[0]["members"]), bob_sees.events[0]["count"]) == (3, 10)


def test_typing_is_told_to_programs_and_not_to_oneself_where_there_is_no_echo() -> None:
    house = House()
    al, _ = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    _, carol_sees = house.enter("carol")
    sent(al, "typing")
    house.loop.settle()
    assert bob_sees.events == [{"kind": "typing", "nick": "al"}]
    assert carol_sees.writes == []


# -- reading back


def _page(house: House, session: Session, outlet: RecordingOutlet, **query: Any) -> dict[str, Any]:
    outlet.forget()
    sent(session, "history", **query)
    house.loop.settle()
    [page] = outlet.events
    return page


@pytest.mark.parametrize(
    ("query", "page", "more"),
    [
        ({"limit": 3}, [8, 9, 10], True),
        ({"limit": 10}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], False),
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], False),
        ({"before": 8, "limit": 3}, [5, 6, 7], True),
        ({"before": 4, "limit": 3}, [1, 2, 3], False),
        ({"before": 3, "limit": 3}, [1, 2], False),
        ({"before": 1, "limit": 3}, [], False),
        ({"before": 0, "limit": 3}, [], False),
        ({"before": 2**53, "limit": 2}, [9, 10], True),
        ({"after": 0, "limit": 3}, [1, 2, 3], True),
        ({"after": 7, "limit": 3}, [8, 9, 10], False),
        ({"after": 9, "limit": 3}, [10], False),
        ({"after": 10, "limit": 3}, [], False),
        ({"after": 2**53, "limit": 3}, [], False),
    ],
    ids=str,
)
def test_a_page_of_history_is_what_was_asked_for(
    query: dict[str, Any], page: list[int], more: bool
) -> None:
    house = House()
    _talk(house, 10)
    session, outlet = house.enter("al", JSON)
    got = _page(house, session, outlet, **query, id="x")
    assert [event["seq"] for event in got["events"]] == page
    assert (got["more"], got["id"]) == (more, "x")


def test_history_is_paged_through_in_both_directions() -> None:
    house = House(window_events=3)
    _talk(house, 23)
    session, outlet = house.enter("al", JSON)
    backward: list[int] = []
    forward: list[int] = []
    while len(backward) < 23:
        got = _page(house, session, outlet, before=min(backward, default=24), limit=5)
        backward = [event["seq"] for event in got["events"]] + backward
        assert got["more"] is (len(backward) < 23)
    while len(forward) < 23:
        got = _page(house, session, outlet, after=max(forward, default=0), limit=5)
        forward += [event["seq"] for event in got["events"]]
        assert got["more"] is (len(forward) < 23)
    assert backward == forward == list(range(1, 24))


def test_a_page_back_to_where_the_log_was_trimmed_stops_there() -> None:
    house = House(memory_events=8)
    _talk(house, 30)
    first = lobby(house)._log.first
    session, outlet = house.enter("al", JSON)
    got = _page(house, session, outlet, before=first + 2, limit=6)
    assert [event["seq"] for event in got["events"]] == [first, first + 1]
    assert got["more"] is False
    assert _page(house, session, outlet, before=first - 3, limit=6)["events"] == []


def test_a_page_forward_from_what_is_gone_begins_with_what_is_kept() -> None:
    house = House(memory_events=8)
    _talk(house, 30)
    first = lobby(house)._log.first
    session, outlet = house.enter("al", JSON)
    got = _page(house, session, outlet, after=2, limit=2)
    assert [event["seq"] for event in got["events"]] == [first, first + 1]
    assert got["more"] is True


@pytest.mark.parametrize("query", [{"before": 20}, {"after": 5}], ids=str)
def test_a_page_of_history_is_bounded_in_bytes(query: dict[str, int]) -> None:
    house = House(page_bytes=40)
    talker, _ = house.enter("talker", JSON)
    for _ in range(30):
        sent(talker, "say", text="x" * 10)
    house.loop.settle()
    session, outlet = house.enter("al", JSON)
    got = _page(house, session, outlet, **query, limit=25)
    assert got["more"] is True
    seqs_got = [event["seq"] for event in got["events"]]
    assert len(seqs_got) == 5
    assert seqs_got == (list(range(15, 20)) if "before" in query else list(range(6, 11)))


def test_a_page_holds_no_more_events_than_a_page_may() -> None:
    house = House(page_events=4)
    _talk(house, 10)
    session, outlet = house.enter("al", JSON)
    got = _page(house, session, outlet, limit=10**12)
    assert [event["seq"] for event in got["events"]] == [7, 8, 9, 10]


def test_a_log_that_cannot_be_read_is_told_of_with_the_id() -> None:
    engine = FaultyEngine()
    house = House(engine)
    _talk(house, 3)
    session, outlet = house.enter("al", JSON)
    engine.unreadable = True
    got = _page(house, session, outlet, id="x")
    assert (got["kind"], got["code"], got["id"]) == ("error", "storage", "x")


@pytest.mark.parametrize("query", [{"limit": 5}, {"after": 0, "limit": 5}], ids=str)
def test_history_shows_nothing_of_what_is_on_its_way(query: dict[str, int]) -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, outlet = house.enter("al", JSON)
    log = engine.logs["lobby"]
    log.arrive("one")
    sent(al, "say", text="two")
    sent(al, "say", text="three")
    house.loop.settle()
    log.settle(1)
    sent(al, "history", **query)
    house.loop.settle()
    log.answer()
    house.loop.settle()
    [page] = of_kind(outlet, "history")
    assert [event["text"] for event in page["events"]] == ["one"]
    assert page["more"] is False


# -- the rest


def test_a_room_is_unused_while_nobody_is_in_it_and_nothing_was_said() -> None:
    house = House()
    room = house.hall.room("lobby")
    states = [room.is_unused]
    al, _ = house.enter("al")
    states.append(room.is_unused)
    house.hall.leave(al.member)
    house.loop.settle()
    states.append(room.is_unused)
    assert states == [True, False, True]


def test_a_room_is_used_as_soon_as_something_is_on_its_way_to_be_said() -> None:
    house = House()
    al, _ = house.enter("al")
    typed(al, "hi")
    house.hall.leave(al.member)
    assert not lobby(house).is_unused
    house.loop.settle()
    assert not lobby(house).is_unused


def test_the_topic_is_the_logs() -> None:
    house = House()
    al, _ = house.enter("al")
    typed(al, "/topic tea and biscuits")
    house.loop.settle()
    assert lobby(house).topic == "tea and biscuits"
    _, sees = _come_in(house)
    assert sees.events[0]["topic"] == "tea and biscuits"


def test_what_somebody_said_before_leaving_is_said() -> None:
    house = House()
    al, _ = house.enter("al")
    _, bob_sees = house.enter("bob", JSON)
    house.hush()
    typed(al, "bye")
    house.hall.leave(al.member)
    house.loop.settle()
    assert kinds(bob_sees) == ["say", "presence"]


# -- leaving, and coming back


def test_a_leave_is_told_after_a_grace() -> None:
    house = House(leave_grace_s=5.0)
    _, bob = house.enter("bob", JSON)
    house.loop.advance(10)
    alice, _ = house.enter("alice", JSON)
    house.loop.advance(10)
    bob.forget()
    alice.lost()
    house.loop.advance(4)
    assert bob.events == []
    house.loop.advance(2)
    assert [(event["kind"], event["left"]) for event in bob.events] == [("presence", ["alice"])]


def test_who_is_back_within_the_grace_was_never_away() -> None:
    house = House(leave_grace_s=5.0)
    _, bob = house.enter("bob", JSON)
    house.loop.advance(10)
    alice, _ = house.enter("alice", JSON)
    house.loop.advance(10)
    bob.forget()
    alice.lost()
    house.loop.advance(4)
    house.enter("alice", JSON)
    house.loop.advance(60)
    assert bob.events == []


def test_who_is_back_by_another_door_has_come() -> None:
    house = House(leave_grace_s=5.0)
    _, bob = house.enter("bob", JSON)
    house.loop.advance(10)
    alice, _ = house.enter("alice", JSON)
    house.loop.advance(10)
    bob.forget()
    alice.lost()
    session, _ = house.visitor(JSON, door="web")
    session.receive([b'{"kind":"hello","nick":"alice"}'])
    house.loop.advance(60)
    [told] = bob.events
    assert (told["joined"], told["left"]) == ([{"nick": "alice", "door": "web"}], [])


def test_the_grace_begins_anew_with_each_leave() -> None:
    house = House(leave_grace_s=5.0)
    _, bob = house.enter("bob", JSON)
    alice, _ = house.enter("alice", JSON)
    house.loop.advance(10)
    bob.forget()
    alice.lost()
    house.loop.advance(1)
    alice, _ = house.enter("alice", JSON)
    house.loop.advance(3)
    alice.lost()
    house.loop.advance(2)  # six seconds from the first time, two from the second
    assert bob.events == []
    house.loop.advance(4)
    assert [event["left"] for event in of_kind(bob, "presence")] == [["alice"]]


def test_who_comes_meanwhile_is_told_of_who_may_be_back() -> None:
    """Of the return nobody is told: it must be in the list already."""
    house = House(leave_grace_s=5.0)
    alice, _ = house.enter("alice", JSON)
    house.enter("bob", JSON)
    house.loop.advance(10)
    alice.lost()
    session, carl = house.visitor(JSON)
    sent(session, "hello", nick="carl")
    house.loop.advance(1)
    [welcome] = of_kind(carl, "welcome")
    assert {who["nick"] for who in welcome["members"]} == {"alice", "bob", "carl"}
    assert welcome["count"] == 3
    house.enter("alice", JSON)
    house.loop.advance(60)
    assert of_kind(carl, "presence") == []


def test_who_takes_the_name_of_one_who_left_is_not_missed() -> None:
    house = House(leave_grace_s=5.0)
    _, bob = house.enter("bob", JSON)
    alice, _ = house.enter("alice", JSON)
    carl, _ = house.enter("carl", JSON)
    house.loop.advance(10)
    bob.forget()
    alice.lost()
    sent(carl, "nick", nick="alice")
    house.loop.advance(60)
    told = [(event["left"], event["renamed"]) for event in of_kind(bob, "presence")]
    assert told == [(["alice"], []), ([], [{"from": "carl", "to": "alice"}])]


class TrimmedEngine(MemoryEngine):
    """Lets go of what it is told to, whatever is in memory elsewhere."""

    def trim_to(self, first: int) -> None:
        log = self._logs["lobby"]
        del log._records[: first - log.first]
        log.first = first


def test_what_is_trimmed_is_not_read_from_memory_either() -> None:
    engine = TrimmedEngine("e1", 1000)
    house = House(engine)
    alice, _ = house.enter("alice", JSON)
    for number in range(10):
        sent(alice, "say", text=f"m{number}")
    house.loop.settle()
    engine.trim_to(8)
    session, bob = house.visitor(JSON)
    sent(session, "hello", nick="bob", since=2)
    house.loop.settle()
    [gap] = of_kind(bob, "gap")
    assert (gap["from"], gap["to"], gap["reason"]) == (3, 7, "trimmed")
    assert seqs(bob) == [8, 9, 10]


def test_a_page_ends_where_it_was_asked_to_while_its_beginning_is_trimmed() -> None:
    engine = RemoteEngine()
    house = House(engine)
    log = engine.logs.setdefault("lobby", RemoteLog())
    house.loop.settle()
    alice, alice_sees = house.enter("alice", JSON)
    log.answer()
    log.arrive(*"abcdefghij")
    house.loop.settle()
    alice_sees.forget()
    sent(alice, "history", before=6, limit=3)
    house.loop.settle()
    [(after, limit, done)] = log.unread
    log.unread.clear()
    done([record for record in log.records if record.event.seq > max(after, 4)][:limit])
    house.loop.settle()
    [history] = of_kind(alice_sees, "history")
    assert [event["seq"] for event in history["events"]] == [5]
    assert (history["from"], history["to"]) == (3, 5)
    assert history["gaps"] == [{"from": 3, "to": 4, "reason": "lost"}]


def test_a_person_can_read_on_behind_a_message() -> None:
    house = House()
    bob, _ = house.enter("bob")
    for number in range(30):
        bob.receive([f"m{number}".encode()])
    house.loop.settle()
    alice, alice_sees = house.enter("alice")
    alice.receive([b"/since 27"])
    bob.receive([b"m30"])
    house.loop.settle()
    assert [line.split("> ")[-1] for line in alice_sees.lines] == [
        "* The messages behind 27, of 30:",
        "m27",
        "m28",
        "m29",
        "m30",
    ]


def test_the_first_to_come_reads_a_room_into_memory_for_the_others() -> None:
    engine = MemoryEngine("e1", keep_events=100)
    first = House(engine)
    bob, _ = first.enter("bob")
    bob.receive([b"hi", b"ho"])
    first.loop.settle()
    first.hall.rooms["lobby"].close()
    again = House(engine)
    again.enter("carol")
    assert again.hall.rooms["lobby"].head == 2
    assert again.hall.rooms["lobby"]._window.covers(0)


# -- doors that break their contract


def test_a_door_that_breaks_takes_nobody_with_it() -> None:
    house = House()
    sees = {nick: house.enter(nick)[1] for nick in ("al", "bob", "carol")}
    talker, _ = house.enter("dan")
    house.hush()

    def broken(data: bytes) -> None:
        raise RuntimeError("the handler is closed")

    house.hall.find("bob").write = broken
    talker.receive([b"one"])
    with pytest.raises(RuntimeError, match="closed"):  # the loop is told
        house.loop.settle()
    house.loop.settle()
    talker.receive([b"two"])
    house.loop.settle()
    for nick in ("al", "carol"):
        assert [line[6:] for line in sees[nick].lines] == ["<dan> one", "<dan> two"]
    assert sees["bob"].closed == "left"


def test_a_call_back_that_breaks_does_not_stop_the_room() -> None:
    house = House()
    talker, _ = house.enter("al")
    _, bob_sees = house.enter("bob")
    house.hush()

    def broken() -> None:
        raise ValueError("oh")

    talker.receive([b"one"])
    lobby(house).after_posted(broken)
    with pytest.raises(ValueError, match="oh"):
        house.loop.settle()
    talker.receive([b"two"])
    house.loop.settle()
    assert [line[6:] for line in bob_sees.lines] == ["<al> one", "<al> two"]


# -- a log that has holes


def _company(house: House, *nicks: str) -> list[RecordingOutlet]:
    """Programs that are level, with nothing written to them yet."""
    outlets = [house.enter(nick, JSON)[1] for nick in nicks]
    house.hush()
    return outlets


def _gaps(outlet: RecordingOutlet) -> list[tuple[int, int, str]]:
    return [(gap["from"], gap["to"], gap["reason"]) for gap in of_kind(outlet, "gap")]


def test_a_row_that_is_gone_is_a_gap_and_reading_goes_on_after_it() -> None:
    engine = RemoteEngine()
    house = House(engine)
    [al] = _company(house, "al")
    log = engine.logs["lobby"]
    log.arrive(*"abcdefgh")
    house.loop.settle()
    lobby(house)._window.restart(())
    log.lost = {3, 4, 7, 8}
    _, bob = house.enter("bob", JSON)
    _answer_all(house, log)
    assert seqs(bob) == [1, 2, 5, 6]
    assert _gaps(bob) == [(3, 4, "lost"), (7, 8, "lost")]
    log.arrive("i")
    house.loop.settle()
    assert seqs(bob)[-1] == seqs(al)[-1] == 9


def test_below_what_is_kept_a_hole_was_trimmed() -> None:
    engine = RemoteEngine()
    house = House(engine)
    log = engine.logs.setdefault("lobby", RemoteLog())
    log.records = _records(8)
    log.lost, log.first = {1, 2, 3, 4, 5}, 4
    session, bob = house.visitor(JSON)
    sent(session, "hello", nick="bob", since=1)
    _answer_all(house, log)
    assert _gaps(bob) == [(2, 3, "trimmed"), (4, 5, "lost")]
    assert seqs(bob) == [6, 7, 8]


def _answer_all(house: House, log: RemoteLog) -> None:
    house.loop.settle()
    while log.unread:
        log.answer()
        house.loop.settle()


def _records(count: int) -> list[Record]:
    return [
        Record(events.Say(seq, None, 0, "far", "tcp", f"m{seq}"), "far")
        for seq in range(1, count + 1)
    ]


def test_a_turn_that_does_not_follow_sends_everybody_to_the_log() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, bob = _company(house, "al", "bob")
    log = engine.logs["lobby"]
    log.keep_silently("missed")
    log.arrive("heard")
    house.loop.settle()
    assert seqs(al) == seqs(bob) == []
    log.answer()
    house.loop.settle()
    assert seqs(al) == seqs(bob) == [1, 2]


def test_a_page_of_history_says_what_is_missing_in_it() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, outlet = house.enter("al", JSON)
    log = engine.logs["lobby"]
    log.arrive(*"abcdef")
    house.loop.settle()
    log.lost = {2, 3}
    for query in ({"after": 0, "limit": 10}, {"limit": 10}):
        sent(al, "history", **query)
        house.loop.settle()
        log.answer()
        house.loop.settle()
    for page in of_kind(outlet, "history"):
        assert [event["seq"] for event in page["events"]] == [1, 4, 5, 6]
        assert (page["from"], page["to"]) == (1, 6)
        assert page["gaps"] == [{"from": 2, "to": 3, "reason": "lost"}]


def test_a_person_is_shown_the_holes_of_a_page_where_they_are() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, outlet = house.enter("al")
    log = engine.logs["lobby"]
    log.arrive(*"abc")
    house.loop.settle()
    log.lost = {2}
    outlet.forget()
    typed(al, "/history")
    house.loop.settle()
    log.answer()
    house.loop.settle()
    assert [line.removeprefix("08:00 ") for line in outlet.lines][1:] == [
        "* Messages 2 to 2 are lost: the log cannot read them",
        outlet.lines[2],
    ]
    assert [line[-1] for line in (outlet.lines[0], outlet.lines[2])] == ["a", "c"]


# -- what breaks


class BreakingEngine(MemoryEngine):
    """Raises what no engine should."""

    def __init__(self) -> None:
        super().__init__("e1", 1000)
        self.breaks = ""

    def open(self, room: str, sink: Sink) -> MemoryLog:
        return _BreakingLog(self, sink)


class _BreakingLog(MemoryLog):
    def __init__(self, engine: BreakingEngine, sink: Sink) -> None:
        super().__init__("e1", 1000, lambda: None)
        self.sink = sink
        self._engine = engine

    def append(self, drafts: Sequence[Draft], at: int) -> None:
        if self._engine.breaks == "append":
            raise KeyError("sax")
        super().append(drafts, at)

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        if self._engine.breaks == "read":
            raise IndexError("no such row")
        super().read(after, limit, done)


def _settle_in_spite(house: House, error: type[Exception]) -> None:
    """The loop reports these, and goes on."""
    reported = 0
    while house.loop.ready:
        try:
            house.loop.turn()
        except error:
            reported += 1
    assert reported, "nobody reported it"


def test_an_engine_that_breaks_under_drafts_leaves_them_unknown_and_the_room_open() -> None:
    house = House(engine := BreakingEngine())
    al, al_sees = house.enter("al", JSON)
    [bob] = _company(house, "bob")
    engine.breaks = "append"
    sent(al, "say", text="one", id="x")
    lobby(house).post(
        Poster("ci", "http", "http:ci", lambda outcome, is_new: answers.append(outcome)),
        events.Say,
        "two",
    )
    answers: list[Any] = []
    _settle_in_spite(house, KeyError)
    assert [(error["code"], error["id"]) for error in of_kind(al_sees, "error")] == [
        ("unknown", "x")
    ]
    assert [answer.code for answer in answers] == ["unknown"]
    engine.breaks = ""
    sent(al, "say", text="one", id="x")
    house.loop.settle()
    assert (seqs(al_sees), seqs(bob)) == ([1], [1])
    _, carol = house.enter("carol", JSON)
    assert lobby(house).members.keys() == {"al", "bob", "carol"}
    assert carol.member is not None
    assert carol.member.condition is Condition.LEVEL


def test_an_engine_that_breaks_while_it_is_read_is_tried_again() -> None:
    house = House(engine := BreakingEngine())
    al, al_sees = house.enter("al", JSON)
    sent(al, "say", text="one")
    house.loop.settle()
    lobby(house)._window.restart(())
    engine.breaks = "read"
    session, bob = house.visitor(JSON)
    sent(session, "hello", nick="bob")
    for query in ("history", "search"):
        sent(al, query, id=query, **({"text": "one"} if query == "search" else {}))
    _settle_in_spite(house, IndexError)
    assert [error["code"] for error in of_kind(bob, "error")] == ["storage"]
    assert {(error["code"], error["id"]) for error in of_kind(al_sees, "error")} == {
        ("storage", "history"),
        ("storage", "search"),
    }
    engine.breaks = ""
    house.loop.advance(1.0)
    assert seqs(bob) == [1]
    assert kinds(bob)[-1] == "live"


class BreakingView(CountingView):
    """Cannot encode some messages, or pack anything."""

    def __init__(self) -> None:
        super().__init__()
        self.breaks_packing = False

    def encode(self, event: events.Event) -> bytes:
        if isinstance(event, events.Say) and event.text == "poison":
            raise KeyError(event.text)
        return super().encode(event)

    def pack(self, parts: Sequence[bytes]) -> bytes:
        if self.breaks_packing:
            raise ZeroDivisionError
        return super().pack(parts)


def test_an_event_that_a_view_cannot_encode_is_shown_as_a_gap(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, odd = house.enter("odd", BreakingView())
    house.hush()
    for text in ("one", "poison", "three"):
        sent(al, "say", text=text)
    house.loop.settle()
    assert seqs(al_sees) == [1, 2, 3]
    assert seqs(odd) == [1, 3]
    assert _gaps(odd) == [(2, 2, "lost")]
    assert len(caplog.records) == 1


def test_a_view_that_cannot_pack_drops_its_members_and_nobody_else() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    view = BreakingView()
    _, odd = house.enter("odd", view)
    house.hush()
    view.breaks_packing = True
    sent(al, "say", text="one", id="x")
    _settle_in_spite(house, ZeroDivisionError)
    assert seqs(al_sees) == [1]
    assert odd.closed == "left"
    sent(al, "say", text="two")
    house.loop.settle()
    assert seqs(al_sees) == [1, 2]


# -- what waits, and ids


def test_a_post_beyond_what_may_wait_is_refused_with_busy_and_never_said() -> None:
    engine = RemoteEngine()
    house = House(engine, waiting_bytes=1010)
    al, al_sees = house.enter("al", JSON)
    log = engine.logs["lobby"]
    for id in "abcd":
        sent(al, "say", text="12345", id=id)
        house.loop.settle()
    assert [(error["code"], error["id"]) for error in of_kind(al_sees, "error")] == [("busy", "d")]
    log.settle()
    house.loop.settle()
    sent(al, "say", text="12345", id="d")
    for _ in range(2):
        house.loop.settle()
        log.settle()
    house.loop.settle()
    assert [event["id"] for event in of_kind(al_sees, "say")] == ["a", "b", "c", "d"]
    assert house.hall._shared.waiting.used == 0


def test_what_waits_is_counted_over_all_rooms_and_given_back_when_it_is_refused() -> None:
    engine = RemoteEngine()
    house = House(engine, waiting_bytes=1010)
    al, _ = house.enter("al", JSON)
    bob, bob_sees = house.enter("bob", JSON, room="dev")
    for member in (al, bob):
        sent(member, "say", text="at the log")
        house.loop.settle()
    sent(al, "say", text="1234567890")
    sent(bob, "say", text="1", id="b")
    assert [error["code"] for error in of_kind(bob_sees, "error")] == ["busy"]
    for _ in range(2):
        engine.logs["lobby"].settle(refuse=True)
        house.loop.settle()
    sent(bob, "say", text="1", id="b")
    for _ in range(2):
        engine.logs["dev"].settle()
        house.loop.settle()
    assert seqs(bob_sees) == [1, 2]


def test_an_id_that_belongs_to_another_message_is_refused() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    for kind, text in (("say", "one"), ("say", "two"), ("act", "one"), ("say", "one")):
        sent(al, kind, text=text, id="x")
    house.loop.settle()
    assert [(event["kind"], event.get("code")) for event in al_sees.events] == [
        ("error", "id_reused"),
        ("error", "id_reused"),
        ("say", None),
    ]
    sent(al, "say", text="two", id="x")
    house.loop.settle()
    assert al_sees.events[-1]["code"] == "id_reused"
    assert lobby(house).head == 1
