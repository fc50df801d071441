"""Commands: what each answers, on a terminal and to a program."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tcp_room.commands import COMMANDS
from tcp_room.session import Session
from tcp_room.views import JSON
from tests.fakes import House, RecordingOutlet, sent, typed

NOON: Final = 1_795_435_200_000

# What al types, what al's terminal shows, what al's program is told. Bob and "Bob Smith" are
# here too, and al said "hi" before.
TABLE: Final[list[tuple[str, list[str], list[dict[str, Any]]]]] = [
    (
        "/nick alan",
        ["* You are now alan"],
        [
            {"kind": "nick", "nick": "alan", "id": "x"},
            {
                "kind": "presence",
                "at": NOON,
                "joined": [],
                "left": [],
                "renamed": [{"from": "al", "to": "alan"}],
                "count": 3,
            },
        ],
    ),
    ("/nick al", ["* You are now al"], [{"kind": "nick", "nick": "al", "id": "x"}]),
    (
        "/nick",
        ["12:00 ! you are al; another name: /nick NAME (usage)"],
        [{"kind": "error", "code": "usage", "text": "you are al; another name: /nick NAME"}],
    ),
    (
        "/nick bob",
        ["12:00 ! the name bob is taken here; choose another (nick_taken)"],
        [
            {
                "kind": "error",
                "code": "nick_taken",
                "text": "the name bob is taken here; choose another",
            }
        ],
    ),
    (
        "/me waves",
        [],
        [
            {
                "kind": "act",
                "seq": 2,
                "id": "x",
                "at": NOON,
                "nick": "al",
                "door": "tcp",
                "text": "waves",
            }
        ],
    ),
    (
        "/me",
        ["12:00 ! say what you do: /me waves (usage)"],
        [{"kind": "error", "code": "usage", "text": "say what you do: /me waves"}],
    ),
    (
        "/who",
        ["* 3 in #lobby: bob (tcp), Bob Smith (tcp), al (tcp)"],
        [
            {
                "kind": "members",
                "room": "lobby",
                "members": [
                    {"nick": "bob", "door": "tcp"},
                    {"nick": "Bob Smith", "door": "tcp"},
                    {"nick": "al", "door": "tcp"},
                ],
                "count": 3,
                "id": "x",
            }
        ],
    ),
    (
        "/msg bob hi there",
        [],
        [{"kind": "dm", "at": NOON, "from": "al", "to": "bob", "text": "hi there", "id": "x"}],
    ),
    (
        "/msg bob",
        ["12:00 ! say something: /msg bob TEXT (usage)"],
        [{"kind": "error", "code": "usage", "text": "say something: /msg bob TEXT"}],
    ),
    (
        "/msg",
        ["12:00 ! a private word: /msg NAME TEXT (usage)"],
        [{"kind": "error", "code": "usage", "text": "a private word: /msg NAME TEXT"}],
    ),
    (
        "/msg carol hi",
        ["12:00 ! nobody here is called carol (no_such_member)"],
        [{"kind": "error", "code": "no_such_member", "text": "nobody here is called carol"}],
    ),
    (
        "/join",
        ["12:00 ! you are in #lobby; another room: /join NAME (usage)"],
        [
            {
                "kind": "error",
                "code": "usage",
                "text": "you are in #lobby; another room: /join NAME",
            }
        ],
    ),
    (
        "/rooms",
        ["* #lobby (3 here): tea"],
        [{"kind": "rooms", "rooms": [{"room": "lobby", "count": 3, "topic": "tea"}], "id": "x"}],
    ),
    ("/topic", ["* #lobby: tea"], [{"kind": "notice", "text": "#lobby: tea"}]),
    (
        "/topic  green   tea",
        [],
        [
            {
                "kind": "topic",
                "seq": 2,
                "id": "x",
                "at": NOON,
                "nick": "al",
                "door": "tcp",
                "text": "green tea",
            }
        ],
    ),
    (
        "/topic -",
        [],
        [
            {
                "kind": "topic",
                "seq": 2,
                "id": "x",
                "at": NOON,
                "nick": "al",
                "door": "tcp",
                "text": "",
            }
        ],
    ),
    (
        "/history 1",
        ["12:00 * al set the topic: tea"],
        [
            {
                "kind": "history",
                "events": [
                    {
                        "kind": "topic",
                        "seq": 1,
                        "id": None,
                        "at": NOON,
                        "nick": "al",
                        "door": "tcp",
                        "text": "tea",
                    }
                ],
                "more": False,
                "id": "x",
                "from": 1,
                "to": 1,
                "gaps": [],
            }
        ],
    ),
    (
        "/history 0",
        ["12:00 ! how many messages? /history 20 (usage)"],
        [{"kind": "error", "code": "usage", "text": "how many messages? /history 20"}],
    ),
    (
        "/time hms",
        ["* times are shown as hms"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/time is a setting of the text view",
            }
        ],
    ),
    (
        "/time",
        ["12:00 ! one of these: /time off hm hms iso (usage)"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/time is a setting of the text view",
            }
        ],
    ),
    (
        "/quiet",
        ["* joins and leaves are not shown"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/quiet is a setting of the text view",
            }
        ],
    ),
    (
        "/color on",
        ["* colours on"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/color is a setting of the text view",
            }
        ],
    ),
    (
        "/color blue",
        ["12:00 ! one of these: /color on, /color off (usage)"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/color is a setting of the text view",
            }
        ],
    ),
    (
        "/since 0",
        ["* The messages behind 0, of 1:"],  # its own one is on its screen already
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/since is a setting of the text view",
            }
        ],
    ),
    (
        "/since yesterday",
        ["12:00 ! read on behind which message? /since 0 (usage)"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/since is a setting of the text view",
            }
        ],
    ),
    (
        "/echo",
        ["* your own lines come back to you"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/echo is a setting of the text view",
            }
        ],
    ),
    (
        "/echo off",
        ["* your own lines do not come back to you"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/echo is a setting of the text view",
            }
        ],
    ),
    (
        "/echo loud",
        ["12:00 ! one of these: /echo on, /echo off (usage)"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/echo is a setting of the text view",
            }
        ],
    ),
    (
        "/bot",
        ["* you are shown as a program"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/bot is a setting of the text view",
            }
        ],
    ),
    (
        "/lang zh",
        ["* 好的，说中文"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/lang is a setting of the text view",
            }
        ],
    ),
    (
        "/lang en",
        ["* English it is"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/lang is a setting of the text view",
            }
        ],
    ),
    (
        "/lang",
        ["12:00 ! one of these: /lang en zh (usage)"],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/lang is a setting of the text view",
            }
        ],
    ),
    (
        "/json",
        ['{"kind":"live","seq":1}'],
        [
            {
                "kind": "error",
                "code": "text_view_only",
                "text": "/json is a setting of the text view",
            }
        ],
    ),
    (
        "/search TEA",
        ["12:00 * al set the topic: tea"],
        [
            {
                "kind": "found",
                "events": [
                    {
                        "kind": "topic",
                        "seq": 1,
                        "id": None,
                        "at": NOON,
                        "nick": "al",
                        "door": "tcp",
                        "text": "tea",
                    }
                ],
                "more": False,
                "before": 1,
                "id": "x",
                "lost": 0,
            }
        ],
    ),
    (
        "/search",
        ["12:00 ! what words? /search TEXT (usage)"],
        [{"kind": "error", "code": "usage", "text": "what words? /search TEXT"}],
    ),
    ("/quit", [], []),
    (
        "/nonsense and more",
        [
            "12:00 ! there is no command /nonsense; /help lists them, //nonsense says it "
            "(unknown_command)"
        ],
        [
            {
                "kind": "error",
                "code": "unknown_command",
                "text": "there is no command /nonsense; /help lists them, //nonsense says it",
            }
        ],
    ),
    (
        "/",
        ["12:00 ! there is no command /; /help lists them, // says it (unknown_command)"],
        [
            {
                "kind": "error",
                "code": "unknown_command",
                "text": "there is no command /; /help lists them, // says it",
            }
        ],
    ),
]
LINES: Final = [line for line, _, _ in TABLE]


def company(**config: Any) -> tuple[House, RecordingOutlet]:
    """A house with bob and Bob Smith in it; what bob sees."""
    house = House(**config)
    _, bob_sees = house.enter("bob")
    house.enter("Bob Smith")
    return house, bob_sees


def al_comes(house: House, as_program: bool = False) -> tuple[Session, RecordingOutlet]:
    al, al_sees = house.enter("al", JSON) if as_program else house.enter("al")
    typed(al, "/topic tea") if not as_program else sent(al, "topic", text="tea")
    house.hush()
    return al, al_sees


@pytest.mark.parametrize(("line", "shown"), [(line, shown) for line, shown, _ in TABLE], ids=LINES)
def test_what_a_terminal_shows(line: str, shown: list[str]) -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, line)
    house.loop.settle()
    assert al_sees.lines == shown


@pytest.mark.parametrize(("line", "told"), [(line, told) for line, _, told in TABLE], ids=LINES)
def test_what_a_program_is_told(line: str, told: list[dict[str, Any]]) -> None:
    house, _ = company()
    al, al_sees = al_comes(house, as_program=True)
    sent(al, "command", line=line, id="x")
    house.loop.settle()
    errors = {"at": NOON, "id": "x"}
    told = [event | errors if event["kind"] == "error" else event for event in told]
    assert al_sees.events == told


def test_the_table_above_holds_every_command() -> None:
    tried = {line[1:].partition(" ")[0] for line in LINES}
    assert tried - {"nonsense", ""} == COMMANDS.keys() - {"help"}


@pytest.mark.parametrize("line", [line for line, shown, _ in TABLE if shown], ids=str)
def test_everything_is_said_in_chinese_too(line: str) -> None:
    house, _ = company(lang="zh")
    al, al_sees = al_comes(house)
    typed(al, "/lang zh", "/me was here")
    house.hush()
    typed(al, line)
    house.loop.settle()
    own = [told for told in al_sees.lines if re.match(r"(\d\d:\d\d )?[*!] ", told)]
    for told in own if line not in ("/lang en", "/rooms", "/topic") else ():
        assert re.search("[\u4e00-\u9fff]", told.rpartition("(")[0] or told), told


def test_who_wants_its_own_lines_back_gets_them_at_their_place() -> None:
    house, bob_sees = company()
    al, al_sees = house.enter("al")
    typed(al, "/echo", "one")
    house.hush()
    typed(al, "two", "/me waves")
    house.loop.settle()
    assert al_sees.lines == ["12:00 <al> two", "12:00 ** al waves"] == bob_sees.lines
    al_sees.forget()
    typed(al, "/echo off", "three")
    house.loop.settle()
    assert al_sees.lines == ["* your own lines do not come back to you"]


def test_who_is_a_program_is_shown_as_one() -> None:
    house, bob_sees = company()
    al, _ = house.enter("al")
    typed(al, "/bot", "the build is green")
    house.loop.settle()
    assert bob_sees.lines[-1] == "12:00 <al|bot> the build is green"


def test_help_is_the_table() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "/help")
    house.loop.settle()
    assert [line.removeprefix("* ").split("  ")[0] for line in al_sees.lines] == [
        command.usage for command in COMMANDS.values()
    ]
    assert all(
        line.endswith(command.help)
        for line, command in zip(al_sees.lines, COMMANDS.values(), strict=True)
    )


def test_a_program_is_helped_only_with_what_it_can_do() -> None:
    house, _ = company()
    al, al_sees = al_comes(house, as_program=True)
    sent(al, "command", line="/help", id="x")
    house.loop.settle()
    [told] = al_sees.events
    assert (told["kind"], told["id"]) == ("help", "x")
    assert {line["usage"].split()[0] for line in told["commands"]} == {
        f"/{name}" for name, command in COMMANDS.items() if not command.text_only
    }


def test_a_usage_begins_with_its_command() -> None:
    assert all(command.usage.split()[0] == f"/{name}" for name, command in COMMANDS.items())


# -- how lines are read


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("hi", "12:00 <al> hi"),
        ("//nick is a command", "12:00 <al> /nick is a command"),
        ("//", "12:00 <al> /"),
        ("///", "12:00 <al> //"),
        ("／／nick is a command", "12:00 <al> /nick is a command"),
        ("a/b", "12:00 <al> a/b"),
        ("／me waves", "12:00 ** al waves"),
        ("／me　waves", "12:00 ** al waves"),
        ("/me\twaves", "12:00 ** al waves"),
        ("/ME waves", "12:00 ** al waves"),
        ("/me   waves ", "12:00 ** al waves"),
        ("  /me waves", "12:00 <al>   /me waves"),
        ("  indented", "12:00 <al>   indented"),
        ("ab\bc", "12:00 <al> ac"),
        ("/topic a\tb", "12:00 * al set the topic: a b"),
    ],
)
def test_how_a_line_is_read(line: str, shown: str) -> None:
    house, bob_sees = company()
    al, _ = al_comes(house)
    typed(al, line)
    house.loop.settle()
    assert bob_sees.lines == [shown]


def test_a_full_width_slash_is_a_slash() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "／help")
    assert len(al_sees.lines) == len(COMMANDS)


@pytest.mark.parametrize("line", ["", " ", "\t"])
def test_an_empty_line_is_nothing(line: str) -> None:
    house, bob_sees = company()
    al, al_sees = al_comes(house)
    typed(al, line)
    house.loop.settle()
    assert (al_sees.lines, bob_sees.lines) == ([], [])


def test_a_space_behind_the_slash_makes_it_no_command() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "/ help")
    assert "(unknown_command)" in al_sees.lines[0]


def test_a_program_may_say_several_lines_by_a_command() -> None:
    house, bob_sees = company()
    al, _ = al_comes(house, as_program=True)
    sent(al, "command", line="one\ntwo")
    house.loop.settle()
    assert bob_sees.lines == ["12:00 <al> one", "12:00 <al>| two"]


def test_an_unknown_command_is_not_repeated_at_length() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "/" + "x" * 1000)
    assert len(al_sees.lines[0]) < 200


# -- private words


@pytest.mark.parametrize(
    ("line", "to", "said"),
    [
        ("/msg bob hi", "bob", "hi"),
        ("/msg BOB hi", "bob", "hi"),
        ("/msg @bob hi", "bob", "hi"),
        ("/msg Bob Smith hi", "Bob Smith", "hi"),
        ("/msg bob smith hi  there", "Bob Smith", "hi  there"),
        ("/msg bob smithy hi", "bob", "smithy hi"),
        ("/msg bob /me", "bob", "/me"),
    ],
)
def test_a_private_word_reaches_whom_it_is_meant_for_and_nobody_else(
    line: str, to: str, said: str
) -> None:
    house = House()
    outlets = {nick: house.enter(nick)[1] for nick in ("bob", "Bob Smith", "carol")}
    al, al_sees = al_comes(house)
    typed(al, line)
    house.loop.settle()
    told = {nick: outlet.lines for nick, outlet in outlets.items() if outlet.lines}
    assert told == {to: [f"12:00 -> private from al: {said}"]}
    assert al_sees.lines == []


def test_a_private_word_reaches_other_rooms() -> None:
    house, _ = company()
    _, carol_sees = house.enter("carol", JSON, room="dev")
    al, _ = al_comes(house)
    typed(al, "/msg carol hi")
    assert [event["text"] for event in carol_sees.events] == ["hi"]


def test_a_private_word_is_in_no_log() -> None:
    house, _ = company()
    al, _ = al_comes(house)
    typed(al, "/msg bob hi")
    house.loop.settle()
    assert house.hall.rooms["lobby"].head == 1


def test_who_talks_to_itself_hears_it_once() -> None:
    house, _ = company()
    al, al_sees = al_comes(house, as_program=True)
    sent(al, "dm", to="al", text="hi", id="x")
    assert [event["kind"] for event in al_sees.events] == ["dm"]


def test_who_does_not_read_cannot_be_told_in_private() -> None:
    house, bob_sees = company()
    al, al_sees = al_comes(house)
    assert bob_sees.member is not None
    bob_sees.member.full = True
    typed(al, "/msg bob hi")
    assert al_sees.lines == ["12:00 ! bob is not reading just now; try again later (not_listening)"]
    assert bob_sees.writes == []


@pytest.mark.parametrize(
    ("said", "code"), [("\x1b[2J", "bad_text"), ("x" * 4097, "too_long"), ("\u200b", "empty")]
)
def test_a_private_word_is_held_to_the_same_rules(said: str, code: str) -> None:
    house, bob_sees = company()
    al, al_sees = al_comes(house, as_program=True)
    sent(al, "dm", to="bob", text=said, id="x")
    assert [event["code"] for event in al_sees.events] == [code]
    assert bob_sees.writes == []


# -- settings of the text view


def shown_to(settings: str) -> list[str]:
    """How a message and a new face look to al who chose so."""
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, *settings.split(", "))
    al_sees.forget()
    house.loop.advance(5)
    bob = house.hall.find("bob")
    carol, _ = house.enter("carol")
    typed(carol, "hi")
    house.loop.settle()
    house.hall.dismiss(bob)
    house.loop.advance(5)
    return al_sees.lines


@pytest.mark.parametrize(
    ("settings", "head", "joins_are_shown"),
    [
        ("/time hm", "12:00 ", True),
        ("/time off", "", True),
        ("/time hms", "12:00:00 ", True),
        ("/time iso", "2026-11-23T12:00:00+0000 ", True),
        ("/quiet", "12:00 ", False),
        ("/quiet on, /time off", "", False),
        ("/quiet on, /quiet off, /time off", "", True),
        ("/color on, /color off", "12:00 ", True),
    ],
)
def test_what_one_may_choose(settings: str, head: str, joins_are_shown: bool) -> None:
    joined, said, left = "* carol joined (4 here)", "<carol> hi", "* bob left (3 here)"
    shown = [joined, said, left] if joins_are_shown else [said]
    assert shown_to(settings) == [head + line for line in shown]


def test_names_are_coloured_for_who_chose_so() -> None:
    [line] = shown_to("/color, /quiet, /time off")
    assert line.startswith("<\x1b[")
    assert line.endswith("mcarol\x1b[0m> hi")


def test_a_setting_is_ones_own() -> None:
    house, bob_sees = company()
    al, _ = al_comes(house)
    carol, _ = house.enter("carol")
    typed(al, "/time off", "/color on", "/quiet on")
    house.hush()
    typed(carol, "hi")
    house.loop.settle()
    assert bob_sees.lines == ["12:00 <carol> hi"]


def test_who_turned_to_json_reads_json_from_there_on() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "/json")
    sent(al, "say", text="hi", id="x")
    house.loop.settle()
    assert [event["kind"] for event in al_sees.events] == ["live", "say"]
    assert al_sees.events[1]["id"] == "x"


def test_history_is_of_twenty_when_no_number_is_given() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, *(f"{number}" for number in range(30)))
    house.loop.settle()
    typed(al, "/history")
    house.loop.settle()
    assert [line.rpartition(" ")[2] for line in al_sees.lines] == [f"{n}" for n in range(10, 30)]


@pytest.mark.parametrize("count", ["-1", "x", "1.5", "²", "0x10", "1e3", "5 "])
def test_the_number_of_messages_is_a_number(count: str) -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, f"/history {count}")
    house.loop.settle()
    assert ("(usage)" in al_sees.lines[0]) is (count != "5 ")


def test_an_astronomical_number_of_messages_is_as_many_as_there_are() -> None:
    house, _ = company()
    al, al_sees = al_comes(house)
    typed(al, "/history " + "9" * 4000)
    house.loop.settle()
    assert al_sees.lines == ["12:00 * al set the topic: tea"]


def test_a_topic_of_a_program_may_be_taken_away_too() -> None:
    house, bob_sees = company()
    al, _ = al_comes(house, as_program=True)
    sent(al, "topic", text="")
    house.loop.settle()
    assert bob_sees.lines == ["12:00 * al took the topic away"]
    assert house.hall.rooms["lobby"].topic == ""


def test_who_joins_another_room_is_welcomed_there() -> None:
    house, bob_sees = company()
    al, al_sees = al_comes(house)
    typed(al, "/join #Dev")
    house.loop.advance(5)
    assert al_sees.lines[0].startswith("* Welcome to #dev: you are the first one here.")
    assert bob_sees.lines == ["12:00 * al left (2 here)"]
