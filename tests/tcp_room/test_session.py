"""A session: who is a person and who a program, at what pace, and how it ends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tcp_room.config import Config
from tcp_room.member import PAGES_ASKED, Condition
from tcp_room.messages import Hello
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from tests.fakes import House, RecordingOutlet, RemoteEngine, sent, typed

OVERLONG = b"x" * (Config().line_bytes + 1)


def nicks(house: House) -> set[str]:
    return {member.nick for member in house.hall.rooms["lobby"].members.values()}


def texts(house: House) -> list[str]:
    """All that was said in the lobby."""
    lobby = house.hall.rooms["lobby"]
    return [entry.event.text for entry in lobby._window.after(0, 1000)] if lobby.head else []


def kinds(outlet: RecordingOutlet) -> list[str]:
    return [event["kind"] for event in outlet.events]


def errors(outlet: RecordingOutlet) -> list[tuple[str, str | None]]:
    """Code and id of each error."""
    return [(event["code"], event["id"]) for event in outlet.events if event["kind"] == "error"]


def codes_shown(outlet: RecordingOutlet) -> list[str]:
    """The codes that a person was told."""
    return [line.rpartition("(")[2].rstrip(")") for line in outlet.lines if "! " in line[:9]]


# -- who is it


def test_silence_means_a_person_who_is_greeted_and_let_in_as_a_guest() -> None:
    house = House()
    _, sees = house.visitor()
    house.loop.advance(0.19)
    assert sees.writes == []
    house.loop.advance(0.02)
    assert nicks(house) == {"guest-1"}
    assert sees.lines[0].startswith("* Welcome to #lobby")


def test_a_plain_line_means_a_person_who_is_in_at_once_and_has_said_it() -> None:
    house = House()
    session, sees = house.visitor()
    typed(session, "hello")
    house.loop.settle()
    assert nicks(house) == {"guest-1"}
    assert texts(house) == ["hello"]
    house.loop.advance(1)
    assert len([line for line in sees.lines if "Welcome" in line]) == 1


def test_an_object_in_the_first_line_means_a_program_which_is_sent_no_text() -> None:
    house = House()
    session, sees = house.visitor()
    sent(session, "hello", nick="al")
    house.loop.advance(1)
    assert kinds(sees) == ["welcome", "live"]
    assert nicks(house) == {"al"}


def test_blanks_before_the_object_do_not_matter() -> None:
    house = House()
    session, sees = house.visitor()
    session.receive([b'  {"kind":"hello","nick":"al"}'])
    house.loop.settle()
    assert kinds(sees) == ["welcome", "live"]


def test_a_program_that_says_something_first_is_let_in_as_a_guest() -> None:
    house = House()
    session, sees = house.visitor()
    sent(session, "say", text="hi")
    house.loop.settle()
    assert kinds(sees)[0] == "welcome"
    assert nicks(house) == {"guest-1"}
    assert texts(house) == ["hi"]


def test_a_program_is_known_though_its_first_line_comes_after_the_greeting() -> None:
    house = House()
    session, sees = house.visitor()
    house.loop.advance(1)
    sees.forget()
    sent(session, "hello", nick="al")
    sent(session, "say", text="hi", id="x")
    house.loop.settle()
    assert nicks(house) == {"al"}
    assert set(kinds(sees)) >= {"welcome", "live", "say"}


def test_an_object_in_a_later_line_is_what_a_person_says() -> None:
    house = House()
    session, _ = house.visitor()
    typed(session, "look:", '{"kind":"say","text":"hi"}')
    house.loop.settle()
    assert texts(house) == ["look:", '{"kind":"say","text":"hi"}']


def test_what_only_begins_like_an_object_is_refused_and_still_decides_nothing() -> None:
    house = House()
    session, sees = house.visitor()
    typed(session, "{oops", "hello")
    house.loop.settle()
    assert codes_shown(sees) == ["bad_json"]
    assert session.member.view.is_text
    assert texts(house) == ["hello"]


def test_empty_first_lines_decide_nothing() -> None:
    house = House()
    session, sees = house.visitor()
    typed(session, "", "  ")
    assert sees.writes == []
    sent(session, "hello", nick="al")
    house.loop.settle()
    assert kinds(sees) == ["welcome", "live"]


def test_a_first_line_that_is_too_long_is_told_of_and_the_next_one_is_heard() -> None:
    house = House()
    session, sees = house.visitor()
    session.receive([OVERLONG, b"hello"])
    house.loop.settle()
    assert codes_shown(sees) == ["too_long"]
    assert texts(house) == ["hello"]


@pytest.mark.parametrize("first", [b"\xff\xfe", b"/nick \xff"])
def test_a_first_line_that_is_not_utf8_is_told_of_and_the_next_one_is_heard(first: bytes) -> None:
    house = House()
    session, sees = house.visitor()
    session.receive([first, b"hello"])
    house.loop.settle()
    assert codes_shown(sees) == ["bad_utf8"]
    assert texts(house) == ["hello"]
    assert nicks(house) == {"guest-1"}


@pytest.mark.parametrize("line", ["/nick al", " /nick al ", "/nick alx\b", "/nick  al", "/NICK al"])
def test_a_name_in_the_first_line_is_how_one_comes_in_under_it(line: str) -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    house.hush()
    session, sees = house.visitor()
    typed(session, line)
    house.loop.advance(5)
    assert nicks(house) == {"al", "bob"}
    assert bob_sees.lines == ["12:00 * al joined (2 here)"]
    assert not [line for line in sees.lines if "You are now" in line]


@pytest.mark.parametrize(("nick", "code"), [("bob", "nick_taken"), ("<b>", "bad_nick")])
def test_who_asks_for_a_name_that_cannot_be_had_is_a_guest(nick: str, code: str) -> None:
    house = House()
    house.enter("bob")
    session, sees = house.visitor()
    typed(session, f"/nick {nick}", "hello")
    house.loop.settle()
    assert codes_shown(sees) == [code]
    assert nicks(house) == {"bob", "guest-1"}
    assert texts(house) == ["hello"]
    house.loop.advance(100)
    assert sees.is_open


def test_a_command_in_the_first_line_is_a_persons() -> None:
    house = House()
    session, sees = house.visitor()
    typed(session, "/who")
    house.loop.settle()
    assert "* 1 in #lobby: guest-1 (tcp)" in sees.lines


# -- at a door of programs


def test_silence_at_a_door_of_programs_gives_a_guest_who_reads_json() -> None:
    house = House()
    _, sees = house.visitor(JSON, door="web")
    house.loop.advance(0.3)
    assert kinds(sees) == ["welcome", "live"]
    assert sees.events[0]["nick"] == "guest-1"


def test_a_plain_line_at_a_door_of_programs_is_not_json() -> None:
    house = House()
    session, sees = house.visitor(JSON, door="web")
    typed(session, "hello")
    sent(session, "hello", nick="al")
    house.loop.settle()
    assert errors(sees) == [("bad_json", None)]
    assert kinds(sees) == ["error", "welcome", "live"]


def test_empty_lines_at_a_door_of_programs_are_nothing() -> None:
    house = House()
    session, sees = house.visitor(JSON, door="web")
    typed(session, "", " ", "")
    sent(session, "hello", nick="al")
    typed(session, "")
    house.loop.settle()
    assert kinds(sees) == ["welcome", "live"]


def test_a_hello_may_come_by_other_means_than_a_line() -> None:
    house = House()
    session, sees = house.visitor(JSON, door="web")
    session.hello(Hello(nick="al", room="dev"))
    house.loop.settle()
    assert (sees.events[0]["nick"], sees.events[0]["room"]) == ("al", "dev")
    sent(session, "say", text="hi")
    house.loop.settle()
    assert kinds(sees)[-1] == "say"


def test_a_person_whose_hello_is_refused_comes_in_as_a_guest_who_cannot_say_it_again() -> None:
    house = House()
    house.enter("bob")
    session, sees = house.visitor(door="web")
    session.hello(Hello(nick="bob"))
    house.loop.settle()
    assert codes_shown(sees) == ["nick_taken"]
    assert nicks(house) == {"bob", "guest-1"}


# -- hello


def test_a_refused_hello_leaves_its_program_outside_until_it_says_another() -> None:
    house = House()
    house.enter("bob")
    session, sees = house.visitor()
    sent(session, "hello", nick="bob", id="1")
    sent(session, "say", text="hi", id="2")
    sent(session, "who", id="3")
    house.loop.advance(1)
    assert errors(sees) == [("nick_taken", "1"), ("not_here", "2"), ("not_here", "3")]
    assert session.member.room is None
    sent(session, "hello", nick="al")
    house.loop.settle()
    assert nicks(house) == {"al", "bob"}
    house.loop.advance(100)
    assert sees.is_open


def test_who_stays_outside_is_turned_away() -> None:
    house = House(outside_s=10.0)
    house.enter("bob")
    session, sees = house.visitor()
    sent(session, "hello", nick="bob")
    house.loop.advance(9)
    assert sees.is_open
    house.loop.advance(2)
    assert sees.closed == "refused"
    sent(session, "hello", nick="al")
    house.loop.settle()
    assert nicks(house) == {"bob"}


def test_asking_again_and_again_gives_no_more_time() -> None:
    house = House(outside_s=10.0)
    house.enter("bob")
    session, sees = house.visitor()
    for _ in range(4):
        sent(session, "hello", nick="bob")
        house.loop.advance(4)
    assert sees.closed == "refused"


def test_a_hello_of_who_is_in_already_is_another_name_and_place() -> None:
    house = House()
    session, sees = house.enter("al", JSON)
    sent(session, "say", text="hi")
    house.loop.settle()
    sees.forget()
    sent(session, "hello", nick="alan", since=0)
    house.loop.settle()
    assert nicks(house) == {"alan"}
    assert [event["seq"] for event in sees.events if event["kind"] == "say"] == [1]
    sent(session, "hello", room="dev")
    house.loop.settle()
    assert session.member.room is house.hall.rooms["dev"]


# -- errors


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"kind": "shout"}, "bad_message"),
        ({"kind": "say"}, "bad_message"),
        ({"kind": "say", "text": " "}, "empty"),
        ({"kind": "say", "text": "\x1b[2J"}, "bad_text"),
        ({"kind": "say", "text": "x" * 4097}, "too_long"),
        ({"kind": "act", "text": ""}, "usage"),
        ({"kind": "nick", "nick": "<b>"}, "bad_nick"),
        ({"kind": "nick", "nick": "bob"}, "nick_taken"),
        ({"kind": "join", "room": "a b"}, "bad_room"),
        ({"kind": "join", "room": ""}, "bad_room"),
        ({"kind": "dm", "to": "nobody", "text": "hi"}, "no_such_member"),
        ({"kind": "command", "line": "/nonsense"}, "unknown_command"),
        ({"kind": "hello", "nick": "bob"}, "nick_taken"),
        ({"kind": "topic", "text": "x" * 401}, "too_long"),
    ],
    ids=lambda it: str(it)[:40],
)
def test_an_error_carries_the_id_of_the_message_it_answers(
    message: dict[str, Any], code: str
) -> None:
    house = House()
    house.enter("bob")
    session, sees = house.enter("al", JSON)
    house.hush()
    session.receive([msgspec.json.encode({**message, "id": "x"})])
    house.loop.settle()
    assert errors(sees) == [(code, "x")]
    assert sees.is_open


def test_an_error_is_told_to_its_author_alone() -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    session, sees = house.enter("al")
    house.hush()
    session.receive([b"\xff", OVERLONG, b"/nonsense", b"a\x1bb", b"fine"])
    house.loop.settle()
    assert codes_shown(sees) == ["bad_utf8", "too_long", "unknown_command", "bad_text"]
    assert bob_sees.lines == ["12:00 <al> fine"]


@pytest.mark.parametrize(("line", "nick"), [("/bot", "guest-1"), ("/BOT ci", "ci")])
def test_a_bot_by_its_first_line_is_told_what_is_said_from_now_on_and_no_more(
    line: str, nick: str
) -> None:
    house = House()
    bob, bob_sees = house.enter("bob")
    typed(bob, "before")
    house.hush()
    session, sees = house.visitor()
    typed(session, line, "green")
    house.loop.settle()
    typed(bob, "thanks")
    house.enter("eve")
    house.loop.advance(1)
    assert sees.lines == ["<bob> thanks"]
    assert f"12:00 <{nick}|bot> green" in bob_sees.lines


def test_a_bot_says_so_in_its_hello() -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    session, sees = house.visitor()
    sent(session, "hello", nick="ci", bot=True)
    sent(session, "say", text="green")
    house.loop.settle()
    assert {"nick": "ci", "door": "bot"} in sees.events[0]["members"]
    assert "12:00 <ci|bot> green" in bob_sees.lines


# -- pace


def paced(house: House) -> tuple[Session, RecordingOutlet]:
    """A person who may say two lines at once, and two a second after that."""
    session, outlet = house.visitor()
    typed(session, "/nick al")
    house.loop.advance(10)
    outlet.forget()
    return session, outlet


def test_a_burst_passes_and_what_is_faster_is_held_back_in_order() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, outlet = paced(house)
    typed(session, "1", "2", "3", "4", "5")
    house.loop.settle()
    assert texts(house) == ["1", "2"]
    assert outlet.paused
    house.loop.advance(0.5)
    assert texts(house) == ["1", "2", "3"]
    assert outlet.paused
    house.loop.advance(1.0)
    assert texts(house) == ["1", "2", "3", "4", "5"]
    assert not outlet.paused


def test_what_comes_while_lines_are_held_back_waits_behind_them() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, _ = paced(house)
    typed(session, "1", "2", "3")
    typed(session, "4")
    house.loop.advance(0.1)
    typed(session, "5")
    house.loop.advance(10)
    assert texts(house) == ["1", "2", "3", "4", "5"]


def test_the_pace_does_not_depend_on_how_the_lines_come() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, outlet = paced(house)
    for number in range(6):
        typed(session, f"{number}")
    house.loop.advance(2.0)
    assert texts(house) == ["0", "1", "2", "3", "4", "5"]
    assert not outlet.paused
    house.loop.advance(1.0)
    typed(session, "6", "7")
    house.loop.settle()
    assert texts(house)[6:] == ["6", "7"]


def test_a_steady_pace_is_never_held_back() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, outlet = paced(house)
    for number in range(20):
        typed(session, f"{number}")
        house.loop.advance(0.5)
        assert not outlet.paused
    assert texts(house) == [f"{number}" for number in range(20)]
    assert outlet.lines == []


def test_who_is_held_back_is_told_so_once() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, outlet = paced(house)
    typed(session, *"abcdefgh")
    house.loop.advance(10)
    typed(session, *"abcdefgh")
    house.loop.advance(10)
    assert outlet.lines == ["* not so fast: your lines are held back to 2 a second"]


def test_no_rate_is_no_limit() -> None:
    house = House(rate=0.0)
    session, outlet = paced(house)
    typed(session, *["x"] * 1000)
    house.loop.settle()
    assert len(texts(house)) == 1000
    assert not outlet.paused


def test_one_who_is_held_back_keeps_nobody_else_waiting() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, _ = paced(house)
    bob, _ = house.visitor()
    typed(session, *"abcdef")
    typed(bob, "hi")
    house.loop.settle()
    assert texts(house) == ["a", "b", "hi"]


def test_a_reader_who_does_not_read_its_answers_is_not_answered_on_and_on() -> None:
    """It asks for pages, at its pace, and reads none: what it is owed is bounded."""
    house = House(rate=5.0, burst_messages=2, backlog_bytes=2000)
    session, outlet = house.enter("al", JSON)
    for _ in range(20):
        sent(session, "say", text="x" * 100)
    house.loop.advance(20)
    session.member.full = True
    for _ in range(100):
        sent(session, "history", limit=20)
    house.loop.advance(100)
    waiting = sum(map(len, session.member.backlog))
    assert outlet.paused
    assert waiting < 2000 + PAGES_ASKED * 3000
    while session.member.backlog:
        outlet.drain()
        house.loop.advance(1)
    house.loop.advance(100)
    assert kinds(outlet).count("history") == 100
    assert not outlet.paused


# -- the end


def test_who_says_no_more_is_let_go_when_it_is_said() -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    house.hush()
    session, sees = house.visitor()
    typed(session, "hello")
    session.finish()
    assert sees.is_open
    house.loop.settle()
    assert sees.closed == "left"
    assert bob_sees.lines[-1] == "12:00 <guest-1> hello"
    house.loop.advance(5)
    assert nicks(house) == {"bob"}


def test_who_says_no_more_is_written_what_it_is_owed_first() -> None:
    house = House()
    bob, _ = house.enter("bob")
    typed(bob, "one", "two")
    house.loop.settle()
    session, sees = house.visitor()
    typed(session, "/who")
    session.finish()
    house.loop.settle()
    assert sees.lines[-2:] == ["12:00 <bob> one", "12:00 <bob> two"]
    assert any("2 in #lobby" in line for line in sees.lines)
    assert sees.closed == "left"


def test_who_says_no_more_and_reads_slowly_is_waited_for() -> None:
    house = House(page_bytes=100)
    bob, _ = house.enter("bob")
    typed(bob, *["x" * 100] * 5)
    house.loop.settle()
    session, sees = house.visitor(room_bytes=200)
    typed(session, "hello")
    session.finish()
    house.loop.settle()
    assert session.member.condition is Condition.PARKED
    while sees.is_open:
        sees.drain()
        house.loop.settle()
    assert sum("<bob>" in line for line in sees.lines) == 5


def test_an_answer_that_waits_for_a_full_socket_is_owed_too() -> None:
    house = House()
    session, sees = house.enter("al")
    session.member.full = True
    typed(session, "/who")
    session.finish()
    house.loop.settle()
    assert sees.is_open
    sees.drain()
    house.loop.settle()
    assert [line for line in sees.lines if "1 in #lobby" in line]
    assert sees.closed == "left"


def test_who_says_no_more_while_held_back_has_all_of_it_said() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, sees = paced(house)
    typed(session, "1", "2", "3", "4")
    session.finish()
    house.loop.advance(0.9)
    assert sees.is_open
    house.loop.advance(1)
    assert sees.closed == "left"
    assert texts(house) == ["1", "2", "3", "4"]


def test_who_says_nothing_at_all_and_no_more_is_let_go() -> None:
    house = House()
    _, sees = house.visitor()
    house.visitor()[0].finish()
    session, sees = house.visitor()
    session.finish()
    house.loop.advance(5)
    assert sees.closed == "left"
    assert sees.writes == []
    assert len(house.hall) == 1


def test_who_says_no_more_waits_for_a_slow_log() -> None:
    engine = RemoteEngine()
    house = House(engine)
    session, sees = house.visitor()
    typed(session, "hello")
    session.finish()
    house.loop.advance(5)
    assert sees.is_open
    engine.logs["lobby"].settle()
    engine.logs["lobby"].answer()
    house.loop.settle()
    assert sees.closed == "left"


def test_who_is_lost_has_left() -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    session, _ = house.enter("al")
    house.hush()
    session.lost()
    house.loop.advance(5)
    assert nicks(house) == {"bob"}
    assert bob_sees.lines == ["12:00 * al left (1 here)"]


def test_what_the_lost_had_said_is_still_said_at_its_pace() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, sees = paced(house)
    typed(session, "1", "2", "3", "4")
    house.loop.settle()
    sees.forget()
    session.lost()
    house.loop.advance(10)
    assert texts(house) == ["1", "2", "3", "4"]
    assert nicks(house) == set()
    assert sees.writes == []


def test_what_the_lost_had_said_is_not_said_for_ever() -> None:
    house = House(rate=2.0, burst_messages=2, parting_s=5.0)
    session, _ = paced(house)
    typed(session, *["x"] * 1000)
    session.lost()
    house.loop.advance(100)
    assert 10 < len(texts(house)) < 15
    assert nicks(house) == set()


def test_who_is_lost_before_it_said_anything_was_never_here() -> None:
    house = House()
    session, sees = house.visitor()
    session.lost()
    house.loop.advance(5)
    assert len(house.hall) == 0
    assert sees.writes == []


def test_who_is_lost_twice_or_after_it_said_no_more_has_left() -> None:
    house = House()
    session, _ = house.enter("al")
    typed(session, "bye")
    session.finish()
    session.lost()
    session.lost()
    house.loop.advance(5)
    assert texts(house) == ["bye"]
    assert nicks(house) == set()


def test_who_is_lost_while_its_socket_is_full_still_has_it_said() -> None:
    house = House(rate=2.0, burst_messages=2)
    session, _ = paced(house)
    session.member.full = True
    typed(session, "1", "2", "3", "/who", "4")
    session.lost()
    house.loop.advance(10)
    assert texts(house) == ["1", "2", "3", "4"]
    assert nicks(house) == set()


def test_quit_is_the_last_word() -> None:
    house = House()
    _, bob_sees = house.enter("bob")
    session, sees = house.enter("al")
    house.hush()
    typed(session, "bye", "/quit", "more", "/nick alan")
    house.loop.advance(5)
    assert sees.closed == "left"
    assert bob_sees.lines == ["12:00 <al> bye", "12:00 * al left (1 here)"]
    session.finish()
    session.lost()
    house.loop.settle()


def test_a_program_may_quit_too() -> None:
    house = House()
    session, sees = house.enter("al", JSON)
    sent(session, "say", text="bye", id="x")
    sent(session, "command", line="/quit")
    sent(session, "say", text="more")
    house.loop.settle()
    assert kinds(sees) == ["say"]
    assert sees.closed == "left"


# -- line ends


def test_who_ends_its_lines_with_lf_alone_is_answered_so() -> None:
    house = House()
    bob, _ = house.enter("bob")
    session, sees = house.visitor()
    session.bare_lines()
    typed(session, "hello")
    house.loop.settle()
    typed(bob, "hi")
    house.loop.settle()
    assert b"\r" not in sees.bytes
    assert sees.bytes.endswith(b"<bob> hi\n")


def test_lines_end_with_crlf_else() -> None:
    house = House()
    _, sees = house.visitor()
    house.loop.advance(1)
    assert sees.bytes.count(b"\r\n") == sees.bytes.count(b"\n") > 1


def test_a_program_is_not_given_another_view_by_its_line_ends() -> None:
    house = House()
    session, sees = house.visitor(JSON)
    session.bare_lines()
    sent(session, "hello")
    house.loop.settle()
    assert kinds(sees) == ["welcome", "live"]


def test_a_setting_keeps_the_line_ends() -> None:
    house = House()
    session, sees = house.visitor()
    session.bare_lines()
    typed(session, "/time off", "/color on", "/who")
    house.loop.settle()
    assert b"\r" not in sees.bytes


def test_a_view_is_put_into_the_frames_of_its_door() -> None:
    house = House()
    outlet = RecordingOutlet()
    dressed: list[object] = []

    def dress(view: Any) -> Any:
        dressed.append(view)
        return view

    session = Session(house.hall, outlet, door="web", view=TEXT, dress=dress)
    typed(session, "/json")
    assert dressed == [TEXT, JSON]


def test_who_has_promised_a_hello_is_no_guest_meanwhile() -> None:
    house = House()
    outlet = RecordingOutlet()
    session = Session(house.hall, outlet, door="web", view=JSON, says_hello=True)
    house.loop.advance(10)
    assert outlet.writes == []
    sent(session, "hello", nick="al")
    house.loop.settle()
    assert nicks(house) == {"al"}


def test_a_promised_hello_is_not_waited_for_for_ever() -> None:
    house = House()
    outlet = RecordingOutlet()
    Session(house.hall, outlet, door="web", view=JSON, says_hello=True)
    house.loop.advance(house.config.outside_s + 1)
    assert outlet.closed == "refused"


# -- the pace of an address


def neighbours(house: House, count: int) -> list[tuple[Session, RecordingOutlet]]:
    """Connections from one address, each of which has said its name."""
    sessions = []
    for number in range(count):
        session, outlet = house.visitor(address="10.0.0.1")
        typed(session, f"/nick n{number}")
        sessions.append((session, outlet))
    house.loop.settle()
    return sessions


def test_an_address_says_so_much_however_many_connections_it_has() -> None:
    house = House(rate=1000.0, burst_messages=1000, address_messages_per_s=10.0, address_burst_s=2)
    crowd = neighbours(house, 20)
    for session, _ in crowd:
        typed(session, *["x"] * 50)
    house.loop.settle()
    assert len(texts(house)) == 10  # half of a burst: the rest is for modest clients
    assert all(outlet.paused for _, outlet in crowd[10:])
    house.loop.advance(10)
    assert len(texts(house)) == pytest.approx(110, abs=1)


def test_lines_that_wait_for_their_turn_keep_their_order_and_none_is_lost() -> None:
    house = House(rate=1000.0, burst_messages=1000, address_messages_per_s=10.0, address_burst_s=1)
    crowd = neighbours(house, 4)
    for number, (session, _) in enumerate(crowd):
        typed(session, *[f"{number}.{nth}" for nth in range(20)])
    house.loop.advance(20)
    assert len(texts(house)) == 80
    for number in range(4):
        own = [text for text in texts(house) if text.startswith(f"{number}.")]
        assert own == [f"{number}.{nth}" for nth in range(20)]


@pytest.mark.parametrize("at_once", [1, 3, 200])
def test_people_who_talk_never_wait_for_a_crowd_that_floods(at_once: int) -> None:
    house = House(address_messages_per_s=20.0, rate=5.0)
    talks, *crowd = neighbours(house, 100)
    for _ in range(5):
        typed(talks[0], "hi")
        house.loop.advance(1)
    for number in range(20):
        for _ in range(5):
            for session, outlet in crowd:
                if not outlet.paused:
                    typed(session, *["x"] * at_once)
            house.loop.advance(0.2)
        typed(talks[0], f"hi {number}")
        house.loop.settle()
        assert texts(house)[-1] == f"hi {number}"
    assert not talks[1].paused


def test_one_who_seldom_talks_goes_before_a_crowd_that_floods() -> None:
    house = House(address_messages_per_s=20.0, rate=5.0)
    talks, *crowd = neighbours(house, 100)
    for session, _ in crowd:
        typed(session, *["x"] * 1000)
    house.loop.advance(30)
    typed(talks[0], "hi")
    house.loop.advance(0.1)
    assert "hi" in texts(house)


def test_requests_have_a_budget_of_their_own() -> None:
    house = House(
        rate=1000.0, burst_messages=1000, address_messages_per_s=1.0, address_requests_per_s=100.0
    )
    session, outlet = house.visitor(JSON, address="10.0.0.1")
    sent(session, "hello", nick="al")
    house.loop.settle()
    for number in range(20):
        sent(session, "ping", id=f"{number}")
    house.loop.settle()
    assert kinds(outlet).count("pong") == 20
    for line in ("say", "act", "topic"):
        sent(session, line, text="x")
    house.loop.settle()
    assert len(texts(house)) == 1


@pytest.mark.parametrize("lifted", [{"rate": 0.0}, {"per_address": 0}])
def test_either_flag_lifts_the_pace_of_addresses(lifted: dict[str, Any]) -> None:
    house = House(
        **{"rate": 1000.0, "burst_messages": 1000, "address_messages_per_s": 1.0, **lifted}
    )
    for session, _ in neighbours(house, 5):
        typed(session, *["x"] * 20)
    house.loop.settle()
    assert len(texts(house)) == 100


@pytest.mark.parametrize("line", ["hi", "//hi", "/me waves", "／me waves", "/topic tea", "/ME x"])
def test_what_is_said_to_others_is_a_message(line: str) -> None:
    house = House(rate=1000.0, address_messages_per_s=1.0, address_burst_s=2.0)
    (session, _), *_ = neighbours(house, 1)
    typed(session, line, line)
    house.loop.settle()
    assert len(texts(house)) == 1


def test_who_waits_for_its_turn_is_told_so_once() -> None:
    house = House(rate=1000.0, burst_messages=100, address_messages_per_s=10.0, address_burst_s=1)
    (session, outlet), *_ = neighbours(house, 1)
    outlet.forget()
    typed(session, *["x"] * 20)
    house.loop.advance(60)
    assert outlet.lines == [
        "* much comes from your address just now: your lines wait for their turn"
    ]


# -- mistakes


def test_many_mistakes_pause_reading_and_nobody_is_cut() -> None:
    house = House(mistakes_per_minute=10)
    session, outlet = house.enter("al")
    typed(session, *["a\x1bb"] * 30, "fine")
    house.loop.settle()
    assert codes_shown(outlet) == ["bad_text"] * 11
    assert (outlet.paused, outlet.is_open) == (True, True)
    house.loop.advance(60)
    assert len(codes_shown(outlet)) == pytest.approx(21, abs=1)
    house.loop.advance(120)
    assert texts(house) == ["fine"]
    assert (outlet.paused, outlet.is_open) == (False, True)


# -- bytes


def test_what_waits_is_kept_as_the_bytes_that_came() -> None:
    house = House(rate=1.0, burst_messages=1)
    session, outlet = paced(house)
    session.feed(b"ab\n" * 20_000)
    assert outlet.paused
    assert len(session._input.pending) <= 60_000
    assert len(session._lines) <= 1


# -- what is left of the lost


def test_of_the_lost_so_many_lines_are_said_at_its_pace_and_then_it_is_over() -> None:
    house = House(rate=10.0, burst_messages=2, parting_lines=5)
    session, _ = paced(house)
    over: list[float] = []
    typed(session, *map(str, range(100)))
    session.lost(lambda: over.append(house.loop.now))
    house.loop.settle()
    assert (len(texts(house)), over) == (2, [])
    house.loop.advance(10)
    assert texts(house) == [str(number) for number in range(7)]
    assert len(over) == 1
    assert nicks(house) == set()


def test_one_who_is_lost_with_nothing_left_to_say_is_over_at_once() -> None:
    house = House()
    session, _ = house.enter("al")
    over: list[str] = []
    session.lost()
    session.lost(lambda: over.append("over"))
    house.loop.advance(60)
    assert over == ["over"]


def test_of_one_who_is_over_nothing_is_heard() -> None:
    house = House()
    session, _ = house.visitor()
    session.lost(lambda: None)
    typed(session, "hello")
    house.loop.advance(5)
    assert len(house.hall) == 0
    assert not house.hall.rooms or not texts(house)


def test_one_who_parts_for_too_long_is_over_then() -> None:
    house = House(rate=1.0, burst_messages=1, parting_s=3.0)
    session, _ = paced(house)
    over: list[str] = []
    typed(session, *["x"] * 60)
    session.lost()
    session.lost(lambda: over.append("over"))
    house.loop.advance(2.9)
    assert over == []
    house.loop.advance(0.2)
    assert over == ["over"]


def test_a_house_that_closes_waits_for_no_lines() -> None:
    house = House(rate=1.0, burst_messages=1)
    session, outlet = paced(house)
    over: list[str] = []
    typed(session, *["x"] * 60)
    house.hall.close()
    house.loop.settle()
    assert outlet.closed == "stopping"
    session.lost(lambda: over.append("over"))
    assert over == ["over"]


def test_a_house_that_closes_waits_for_nobody_who_is_lost() -> None:
    house = House(rate=1.0, burst_messages=1)
    session, _ = paced(house)
    over: list[str] = []
    typed(session, *["x"] * 60)
    session.lost(lambda: over.append("over"))
    house.hall.close()
    house.loop.advance(1.1)
    assert over == ["over"]
