"""The contract of `tcp_room.logs.port`, to be run through every engine.

An engine's tests subclass `LogContract` and give it the fixture `engine`. An engine that answers
later overrides `wait`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tcp_room.events import Act, Logged, Say, Topic
from tcp_room.logs.port import Draft, Engine, Log, Outcome, Page, Record, number, stamp
from tests.fakes import RemoteEngine

NOON = 1_795_435_200_000
YEAR = 31_536_000_000
SAID = [
    "hi",
    "two\nlines",
    "  leading blanks",
    "你好，世界 👩‍👩‍👧",
    "'; drop table events; --",
    '{"kind":"say"}',
    "%s {0} \\n",
    "x" * 4096,
    "é" * 2048,
]


def draft(
    text: str = "hi", *, kind: type[Logged] = Say, author: str = "a", id: str | None = None
) -> Draft:
    return Draft(kind, text, "al", "tcp", author, id, by=object())


class Listener:
    """A room that only listens."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.others: list[Record] = []
        self.pages: list[Page] = []

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes.extend(outcomes)

    def arrived(self, records: Sequence[Record]) -> None:
        self.others.extend(records)

    @property
    def records(self) -> list[Record]:
        """The outcomes, of which none was a refusal."""
        assert all(isinstance(outcome, Record) for outcome in self.outcomes), self.outcomes
        return [outcome for outcome in self.outcomes if isinstance(outcome, Record)]

    @property
    def seqs(self) -> list[int]:
        return [record.event.seq for record in self.records]


class LogContract:
    @pytest.fixture
    def engine(self) -> Engine:
        raise NotImplementedError

    @pytest.fixture
    def room(self) -> Listener:
        return Listener()

    @pytest.fixture
    def log(self, engine: Engine, room: Listener) -> Log:
        return engine.open("lobby", room)

    def wait(self, engine: Engine, ready: Callable[[], bool]) -> None:
        """Until it is so: an engine in this process has answered already."""
        assert ready()

    def append(
        self, engine: Engine, log: Log, room: Listener, *drafts: Draft, at: int = NOON
    ) -> list[Record]:
        """Appends together; returns what became of these."""
        before = len(room.outcomes)
        log.append(drafts, at)
        self.wait(engine, lambda: len(room.outcomes) == before + len(drafts))
        return room.records[before:]

    def read(self, engine: Engine, log: Log, after: int, limit: int) -> list[Record]:
        pages: list[Page] = []
        log.read(after, limit, pages.append)
        self.wait(engine, lambda: len(pages) == 1)
        assert isinstance(pages[0], Sequence)
        return list(pages[0])

    # -- a new log

    def test_a_new_log_is_empty(self, engine: Engine, log: Log) -> None:
        assert (log.first, log.head, log.topic) == (1, 0, "")
        assert self.read(engine, log, 0, 10) == []

    def test_it_has_a_name_of_its_own(self, log: Log) -> None:
        assert log.epoch

    # -- appending

    def test_seqs_count_from_one_without_a_gap(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft(), draft(), draft())
        assert log.head == 3
        self.append(engine, log, room, draft())
        self.append(engine, log, room, draft(), draft())
        assert room.seqs == [1, 2, 3, 4, 5, 6]
        assert (log.first, log.head) == (1, 6)

    def test_an_event_is_what_was_asked_for(self, engine: Engine, log: Log, room: Listener) -> None:
        self.append(
            engine,
            log,
            room,
            draft("hi", id="x"),
            draft("waves", kind=Act, author="b"),
            draft("tea", kind=Topic),
        )
        assert room.records == [
            Record(Say(1, "x", NOON, "al", "tcp", "hi"), "a"),
            Record(Act(2, None, NOON, "al", "tcp", "waves"), "b"),
            Record(Topic(3, None, NOON, "al", "tcp", "tea"), "a"),
        ]

    def test_outcomes_come_in_the_order_of_the_drafts(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        texts = [f"{number}" for number in range(200)]
        self.append(engine, log, room, *map(draft, texts))
        assert [record.event.text for record in room.records] == texts

    def test_own_events_do_not_arrive_a_second_time(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft(), draft())
        assert room.others == []

    def test_a_small_step_of_the_clock_is_not_followed_backwards(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        for at in (NOON, NOON - 59_999, NOON + 5, NOON + 4):
            self.append(engine, log, room, draft(), at=at)
        assert [record.event.at - NOON for record in room.records] == [0, 0, 5, 5]

    def test_a_clock_that_was_wrong_by_much_is_followed(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        for at in (NOON, NOON + YEAR, NOON, NOON + 1):
            self.append(engine, log, room, draft(), at=at)
        assert [record.event.at - NOON for record in room.records] == [0, YEAR, 0, 1]

    @pytest.mark.parametrize("text", SAID, ids=lambda text: str(text)[:12])
    def test_text_is_kept_as_it_is(
        self, engine: Engine, log: Log, room: Listener, text: str
    ) -> None:
        [record] = self.append(engine, log, room, draft(text))
        assert record.event.text == text
        assert self.read(engine, log, 0, 1) == [record]

    # -- ids

    def test_a_known_id_is_answered_with_the_first_time(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        first = self.append(engine, log, room, draft("hi", id="x"), draft("ho"))
        again = self.append(engine, log, room, draft("other words", id="x"), at=NOON + 9)
        assert again == first[:1]
        assert log.head == 2

    def test_an_id_is_known_within_the_same_commit(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        got = self.append(
            engine, log, room, draft("one", id="x"), draft("two"), draft("one", id="x"), draft("3")
        )
        assert [record.event.seq for record in got] == [1, 2, 1, 3]
        assert log.head == 3

    def test_ids_of_different_authors_have_nothing_to_do_with_each_other(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft("hi", id="x"), draft("ho", id="x", author="b"))
        self.append(engine, log, room, draft("hi", id="x", author="c"))
        assert room.seqs == [1, 2, 3]

    def test_without_an_id_the_same_words_are_said_twice(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft(), draft())
        assert log.head == 2

    def test_a_new_event_has_the_next_seq_after_a_known_id(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft(id="x"))
        self.append(engine, log, room, draft(id="x"))
        self.append(engine, log, room, draft(id="y"))
        assert room.seqs == [1, 1, 2]

    # -- reading

    def test_a_read_gives_what_follows_and_who_wrote_it(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        said = self.append(engine, log, room, *[draft(author=author) for author in "abcdef"])
        assert self.read(engine, log, 0, 100) == said
        assert self.read(engine, log, 2, 3) == said[2:5]
        assert self.read(engine, log, 5, 3) == said[5:]

    def test_there_is_nothing_behind_the_end(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft())
        assert self.read(engine, log, 1, 10) == []
        assert self.read(engine, log, 2**53, 10) == []
        assert self.read(engine, log, 0, 0) == []

    # -- the topic

    def test_the_topic_is_the_last_one_set(self, engine: Engine, log: Log, room: Listener) -> None:
        self.append(engine, log, room, draft("tea", kind=Topic), draft("coffee", kind=Topic))
        self.append(engine, log, room, draft("not this"))
        assert log.topic == "coffee"
        self.append(engine, log, room, draft("", kind=Topic))
        assert log.topic == ""

    # -- rooms

    def test_rooms_know_nothing_of_each_other(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        other_room = Listener()
        other = engine.open("dev", other_room)
        self.append(engine, log, room, draft(id="x"), draft("tea", kind=Topic))
        [record] = self.append(engine, other, other_room, draft(id="x"))
        assert record.event.seq == 1
        assert other.topic == ""
        assert self.read(engine, other, 0, 10) == [record]

    def test_an_engine_lists_the_rooms_that_were_spoken_in(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft())
        assert dict(engine.rooms(10)) == {"lobby": ""}
        assert engine.holds("lobby")
        assert not engine.holds("3班")

    def test_the_rooms_spoken_in_most_recently_come_first(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        rooms = {name: Listener() for name in ("a", "b", "c", "d")}
        logs = {name: engine.open(name, rooms[name]) for name in rooms}
        for at, name in enumerate("abcda", start=NOON):
            self.append(engine, logs[name], rooms[name], draft(), at=at)
        assert list(engine.rooms(10)) == ["a", "d", "c", "b"]
        assert list(engine.rooms(2)) == ["a", "d"]
        logs["d"].close()
        assert list(engine.rooms(2)) == ["a", "d"]

    def test_a_log_in_order_has_no_trouble(self, engine: Engine) -> None:
        assert engine.trouble == ""

    def test_a_room_that_was_never_spoken_in_can_be_closed_and_opened_again(
        self, engine: Engine
    ) -> None:
        engine.open("dev", Listener()).close()
        assert engine.open("dev", Listener()).head == 0

    # -- closed and opened again

    def reopened(self, engine: Engine, log: Log) -> tuple[Log, Listener]:
        log.close()
        room = Listener()
        return engine.open("lobby", room), room

    def test_a_log_is_as_it_was_left(self, engine: Engine, log: Log, room: Listener) -> None:
        said = self.append(engine, log, room, draft(), draft("tea", kind=Topic), draft())
        again, _ = self.reopened(engine, log)
        assert (again.epoch, again.first, again.head) == (log.epoch, 1, 3)
        assert again.topic == "tea"
        assert self.read(engine, again, 0, 10) == said

    def test_it_goes_on_where_it_stopped(self, engine: Engine, log: Log, room: Listener) -> None:
        self.append(engine, log, room, draft(), draft())
        again, again_room = self.reopened(engine, log)
        [record] = self.append(engine, again, again_room, draft())
        assert record.event.seq == 3

    def test_ids_are_known_again(self, engine: Engine, log: Log, room: Listener) -> None:
        said = self.append(engine, log, room, draft("hi", id="x"))
        again, again_room = self.reopened(engine, log)
        assert self.append(engine, again, again_room, draft("ho", id="x")) == said

    def test_time_takes_no_small_step_back_over_the_years(
        self, engine: Engine, log: Log, room: Listener
    ) -> None:
        self.append(engine, log, room, draft(), at=NOON)
        again, again_room = self.reopened(engine, log)
        [record] = self.append(engine, again, again_room, draft(), at=NOON - 1)
        assert record.event.at >= NOON


class TestRemoteFake(LogContract):
    """The fake that stands for engines on other machines is held to the contract too."""

    @pytest.fixture
    def engine(self) -> RemoteEngine:
        return RemoteEngine()

    def wait(self, engine: Engine, ready: Callable[[], bool]) -> None:
        assert isinstance(engine, RemoteEngine)
        for log in engine.logs.values():
            log.settle()
            log.answer()
        assert ready()


def test_an_engine_that_numbers_itself_makes_a_record_of_a_draft() -> None:
    assert number(draft("waves", kind=Act, id="x"), 7, 5) == Record(
        Act(seq=7, id="x", at=5, nick="al", door="tcp", text="waves"),
        "a",
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [(5, 5), (0, 0), (-1, 0), (-59_999, 0), (-60_000, -60_000), (-YEAR, -YEAR), (YEAR, YEAR)],
)
def test_an_event_is_stamped_by_the_clock_unless_that_steps_back_a_little(
    now: int, expected: int
) -> None:
    assert stamp(NOON, NOON + now) == NOON + expected
