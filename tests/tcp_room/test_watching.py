"""Who only watches: reads everything, is seen by nobody, says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tcp_room.session import Session
from tcp_room.views import JSON
from tests.fakes import House, RecordingOutlet, sent, typed

SECRET = "s" * 16


def watcher(house: House, **hello: Any) -> tuple[Session, RecordingOutlet]:
    session, sees = house.visitor(JSON, door="web")
    sent(session, "hello", watch=True, **hello)
    house.loop.settle()
    return session, sees


def of(sees: RecordingOutlet, kind: str) -> list[dict[str, Any]]:
    return [event for event in sees.events if event["kind"] == kind]


def test_a_watcher_is_told_everything_and_nobody_is_told_of_it() -> None:
    house = House()
    al, al_sees = house.enter("al")
    house.hush()
    _, sees = watcher(house)
    typed(al, "hello")
    house.enter("bob")
    house.loop.advance(5)
    [welcome] = of(sees, "welcome")
    assert (welcome["nick"], welcome["count"]) == ("", 1)
    assert [event["text"] for event in of(sees, "say")] == ["hello"]
    assert of(sees, "presence")[0]["joined"][0]["nick"] == "bob"
    assert [line for line in al_sees.lines if "guest" in line] == []
    assert [member.nick for member in house.hall.rooms["lobby"].members.values()] == ["al", "bob"]


def test_a_watcher_who_is_alone_sees_the_first_one_come() -> None:
    house = House()
    _, sees = watcher(house)
    house.enter("al")
    house.loop.advance(5)
    assert [who["nick"] for event in of(sees, "presence") for who in event["joined"]] == ["al"]


@pytest.mark.parametrize("kind", ["say", "act", "topic", "nick", "join", "dm", "command", "typing"])
def test_a_watcher_says_nothing(kind: str) -> None:
    house = House()
    session, sees = watcher(house)
    house.hush()
    fields = {"text": "x", "nick": "x", "room": "x", "to": "x", "line": "x", "id": "1"}
    sent(session, kind, **fields)
    house.loop.settle()
    assert [event["code"] for event in sees.events] == ["not_here"]
    assert house.hall.rooms["lobby"].head == 0


def test_a_watcher_may_look_back_and_search() -> None:
    house = House()
    al, _ = house.enter("al")
    typed(al, "hello")
    session, sees = watcher(house)
    house.hush()
    for kind in ("history", "who", "ping"):
        sent(session, kind)
    sent(session, "search", text="hello")
    house.loop.settle()
    assert {event["kind"] for event in sees.events} == {"history", "members", "pong", "found"}


def test_a_watcher_comes_in_and_reads_on() -> None:
    house = House()
    al, al_sees = house.enter("al")
    typed(al, "one")
    session, sees = watcher(house)
    typed(al, "two")
    house.loop.settle()
    sees.forget()
    sent(session, "hello", nick="bob", since=2, epoch="e1")
    house.loop.settle()
    assert [event["kind"] for event in sees.events] == ["welcome", "live"]
    sent(session, "say", text="three")
    house.loop.settle()
    assert al_sees.lines[-1].endswith("<bob> three")


def test_who_is_refused_goes_on_watching() -> None:
    house = House()
    al, _ = house.enter("al")
    session, sees = watcher(house)
    sent(session, "hello", nick="al")
    house.loop.advance(house.config.outside_s + 1)
    assert of(sees, "error")[0]["code"] == "nick_taken"
    typed(al, "hello")
    house.loop.settle()
    assert of(sees, "say")[0]["text"] == "hello"
    assert sees.is_open


def test_who_is_in_may_only_watch_from_then_on() -> None:
    house = House()
    al, sees = house.enter("al", JSON)
    sent(al, "hello", watch=True)
    house.loop.settle()
    assert not house.hall.rooms["lobby"].members
    house.enter("al")
    sent(al, "say", text="ghost", id="x")
    house.loop.settle()
    assert of(sees, "error")[0]["code"] == "not_here"


def test_another_tab_takes_the_name_over_and_nobody_hears_of_it() -> None:
    house = House(leave_grace_s=5.0)
    _, bob_sees = house.enter("bob")
    first, first_sees = house.visitor(JSON, door="web")
    sent(first, "hello", nick="al", session=SECRET)
    second, _ = watcher(house, session=SECRET)
    house.hush()
    sent(second, "hello", nick="al", session=SECRET)
    house.loop.advance(10)
    assert first_sees.closed == "replaced"
    assert bob_sees.lines == []


def test_a_room_that_was_only_watched_is_not_kept() -> None:
    house = House()
    session, _ = watcher(house, room="garden")
    assert "garden" in house.hall.rooms
    session.lost()
    assert "garden" not in house.hall.rooms


def test_watchers_are_told_when_the_house_closes() -> None:
    house = House()
    _, sees = watcher(house)
    house.hall.close()
    house.loop.settle()
    assert sees.closed == "stopping"
