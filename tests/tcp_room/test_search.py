"""Searching a log: what is found, how far back, and who waits meanwhile."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tcp_room.session import Session
from tcp_room.views import JSON
from tests.fakes import FaultyEngine, House, RecordingOutlet, RemoteEngine, sent, typed

SAID = ["Good morning", "早上好，小明", "a GOOD idea", "１００ good morning people", "bye"]


def told(house: House, words: str = "good", **config: Any) -> tuple[Session, RecordingOutlet]:
    """A program in a house where some things were said."""
    al, sees = house.enter("al", JSON)
    for text in SAID:
        sent(al, "say", text=text)
    house.loop.settle()
    sees.forget()
    return al, sees


def found(house: House, al: Session, sees: RecordingOutlet, **query: Any) -> dict[str, Any]:
    sees.forget()
    sent(al, "search", id="x", **query)
    house.loop.settle()
    [answer] = sees.events
    assert (answer["kind"], answer["id"]) == ("found", "x")
    return answer


@pytest.mark.parametrize(
    ("text", "seqs"),
    [
        ("good", [4, 3, 1]),
        ("MORNING good", [4, 1]),
        ("小明", [2]),
        ("100", [4]),
        ("al", [5, 4, 3, 2, 1]),  # who said it counts too
        ("nothing", []),
        ("", []),
        ("  ", []),
    ],
)
def test_all_words_must_be_there_in_any_case_and_width(text: str, seqs: list[int]) -> None:
    house = House()
    answer = found(house, *told(house), text=text)
    assert [event["seq"] for event in answer["events"]] == seqs
    assert answer["more"] is False


def test_a_search_goes_on_where_it_stopped() -> None:
    house = House()
    al, sees = told(house)
    first = found(house, al, sees, text="good", limit=1)
    assert ([event["seq"] for event in first["events"]], first["more"]) == ([4], True)
    second = found(house, al, sees, text="good", limit=5, before=first["before"])
    assert ([event["seq"] for event in second["events"]], second["more"]) == ([3, 1], False)


def test_what_is_read_through_at_once_is_bounded() -> None:
    house = House(search_events=2, search_page_events=1)
    al, sees = told(house)
    seqs: list[int] = []
    before, asked, more = None, 0, True
    while more:
        answer = found(
            house, al, sees, text="good", **({} if before is None else {"before": before})
        )
        seqs += [event["seq"] for event in answer["events"]]
        before, more = answer["before"], answer["more"]
        asked += 1
    assert (seqs, asked) == ([4, 3, 1], 3)


def test_each_page_is_a_turn_of_its_own() -> None:
    house = House(engine := RemoteEngine(), search_page_events=2)
    al, sees = house.enter("al", JSON)
    for text in SAID:
        sent(al, "say", text=text)
    house.loop.settle()
    log = engine.logs["lobby"]
    log.settle()
    house.loop.settle()
    log.unread.clear()
    sees.forget()
    sent(al, "search", text="good")
    for after in (3, 1, 0):
        house.loop.settle()
        assert [read[0] for read in log.unread] == [after]
        log.answer()
    house.loop.settle()
    assert [event["seq"] for event in sees.events[0]["events"]] == [4, 3, 1]


def test_a_log_that_cannot_be_read_is_said() -> None:
    engine = FaultyEngine()
    house = House(engine)
    al, sees = told(house)
    engine.unreadable = True
    sent(al, "search", text="good", id="x")
    house.loop.settle()
    assert [(event["code"], event["id"]) for event in sees.events] == [("storage", "x")]


def test_a_terminal_is_shown_the_oldest_first() -> None:
    house = House()
    told(house)
    bob, sees = house.enter("bob")
    sees.forget()
    typed(bob, "/search good")
    house.loop.settle()
    assert sees.lines == [
        "12:00 <al> Good morning",
        "12:00 <al> a GOOD idea",
        "12:00 <al> １００ good morning people",
    ]


# -- what it costs the others


def test_the_house_reads_one_page_in_a_turn_however_many_search() -> None:
    house = House(engine := RemoteEngine(), search_page_events=2)
    members = [house.enter(f"n{number}", JSON)[0] for number in range(5)]
    log = engine.logs["lobby"]
    log.arrive(*SAID)
    house.loop.settle()
    log.unread.clear()
    for member in members:
        sent(member, "search", text="good")
    pages = []
    for _ in range(5):
        house.loop.turn()
        pages.append(len(log.unread))
    assert pages == [1, 2, 3, 4, 5]


def test_a_new_search_ends_the_one_before_which_answers_with_what_it_found() -> None:
    house = House(search_page_events=1)
    al, sees = told(house)
    sent(al, "search", text="good", id="first")
    for _ in range(2):
        house.loop.turn()
    sent(al, "search", text="bye", id="second")
    house.loop.settle()
    answers = {event["id"]: event for event in sees.events if event["kind"] == "found"}
    assert [event["seq"] for event in answers["first"]["events"]] == [4]
    assert answers["first"]["more"]
    assert [event["seq"] for event in answers["second"]["events"]] == [5]


def test_a_search_ends_when_its_asker_leaves() -> None:
    house = House(engine := RemoteEngine(), search_page_events=1)
    al, _ = house.enter("al", JSON)
    house.enter("bob")
    log = engine.logs["lobby"]
    log.arrive(*SAID)
    house.loop.settle()
    log.unread.clear()
    sent(al, "search", text="good")
    house.loop.turn()
    al.lost()
    log.answer()
    house.loop.settle()
    assert not log.unread


def test_looking_through_a_page_ends_when_its_time_is_up_and_goes_on() -> None:
    house = House(search_slice_s=0.5)
    al, sees = told(house)
    looked: list[int] = []

    def slow() -> float:
        looked.append(house.loop.turns)
        return float(len(looked))

    house.loop.time = slow  # type: ignore[method-assign]
    sent(al, "search", text="good", id="x")
    for _ in range(20):
        house.loop.turn()
    [answer] = [event for event in sees.events if event["kind"] == "found"]
    assert [event["seq"] for event in answer["events"]] == [4, 3, 1]
    assert len(set(looked)) >= len(SAID)


def test_a_page_is_looked_through_before_the_next_search_reads_one() -> None:
    """Pages may be large: one is in memory, however many people search."""
    house = House(engine := RemoteEngine(), search_slice_s=0.5)
    al, bob = (house.enter(nick, JSON)[0] for nick in ("al", "bob"))
    log = engine.logs["lobby"]
    log.arrive(*SAID)
    house.loop.settle()
    log.unread.clear()
    ticks = count()
    house.loop.time = lambda: float(next(ticks))  # type: ignore[method-assign]
    for member in (al, bob):
        sent(member, "search", text="good")
    house.loop.turn()
    log.answer()  # a slice ends after each event
    for _ in SAID[1:]:
        assert not log.unread
        house.loop.turn()
    house.loop.turn()
    assert len(log.unread) == 1


def test_what_cannot_be_read_is_counted() -> None:
    house = House(engine := RemoteEngine())
    al, sees = house.enter("al", JSON)
    log = engine.logs["lobby"]
    log.arrive(*SAID)
    house.loop.settle()
    log.lost = {2, 3}
    sent(al, "search", text="good")
    house.loop.settle()
    log.answer()
    house.loop.settle()
    [answer] = [event for event in sees.events if event["kind"] == "found"]
    assert [event["seq"] for event in answer["events"]] == [4, 1]
    assert answer["lost"] == 2


def test_a_query_has_so_many_characters_and_no_more() -> None:
    house = House(search_chars=10)
    al, sees = house.enter("al", JSON)
    sent(al, "command", line="/search " + "x" * 11, id="a")
    sent(al, "command", line="/search " + "x" * 10, id="b")
    house.loop.settle()
    assert [(event["kind"], event["id"]) for event in sees.events] == [
        ("error", "a"),
        ("found", "b"),
    ]
