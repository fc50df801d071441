"""The hall: rooms by name, and names that nobody else has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tcp_room.errors import RoomError
from tcp_room.events import Say
from tcp_room.logs.memory import MemoryEngine
from tcp_room.logs.sqlite import SqliteEngine
from tcp_room.session import Session
from tcp_room.views import JSON
from tests.fakes import House, RecordingOutlet, RemoteEngine, sent, typed


def codes(outlet: RecordingOutlet) -> list[str]:
    return [event["code"] for event in outlet.events if event["kind"] == "error"]


def come(house: House, **hello: Any) -> tuple[Session, RecordingOutlet]:
    session, outlet = house.visitor(JSON)
    sent(session, "hello", **hello)
    house.loop.settle()
    return session, outlet


def refused(house: House, **hello: Any) -> str:
    """The code that a hello is refused with."""
    session, outlet = come(house, **hello)
    assert session.member.room is None
    [code] = codes(outlet)
    return code


def nicks(house: House, room: str = "lobby") -> set[str]:
    return {member.nick for member in house.hall.rooms[room].members.values()}


# -- names


def test_who_chooses_no_name_is_a_guest_with_a_number() -> None:
    house = House()
    come(house)
    come(house)
    assert nicks(house) == {"guest-1", "guest-2"}


def test_a_guest_is_not_given_a_name_that_somebody_has() -> None:
    house = House()
    come(house, nick="Guest-1")
    come(house, nick="guest-Ɂ")
    come(house)
    assert "guest-2" in nicks(house)


@pytest.mark.parametrize("nick", ["al", "AL", " al ", "ａｌ"], ids=ascii)
def test_a_name_is_taken_in_whatever_letters_it_is_written(nick: str) -> None:
    house = House()
    come(house, nick="al")
    assert refused(house, nick=nick) == "nick_taken"


def test_a_name_that_looks_like_anothers_is_taken() -> None:
    house = House()
    come(house, nick="pace")
    assert refused(house, nick="расе") == "nick_taken"


def test_a_name_is_taken_in_every_room() -> None:
    house = House()
    come(house, nick="al", room="dev")
    assert refused(house, nick="al", room="tea") == "nick_taken"


def test_a_name_is_free_again_when_its_owner_has_left() -> None:
    house = House()
    al, _ = come(house, nick="al")
    house.hall.leave(al.member)
    come(house, nick="AL")
    assert nicks(house) == {"AL"}


def test_a_name_is_free_again_when_its_owner_has_changed_it() -> None:
    house = House()
    al, _ = come(house, nick="pace")
    house.hall.rename(al.member, "bob")
    come(house, nick="расе")
    assert nicks(house) == {"bob", "расе"}
    assert house.hall.find("BOB") is al.member


def test_one_may_write_ones_own_name_otherwise() -> None:
    house = House()
    al, _ = come(house, nick="al")
    house.hall.rename(al.member, "Al")
    house.hall.rename(al.member, "Al")
    assert nicks(house) == {"Al"}
    assert house.hall.find("al") is al.member


@pytest.mark.parametrize(("nick", "code"), [("bob", "nick_taken"), ("<b>", "bad_nick")])
def test_a_refused_change_of_name_changes_nothing(nick: str, code: str) -> None:
    house = House()
    al, _ = come(house, nick="al")
    come(house, nick="bob")
    with pytest.raises(RoomError) as caught:
        house.hall.rename(al.member, nick)
    assert caught.value.code == code
    assert nicks(house) == {"al", "bob"}
    assert house.hall.find("al") is al.member


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"nick": "al"}, "nick_taken"),
        ({"nick": "al", "room": "new"}, "nick_taken"),
        ({"nick": "<b>"}, "bad_nick"),
        ({"nick": "<b>", "room": "new"}, "bad_nick"),
        ({"nick": "bob", "room": "a b"}, "bad_room"),
    ],
    ids=str,
)
def test_a_refused_hello_changes_nothing(hello: dict[str, str], code: str) -> None:
    house = House()
    come(house, nick="al")
    assert refused(house, **hello) == code
    assert len(house.hall) == 1
    assert list(house.hall.rooms) == ["lobby"]


# -- the same session again

SECRET = "a secret of its own"


def test_a_session_is_given_its_name_back_though_its_old_connection_still_holds_it() -> None:
    house = House()
    _, old = come(house, nick="al", session=SECRET)
    new, sees = come(house, nick="al", session=SECRET)
    assert old.closed == "replaced"
    assert codes(old) == ["replaced"]
    assert codes(sees) == []
    assert nicks(house) == {"al"}
    assert house.hall.find("al") is new.member


def test_another_session_is_not_given_it() -> None:
    house = House()
    _, old = come(house, nick="al", session=SECRET)
    assert refused(house, nick="al", session="some other secret") == "nick_taken"
    assert old.closed is None


def test_a_connection_that_was_replaced_says_nothing_more() -> None:
    house = House()
    old, _ = come(house, nick="al", session=SECRET)
    come(house, nick="al", session=SECRET)
    sent(old, "say", text="hi")
    house.loop.settle()
    assert house.hall.rooms["lobby"].head == 0


def test_who_is_replaced_alone_in_a_room_leaves_the_room_to_its_successor() -> None:
    house = House()
    come(house, nick="al", room="dev", session=SECRET)
    al, al_sees = come(house, nick="al", room="dev", session=SECRET)
    bob, _ = come(house, nick="bob", room="dev")
    assert nicks(house, "dev") == {"al", "bob"}
    sent(bob, "say", text="hi")
    house.loop.settle()
    assert "hi" in [event.get("text") for event in al_sees.events]
    assert al.member.room is bob.member.room


def test_an_id_is_known_again_over_a_new_connection() -> None:
    house = House()
    old, _ = come(house, nick="al", session=SECRET)
    sent(old, "say", text="hi", id="x")
    house.loop.settle()
    new, _ = come(house, nick="al", session=SECRET)
    sent(new, "say", text="hi", id="x")
    house.loop.settle()
    assert house.hall.rooms["lobby"].head == 1


# -- rooms


@pytest.mark.parametrize("name", ["dev", "#dev", " DEV "])
def test_a_room_has_one_name_however_it_is_written(name: str) -> None:
    house = House()
    come(house, room="dev")
    come(house, room=name)
    assert len(nicks(house, "dev")) == 2


def test_a_room_that_was_only_looked_into_is_not_kept() -> None:
    house = House()
    al, _ = come(house, room="dev")
    house.hall.leave(al.member)
    assert list(house.hall.rooms) == []
    assert house.engine.rooms(10) == {}


def test_the_lobby_is_kept() -> None:
    house = House()
    al, _ = come(house)
    house.hall.leave(al.member)
    assert list(house.hall.rooms) == ["lobby"]


def test_a_room_in_which_something_was_said_is_kept() -> None:
    house = House()
    al, _ = come(house, room="dev")
    sent(al, "say", text="hi")
    house.loop.settle()
    house.hall.leave(al.member)
    house.loop.settle()
    assert house.hall.rooms["dev"].head == 1


def test_a_room_in_which_something_is_on_its_way_is_kept_for_it() -> None:
    engine = RemoteEngine()
    house = House(engine)
    al, _ = come(house, room="dev")
    sent(al, "say", text="hi")
    house.loop.settle()
    house.hall.leave(al.member)
    engine.logs["dev"].settle()
    house.loop.settle()
    assert house.hall.rooms["dev"].head == 1


@pytest.mark.parametrize("last", ["typing", "nick"])
def test_a_room_in_which_only_something_passing_was_on_its_way_is_not_kept(last: str) -> None:
    house = House()
    al, _ = come(house, room="dev")
    sent(al, last, **({"nick": "alan"} if last == "nick" else {}))
    house.hall.leave(al.member)
    house.loop.advance(5)
    assert list(house.hall.rooms) == []


def test_a_room_that_was_left_and_opened_again_meanwhile_is_kept() -> None:
    house = House()
    al, _ = come(house, room="dev")
    sent(al, "typing")
    house.hall.leave(al.member)
    bob, _ = come(house, room="dev")
    house.loop.advance(5)
    assert house.hall.rooms["dev"] is bob.member.room
    house.hall.leave(bob.member)
    house.loop.advance(5)
    assert list(house.hall.rooms) == []


def test_a_room_that_was_left_twice_meanwhile_is_forgotten_once() -> None:
    house = House()
    for _ in range(2):
        session, _ = house.visitor(JSON)
        sent(session, "hello", room="dev")
        sent(session, "typing")
        house.hall.leave(session.member)
    house.loop.advance(5)
    assert list(house.hall.rooms) == []


def test_there_are_no_more_rooms_than_there_may_be() -> None:
    house = House(rooms=2)
    come(house)
    come(house, room="dev")
    assert refused(house, room="tea") == "hall_full"
    come(house, room="dev")
    assert len(house.hall) == 3


def test_a_room_that_nobody_is_in_makes_place_for_another(tmp_path: Path) -> None:
    house = House(SqliteEngine(tmp_path, "normal", lambda call: call()), rooms=2)
    al, _ = house.enter("al", JSON, room="dev")
    sent(al, "say", text="early")
    sent(al, "topic", text="bugs")
    house.loop.settle()
    house.enter("bob", JSON, room="art")
    assert refused(house, room="tea") == "hall_full"
    house.hall.leave(al.member)
    carol, _ = come(house, room="tea")
    assert list(house.hall.rooms) == ["art", "tea"]
    assert [line.room for line in house.hall.listing()] == ["art", "tea", "dev"]
    assert house.hall.listing()[-1].topic == "bugs"
    assert refused(house, room="dev") == "hall_full"
    house.hall.leave(carol.member)
    house.enter("dan", JSON, room="dev")
    assert house.hall.room("dev").head == 2
    assert house.hall.room("dev").topic == "bugs"
    house.engine.close()


def test_a_room_that_somebody_may_come_back_to_is_not_closed() -> None:
    house = House(rooms=1, leave_grace_s=5.0)
    al, _ = house.enter("al", JSON, room="dev")
    sent(al, "say", text="back in a moment")
    house.loop.settle()
    house.hall.leave(al.member)
    assert refused(house, room="tea") == "hall_full"
    house.loop.advance(5)
    come(house, room="tea")
    assert list(house.hall.rooms) == ["tea"]


def test_not_more_rooms_are_listed_than_may_be() -> None:
    house = House(rooms_listed=2)
    for room in ("c", "b", "a"):
        come(house, room=room)
    assert [line.room for line in house.hall.listing()] == ["a", "b"]


def test_there_is_always_room_for_the_lobby() -> None:
    house = House(rooms=1)
    come(house, room="dev")
    come(house)
    assert len(house.hall) == 2


def test_the_busiest_room_is_listed_first() -> None:
    house = House()
    al, _ = come(house, room="dev")
    come(house, room="tea")
    come(house, room="dev")
    come(house, room="art")
    sent(al, "topic", text="bugs")
    house.loop.settle()
    listing = house.hall.listing()
    assert [(line.room, line.count, line.topic) for line in listing] == [
        ("dev", 2, "bugs"),
        ("art", 1, ""),
        ("tea", 1, ""),
    ]


# -- moving


def test_who_goes_to_another_room_is_welcomed_there_and_hears_the_old_one_no_more() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    bob, _ = house.enter("bob", JSON)
    carol, _ = house.enter("carol", JSON, room="dev")
    house.hush()
    house.hall.move(al.member, "dev", None, None)
    house.loop.settle()
    sent(bob, "say", text="here")
    sent(carol, "say", text="there")
    house.loop.settle()
    kinds = [event["kind"] for event in al_sees.events]
    assert kinds[:2] == ["welcome", "live"]
    assert [event["text"] for event in al_sees.events if event["kind"] == "say"] == ["there"]
    assert nicks(house) == {"bob"}
    assert nicks(house, "dev") == {"al", "carol"}


def test_a_refused_move_changes_nothing() -> None:
    house = House(rooms=1)
    al, al_sees = house.enter("al", JSON)
    for room, code in [("a b", "bad_room"), ("dev", "hall_full")]:
        with pytest.raises(RoomError) as caught:
            house.hall.move(al.member, room, None, None)
        assert caught.value.code == code
    assert nicks(house) == {"al"}
    assert al_sees.writes == []


def test_an_empty_room_is_left_behind_for_good() -> None:
    house = House()
    al, _ = come(house, room="dev")
    house.hall.move(al.member, "tea", None, None)
    house.loop.settle()
    assert list(house.hall.rooms) == ["tea"]


def test_to_move_to_where_one_is_is_to_read_it_again() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob", JSON)
    for text in "abc":
        sent(al, "say", text=text)
    house.hush()
    house.hall.move(al.member, "lobby", 1, "e1")
    house.loop.advance(5)
    kinds = [event["kind"] for event in al_sees.events]
    assert kinds == ["welcome", "say", "say", "live"]
    assert bob_sees.writes == []


# -- finding


@pytest.mark.parametrize("nick", ["bob smith", "Bob Smith", " bob  smith "])
def test_people_are_found_by_their_name_in_any_room(nick: str) -> None:
    house = House()
    bob, _ = come(house, nick="bob smith", room="dev")
    assert house.hall.find(nick) is bob.member


@pytest.mark.parametrize("nick", ["carol", "", "\ud800", "<", "x" * 5000])
def test_nobody_is_found_by_another_name(nick: str) -> None:
    house = House()
    come(house, nick="bob")
    with pytest.raises(RoomError) as caught:
        house.hall.find(nick)
    assert caught.value.code == "no_such_member"


@pytest.mark.parametrize(
    ("line", "to", "said"),
    [
        ("bob hi", "bob", "hi"),
        ("@bob hi", "bob", "hi"),
        ("BOB hi  there ", "bob", "hi  there"),
        ("bob", "bob", ""),
        ("bob smith hi", "bob smith", "hi"),
        ("@bob smith hi", "bob smith", "hi"),
        ("bob smithson hi", "bob", "smithson hi"),
        ("小明 你好", "小明", "你好"),
    ],
)
def test_a_line_is_addressed_to_the_longest_name_it_begins_with(
    line: str, to: str, said: str
) -> None:
    house = House()
    for nick in ("bob", "bob smith", "小明"):
        come(house, nick=nick)
    member, rest = house.hall.addressed(line)
    assert (member.nick, rest) == (to, said)


@pytest.mark.parametrize("line", ["carol hi", "", " ", "@", "\ud800 hi"])
def test_a_line_may_be_addressed_to_nobody(line: str) -> None:
    house = House()
    come(house, nick="bob")
    with pytest.raises(RoomError) as caught:
        house.hall.addressed(line)
    assert caught.value.code == "no_such_member"


# -- closing


def test_when_the_house_closes_all_that_was_said_is_said_first() -> None:
    house = House()
    al, al_sees = house.enter("al", JSON)
    _, bob_sees = house.enter("bob")
    _, carol_sees = house.enter("carol", room="dev")
    house.hush()
    sent(al, "say", text="bye")
    house.hall.close()
    house.loop.settle()
    assert [event["kind"] for event in al_sees.events][:2] == ["say", "notice"]
    assert [line.rpartition("> ")[2] for line in bob_sees.lines[:1]] == ["bye"]
    assert "stopping" in carol_sees.lines[-1]
    assert [outlet.closed for outlet in house.outlets] == ["stopping"] * 3
    assert len(house.hall) == 0


def test_who_leaves_while_the_house_closes_is_gone_already() -> None:
    house = House()
    al, al_sees = house.enter("al")
    house.hall.close()
    house.hall.dismiss(al.member)
    house.loop.settle()
    assert al_sees.closed == "left"


def test_what_was_asked_before_the_house_closes_is_answered() -> None:
    house = House(search_page_events=10)
    al, al_sees = house.enter("al", JSON)
    for nth in range(50):
        sent(al, "say", text=f"needle {nth}")
        house.loop.settle()
    al_sees.forget()
    sent(al, "search", text="needle 3", limit=50)
    sent(al, "history", limit=5)
    house.hall.close()
    house.loop.settle()
    assert [event["kind"] for event in al_sees.events] == ["history", "found", "notice"]
    assert al_sees.closed == "stopping"
    assert house.hall.is_empty


def test_who_is_still_at_the_door_when_the_house_closes_is_told() -> None:
    house = House()
    _, al_sees = house.visitor(JSON)
    house.hall.close()
    _, bob_sees = house.visitor()
    house.loop.settle()
    assert [event["kind"] for event in al_sees.events] == ["notice"]
    assert "stopping" in bob_sees.lines[-1]
    assert [outlet.closed for outlet in house.outlets] == ["stopping"] * 2
    assert house.hall.is_empty


def test_nobody_comes_in_when_the_house_closes() -> None:
    house = House()
    hall = house.hall
    al, _ = house.visitor(JSON)
    hall.close()

    def post() -> None:
        hall.post(
            "lobby",
            Say,
            "x",
            door="http",
            author="a",
            nick=None,
            id=None,
            settled=lambda outcome, is_new: None,
        )

    ways_in: list[Callable[[], None]] = [
        lambda: hall.enter(al.member, "al"),
        lambda: hall.watch(al.member, "lobby", None, None),
        post,
    ]
    for way_in in ways_in:
        with pytest.raises(RoomError, match="stopping") as refusal:
            way_in()
        assert refusal.value.code == "stopping"
    house.loop.settle()
    assert hall.is_empty


def test_who_is_at_a_door_and_goes_is_forgotten() -> None:
    house = House()
    al, _ = house.visitor(JSON)
    al.lost()
    assert house.hall.is_empty
    bob, _ = house.enter("bob", JSON)
    bob.lost()
    assert house.hall.is_empty


def test_who_leaves_twice_has_left() -> None:
    house = House()
    al, al_sees = house.enter("al")
    house.hall.leave(al.member)
    house.hall.leave(al.member)
    house.hall.dismiss(al.member)
    assert al_sees.closed == "left"
    assert len(house.hall) == 0


def test_those_who_come_in_are_told_of_the_line_door_once_there_is_one() -> None:
    house = House()
    _, before = come(house)
    house.hall.advertise(9000)
    _, after = come(house)
    assert "tcp_port" not in before.events[0]["limits"]
    assert after.events[0]["limits"]["tcp_port"] == 9000


def test_a_long_line_to_nobody_is_not_searched_for_long() -> None:
    """Each word more would be one more name to look for, however long."""
    house = House()
    come(house, nick="bob")
    asked: list[str] = []
    house.hall._members = _Asked(asked)
    with pytest.raises(RoomError):
        house.hall.addressed("a " * 2000)
    assert len(asked) <= 32


class _Asked(dict[str, Any]):
    def __init__(self, asked: list[str]) -> None:
        super().__init__()
        self._asked = asked

    def get(self, key: str, default: Any = None) -> Any:
        self._asked.append(key)
        return default


def test_a_room_that_nobody_has_been_in_for_a_while_is_closed() -> None:
    house = House(room_idle_s=60.0)
    session, _ = house.enter("al", room="dev")
    typed(session, "hi")
    house.loop.advance(100.0)
    assert "dev" in house.hall.rooms
    session.lost()
    house.loop.advance(50.0)
    assert "dev" in house.hall.rooms
    house.loop.advance(30.0)
    assert set(house.hall.rooms) <= {"lobby"}
    house.enter("bob", JSON, room="dev")
    assert house.hall.rooms["dev"].head == 1


def test_a_room_that_nobody_has_been_in_since_it_was_opened_is_closed_soon() -> None:
    house = House(room_idle_s=60.0, room_unvisited_s=5.0)
    session, _ = house.enter("al", room="dev")
    typed(session, "hi")
    house.loop.settle()
    session.lost()
    house.loop.advance(100.0)
    house.hall.room("dev")  # a request
    house.loop.advance(4.0)
    assert "dev" in house.hall.rooms
    house.loop.advance(4.0)
    assert "dev" not in house.hall.rooms


def test_a_room_that_somebody_came_back_to_is_not_closed() -> None:
    house = House(room_idle_s=60.0)
    session, _ = house.enter("al", room="dev")
    typed(session, "hi")
    session.lost()
    house.loop.advance(50.0)
    session, _ = house.enter("al", room="dev")
    house.loop.advance(1000.0)
    assert "dev" in house.hall.rooms


def test_the_list_of_rooms_is_made_now_and_then_however_often_it_is_asked_for() -> None:
    house = House(engine := _CountingEngine())
    session, _ = house.enter("al", JSON)
    for _ in range(10):
        sent(session, "command", line="/rooms")
        house.loop.settle()
    assert engine.lists == 1
    house.loop.advance(1.0)
    sent(session, "command", line="/rooms")
    house.loop.settle()
    assert engine.lists == 2


class _CountingEngine(MemoryEngine):
    def __init__(self) -> None:
        super().__init__("e1", 1000)
        self.lists = 0

    def rooms(self, limit: int) -> Mapping[str, str]:
        self.lists += 1
        return super().rooms(limit)
