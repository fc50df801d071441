"""The text view: every event as the lines that a terminal shows, and nothing that it would obey."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import events
from tcp_room.terminal import TEXT, TextView

NOON: Final = 1_795_435_200_000  # 2026-11-23 12:00 UTC
BOB, EVE = events.Here("bob", "tcp"), events.Here("eve", "web")
LIMITS: Final = events.Limits(4096, 32, 5.0)
CTRL_R: Final = "* Ctrl-R shows again what you were typing when others' words came in between."


def lines(event: events.Event, view: TextView = TEXT) -> list[str]:
    """The lines of it, each with its end."""
    shown = view.encode(event).decode()
    assert not shown or shown.endswith(view.newline)
    return shown.split(view.newline)[:-1]


def logged(
    kind: type[events.Logged], text: str, nick: str = "bob", at: int = NOON, door: str = "tcp"
) -> events.Logged:
    return kind(seq=1, id=None, at=at, nick=nick, door=door, text=text)


def presence(
    joined: list[str] | None = None,
    left: list[str] | None = None,
    renamed: list[tuple[str, str]] | None = None,
    count: int = 13,
) -> events.Presence:
    return events.Presence(
        at=NOON,
        joined=[events.Here(nick, "tcp") for nick in joined or []],
        left=left or [],
        renamed=[events.Renamed(*pair) for pair in renamed or []],
        count=count,
    )


def welcome(**changed: Any) -> events.Welcome:
    plain: dict[str, Any] = {
        "nick": "al",
        "room": "lobby",
        "epoch": "e1",
        "seq": 9,
        "topic": "",
        "members": [BOB, EVE],
        "count": 2,
        "limits": LIMITS,
        "replay": 0,
        "since": 0,
        "at": NOON,
    }
    return events.Welcome(**plain | changed)


TABLE: Final[list[tuple[events.Event, list[str]]]] = [
    (logged(events.Say, "hi"), ["12:00 <bob> hi"]),
    (logged(events.Say, "one\n\ntwo"), ["12:00 <bob> one", "12:00 <bob>| ", "12:00 <bob>| two"]),
    (logged(events.Act, "waves"), ["12:00 ** bob waves"]),
    (logged(events.Act, "waves\nand smiles"), ["12:00 ** bob waves", "12:00 ** bob and smiles"]),
    (
        logged(events.Say, "green\nagain", door="bot"),
        ["12:00 <bob|bot> green", "12:00 <bob|bot>| again"],
    ),
    (logged(events.Act, "builds", door="bot"), ["12:00 ** bob|bot builds"]),
    (logged(events.Topic, "tea"), ["12:00 * bob set the topic: tea"]),
    (logged(events.Topic, ""), ["12:00 * bob took the topic away"]),
    (presence(joined=["carol"]), ["12:00 * carol joined (13 here)"]),
    (presence(joined=["carol", "dave"]), ["12:00 * carol, dave joined (13 here)"]),
    (
        presence(joined=list("abcdefgh")),
        ["12:00 * a, b, c, d, e, f, g, h joined (13 here)"],
    ),
    (
        presence(joined=list("abcdefghij")),
        ["12:00 * a, b, c, d, e, f, g, h and 2 others joined (13 here)"],
    ),
    (presence(left=["carol"]), ["12:00 * carol left (13 here)"]),
    (presence(renamed=[("al", "alan")]), ["12:00 * al is now alan"]),
    (
        presence(joined=["al"], left=["bob"], renamed=[("al", "alan")]),
        ["12:00 * bob left (13 here)", "12:00 * al is now alan", "12:00 * al joined (13 here)"],
    ),
    (events.Typing("bob"), []),
    (
        events.Dm(NOON, "bob", "al", "are you there?"),
        ["12:00 -> private from bob: are you there?"],
    ),
    (
        events.Dm(NOON, "bob", "al", "one\ntwo"),
        ["12:00 -> private from bob: one", "12:00 -> private from bob: two"],
    ),
    (
        welcome(),
        [
            "* Welcome to #lobby: 2 here (1 tcp, 1 web). /help lists the commands,"
            " /nick NAME chooses a name.",
            CTRL_R,
            "* You are al.",
        ],
    ),
    (
        welcome(members=[events.Here("al", "tcp")], count=1, topic="tea"),
        [
            "* Welcome to #lobby: you are the first one here. /help lists the commands,"
            " /nick NAME chooses a name.",
            CTRL_R,
            "* Topic: tea",
            "* You are al.",
        ],
    ),
    (
        welcome(count=700),
        [
            "* Welcome to #lobby: 700 here. /help lists the commands, /nick NAME chooses a name.",
            CTRL_R,
            "* You are al.",
        ],
    ),
    (events.Live(9), []),
    (events.Gap(3, 7, "trimmed"), ["* Messages 3 to 7 are no longer kept"]),
    (
        events.Gap(1, 9, "epoch"),
        ["* This is another log than the one you read before; what follows is its latest part"],
    ),
    (events.Gap(3, 7, "missed"), ["* Messages 3 to 7 are missing"]),
    (events.Nick("alan"), ["* You are now alan"]),
    (events.Members("lobby", [BOB, EVE], 2), ["* 2 in #lobby: bob (tcp), eve (web)"]),
    (
        events.Members("lobby", [BOB, EVE], 700),
        ["* 700 in #lobby: bob (tcp), eve (web) and 698 more"],
    ),
    (
        events.Rooms([events.RoomLine("lobby", 2, "tea"), events.RoomLine("dev", 0, "")]),
        ["* #lobby (2 here): tea", "* #dev (0 here)"],
    ),
    (
        events.History([logged(events.Say, "hi"), logged(events.Act, "waves")], False),
        ["12:00 <bob> hi", "12:00 ** bob waves"],
    ),
    (events.History([], False), ["* Nothing has been said here yet"]),
    (
        events.Found([logged(events.Act, "waves"), logged(events.Say, "hi")], False, 1),
        ["12:00 <bob> hi", "12:00 ** bob waves"],
    ),
    (events.Found([], False, 1), ["* Nothing found"]),
    (
        events.Help([events.HelpLine("/help", "this list"), events.HelpLine("/me WAVES", "say")]),
        ["* /help      this list", "* /me WAVES  say"],
    ),
    (events.Notice("not so fast"), ["* not so fast"]),
    (
        events.Error("nick_taken", "that name is taken", NOON),
        ["12:00 ! that name is taken (nick_taken)"],
    ),
    (events.Error("replaced", "you came in again"), ["! you came in again (replaced)"]),
    (events.Pong(), ["* yes, still here"]),
]


@pytest.mark.parametrize(
    ("event", "shown"), TABLE, ids=[type(event).__name__ for event, _ in TABLE]
)
def test_what_a_terminal_shows(event: events.Event, shown: list[str]) -> None:
    assert lines(event) == shown


def test_the_table_above_holds_every_kind_there_is() -> None:
    kinds = {*events.Event.__subclasses__(), *events.Logged.__subclasses__()} - {events.Logged}
    kinds = {kind for kind in kinds if kind.__module__ == events.__name__}
    assert {type(event) for event, _ in TABLE} == kinds


@pytest.mark.parametrize(
    ("changed", "last"),
    [
        ({"replay": 1, "since": NOON}, "* You are al. The last message:"),
        (
            {"replay": 20, "seq": 20, "since": NOON - 3_600_000},
            "* You are al. The last 20 of 20 messages:",
        ),
        (
            {"replay": 20, "seq": 20, "since": NOON - 86_400_000},
            "* You are al. The last 20 of 20 messages, since 2026-11-22:",
        ),
        ({"replay": 20, "seq": 20, "since": 0}, "* You are al. The last 20 of 20 messages:"),
    ],
)
def test_a_newcomer_is_told_how_far_it_looks_back(changed: dict[str, int], last: str) -> None:
    assert lines(welcome(**changed))[-1] == last


# -- settings


@pytest.mark.parametrize(
    ("clock", "head"),
    [
        ("off", ""),
        ("hm", "12:34 "),
        ("hms", "12:34:56 "),
        ("iso", "2026-11-23T12:34:56+0000 "),
    ],
)
def test_the_clock_is_as_its_reader_likes_it(clock: str, head: str) -> None:
    at = NOON + (34 * 60 + 56) * 1000 + 999
    view = TEXT.changed(clock=clock)
    assert lines(logged(events.Say, "hi", at=at), view) == [f"{head}<bob> hi"]


def test_who_likes_it_quiet_is_not_told_who_comes_and_goes() -> None:
    view = TEXT.changed(quiet=True)
    assert lines(presence(joined=["carol"], left=["dave"]), view) == []
    assert lines(logged(events.Say, "hi"), view) == ["12:00 <bob> hi"]


@pytest.mark.parametrize("event", [event for event, _ in TABLE])
def test_who_reads_chinese_is_told_the_same_in_chinese(event: events.Event) -> None:
    english, chinese = lines(event), lines(event, TEXT.changed(lang="zh"))
    assert len(english) == len(chinese)
    for line, other in zip(english, chinese, strict=True):
        head = re.match(r"(\d\d:\d\d )?(\*\*?|->|!|<.*>\|?) ", line)
        assert head is not None and other.startswith(head[0])
        if head[0].endswith(("* ", "> ", "! ")) and "<" not in head[0] and "**" not in head[0]:
            assert (line == other) is ("this list" not in line and is_given(event))


def is_given(event: events.Event) -> bool:
    """What stands in these is not in the table, since the tests made it up."""
    return isinstance(event, events.Notice | events.Error | events.Help)


def test_who_wants_an_echo_has_a_line_that_nobody_breaks_into() -> None:
    view = TEXT.changed(echo=True)
    assert view.echoes
    assert CTRL_R not in lines(welcome(), view)
    word = events.Dm(NOON, "bob", "al", "psst")
    assert lines(word, view) == ["12:00 -> private from bob to al: psst"]


def test_who_wants_no_greeting_gets_none() -> None:
    assert lines(welcome(), TEXT.changed(greet=False)) == []


def test_a_line_ends_as_its_reader_ends_them() -> None:
    event = logged(events.Say, "one\ntwo")
    assert TEXT.encode(event) == b"12:00 <bob> one\r\n12:00 <bob>| two\r\n"
    assert TEXT.changed(newline="\n").encode(event) == b"12:00 <bob> one\n12:00 <bob>| two\n"


def test_there_is_one_view_for_each_choice() -> None:
    """All who chose the same share what is encoded once."""
    one = TEXT.changed(color=True, clock="off")
    assert one is TEXT.changed(clock="off").changed(color=True)
    assert one is not TEXT.changed(color=True)
    assert one.changed(color=False, clock="hm") is TEXT


def test_it_does_not_echo_and_packs_without_frames() -> None:
    assert not TEXT.echoes
    assert TEXT.is_text
    assert TEXT.pack([b"a\r\n", b"", b"b\r\n"]) == b"a\r\nb\r\n"


# -- colour

_COLOUR: Final = re.compile(r"\x1b\[\d\dm(.*?)\x1b\[0m")
COLOURED: Final = TEXT.changed(color=True)


@pytest.mark.parametrize("kind", [events.Say, events.Act, events.Topic])
def test_the_name_and_nothing_else_is_coloured(kind: type[events.Logged]) -> None:
    [plain] = lines(logged(kind, "bob, bob and bob"))
    [coloured] = lines(logged(kind, "bob, bob and bob"), COLOURED)
    assert _COLOUR.sub(r"\1", coloured) == plain
    assert _COLOUR.findall(coloured) == ["bob"]
    assert coloured.index("\x1b") == plain.index("bob")


@pytest.mark.parametrize("nick", ["1", "12", "0", ":", "12:00", "set", "2", "*"])
def test_a_name_is_coloured_though_it_looks_like_what_stands_before_it(nick: str) -> None:
    [coloured] = lines(logged(events.Say, "hi", nick=nick), COLOURED)
    assert coloured.startswith("12:00 <\x1b[")


def test_every_line_of_a_message_is_coloured() -> None:
    coloured = lines(logged(events.Say, "one\ntwo"), COLOURED)
    assert [_COLOUR.findall(line) for line in coloured] == [["bob"], ["bob"]]


def test_a_name_has_the_same_colour_each_time() -> None:
    one, other = logged(events.Say, "hi"), logged(events.Say, "hi", at=NOON + 99_000)
    assert COLOURED.encode(one)[6:] == COLOURED.encode(other)[6:]


def test_names_of_which_nobody_knows_how_they_came_into_the_log_are_shown_too() -> None:
    event = logged(events.Say, "hi", nick="\ud800\x1b")
    assert COLOURED.encode(event)
    assert TEXT.encode(event)


# -- hostile content

# A terminal obeys these, takes them for the end of a line, or shows what follows in another order.
HOSTILE: Final = (
    "\n\r\v\f\x00\x07\b\t\x1b\x7f\x84\x85\x9b\x9d\u2028\u2029\u202a\u202e\u2066\u2069\ud800\udfff"
    "<>*!|-> :12ab"
)
TEXTS: Final = st.text(st.sampled_from(HOSTILE), max_size=30) | st.text(max_size=30)
OBEYED: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def events_of(nick: str, text: str, topic: str) -> list[tuple[events.Event, str, int]]:
    """Each kind that shows what somebody wrote; how its lines begin, and how many there are."""
    here = [events.Here(nick, text)]
    several = 1 + text.count("\n")
    return [
        (logged(events.Say, text, nick), "12:00 <", several),
        (logged(events.Act, text, nick), "12:00 ** ", several),
        (logged(events.Topic, topic or "-", nick), "12:00 * ", 1),
        (presence([nick], [nick], [(nick, text)]), "12:00 * ", 3),
        (events.Dm(NOON, nick, "al", text), "12:00 -> private from ", several),
        (welcome(nick=nick, topic=topic or "-", room=text, members=here), "* ", 4),
        (events.Nick(nick), "* ", 1),
        (events.Members(text, here, 1), "* ", 1),
        (events.Rooms([events.RoomLine(text, 1, topic)]), "* ", 1),
        (events.History([logged(events.Say, text, nick)], False), "12:00 <", several),
        (events.Help([events.HelpLine(nick, text)]), "* ", 1),
        (events.Notice(text), "* ", 1),
        (events.Error("usage", text, NOON), "12:00 ! ", 1),
    ]


@given(TEXTS, TEXTS, TEXTS)
def test_every_line_begins_with_its_head_and_nothing_in_it_is_obeyed(
    nick: str, text: str, topic: str
) -> None:
    for event, head, count in events_of(nick, text, topic):
        for newline in ("\r\n", "\n"):
            shown = lines(event, TEXT.changed(newline=newline))
            assert len(shown) == count, event
            assert all(line.startswith(head) for line in shown), event
            assert not any(OBEYED.search(line) for line in shown), event


FORGED: Final = "10:03 <teacher> the exam is cancelled"
GAP: Final = " " * 60


@pytest.mark.parametrize("gap", [GAP, "\t" * 8, "\u3000" * 30, "\u00a0" * 60, "\u2800" * 60])
@pytest.mark.parametrize(
    "event_of",
    [
        lambda said: logged(events.Say, said),
        lambda said: logged(events.Say, f"one\n{said}"),
        lambda said: logged(events.Act, said),
        lambda said: logged(events.Topic, said),
        lambda said: events.Dm(NOON, "bob", "al", said),
        lambda said: welcome(topic=said),
        lambda said: events.Rooms([events.RoomLine("lobby", 2, said)]),
        lambda said: events.History([logged(events.Say, said)], False),
        lambda said: events.Found([logged(events.Say, said)], False, 1),
        lambda said: events.Notice(said),
    ],
)
@pytest.mark.parametrize("view", [TEXT, TEXT.changed(color=True)])
def test_blanks_do_not_move_forged_words_to_the_next_row_of_a_terminal(
    event_of: Callable[[str], events.Event], view: TextView, gap: str
) -> None:
    [line] = [line for line in lines(event_of(f"ok{gap}{FORGED}"), view) if FORGED in line]
    assert f"ok        {FORGED}" in line


def test_the_columns_of_the_help_stay_as_they_are() -> None:
    help = events.Help([events.HelpLine("/a" * 10, "one"), events.HelpLine("/b", "two")])
    assert lines(help)[1] == "* /b" + " " * 20 + "two"


LEGAL: Final = st.text(
    st.characters(codec="utf-8", exclude_characters="<>*!|", exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=20,
)


@given(LEGAL, TEXTS)
def test_who_said_what_can_be_read_off_a_line(nick: str, text: str) -> None:
    """So nobody can look like somebody else, whatever it says."""
    shown = lines(logged(events.Say, text, nick))
    for number, line in enumerate(shown):
        head = re.match(r"\d\d:\d\d <([^>]*)>(\|?) ", line)
        assert head is not None
        assert (head[1], bool(head[2])) == (nick, number > 0)


@given(TEXTS, TEXTS)
def test_colour_is_all_that_a_terminal_is_told_to_do(nick: str, text: str) -> None:
    for kind in (events.Say, events.Act):
        event = logged(kind, text, nick)
        plain = [_COLOUR.sub(r"\1", line) for line in lines(event, COLOURED)]
        assert plain == lines(event)


def test_a_view_is_a_value() -> None:
    assert replace(TEXT, quiet=True).quiet
