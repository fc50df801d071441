"""Whatever happens in whatever order: every member reads the log, whole, in order and once.

A state machine comes, goes, says, repeats, stalls and turns the loop at random, in a room with
limits so small that all of them are met. Each reader keeps account of what it is written: see
`Reader.check`. At the end everybody drains, and must be level and know who is here.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tcp_room.events import Presence
from tcp_room.logs.memory import MemoryEngine, MemoryLog
from tcp_room.logs.port import Draft, Outcome, Record, Sink
from tcp_room.member import Condition
from tcp_room.room import Room
from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON, View
from tests.fakes import House, RecordingOutlet, RemoteEngine, apply_presence, sent, typed

LOGGED: Final = ("say", "act", "topic")
INDEX: Final = st.integers(0, 9)
TINY: Final = {
    "window_events": 3,
    "memory_events": 8,
    "page_events": 2,
    "page_bytes": 300,
    "slice_members": 2,
    "slice_pages": 1,
    "turn_messages": 3,
    "turn_bytes": 12,
    "text_history_events": 2,
    "json_history_events": 3,
    "backlog_bytes": 300,
}
# A line of the text view that shows an event of the log, and what it says.
_SHOWN: Final = re.compile(r"\S+ (?:<[^>]+>|\*\* \S+|\* \S+ set the topic:) (m\d+)")
_GAP: Final = re.compile(r"\* Messages (\d+) to (\d+) are (no longer kept|lost).*")


class RememberingEngine(MemoryEngine):
    """A memory engine that lets go of events, but knows what there was."""

    def __init__(self) -> None:
        super().__init__("e1", TINY["memory_events"])
        self.logs: dict[str, _RememberingLog] = {}

    def open(self, room: str, sink: Sink) -> MemoryLog:
        log = self.logs.setdefault(room, _RememberingLog("e1", TINY["memory_events"], lambda: None))
        log.sink = sink
        return log


class _RememberingLog(MemoryLog):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.all: list[Record] = []

    def _keep_one(self, draft: Draft) -> Outcome:
        outcome = super()._keep_one(draft)
        assert isinstance(outcome, Record)
        if outcome.event.seq > len(self.all):
            self.all.append(outcome)
        return outcome


class StrictOutlet(RecordingOutlet):
    """Its owner must not be written to while it is full."""

    def write(self, data: bytes, /) -> None:
        assert self.member is not None
        assert not self.member.full, "written to although it is full"
        super().write(data)


class Reader:
    """One connection, and what it knows from all that it was written."""

    def __init__(self, session: Session, outlet: RecordingOutlet, cursor: int) -> None:
        self.session = session
        self.outlet = outlet
        self.cursor = cursor  # of the log, everything up to here was read or is accounted for
        self.lost: set[int] = set()  # what the log cannot read
        self.secret = ""  # what ties its connections together
        self.here: dict[str, str] = {}
        self.repeated: Counter[str] = Counter()  # ids that were sent more than once
        self.unanswered: set[str] = set()
        self.is_elsewhere = False
        self._read = 0  # bytes

    @property
    def is_person(self) -> bool:
        return self.session.member.view.is_text

    def check(self, log: Sequence[Record], first: int) -> None:
        """What was written since the last time is what comes next in the log."""
        new = self.outlet.bytes[self._read :]
        self._read += len(new)
        for line in new.decode().splitlines():
            if line.startswith("{"):
                self._check_event(msgspec.json.decode(line), log, first)
            else:
                self._check_line(line, log, first)

    def _check_event(self, event: dict[str, Any], log: Sequence[Record], first: int) -> None:
        kind = event["kind"]
        if kind == "welcome":
            self.is_elsewhere = event["room"] != "lobby"
        if self.is_elsewhere:
            assert kind not in LOGGED
        elif kind in LOGGED:
            self.unanswered.discard(event["id"])
            self._check_logged(event, log)
        elif kind == "gap":
            self._check_gap(event["from"], event["to"], first, is_lost=event["reason"] == "lost")
            self.unanswered -= {record.event.id or "" for record in log[: self.cursor]}
        elif kind == "welcome":
            assert event["seq"] - event["replay"] == self.cursor
            self.here = {who["nick"]: who["door"] for who in event["members"]}
        elif kind == "live":
            assert event["seq"] == self.cursor
        elif kind == "members":
            self.here = {who["nick"]: who["door"] for who in event["members"]}
        elif kind == "presence":
            self.here = apply_presence(self.here, msgspec.convert(event, Presence))
        elif kind == "error":
            assert event["code"] in ("storage", "unknown")
            self.unanswered.discard(event["id"])

    def _check_logged(self, event: dict[str, Any], log: Sequence[Record]) -> None:
        seq = event["seq"]
        assert seq <= len(log), "shown before the log has it"
        assert event == msgspec.to_builtins(log[seq - 1].event)
        if seq == self.cursor + 1:
            self.cursor = seq
        else:
            assert seq <= self.cursor, f"{seq} comes after {self.cursor}"
            assert self.repeated[event["id"]], "told twice, though it was not asked for"
            self.repeated[event["id"]] -= 1

    def _check_line(self, line: str, log: Sequence[Record], first: int) -> None:
        assert self.is_person or self.is_answer(line), line
        if gap := _GAP.fullmatch(line):
            start, end = int(gap[1]), int(gap[2])
            self.pass_own(log[: start - 1])
            self._check_gap(start, end, first, is_lost=gap[3] == "lost")
        elif shown := _SHOWN.fullmatch(line):
            self.pass_own(log)
            self.cursor += 1
            assert log[self.cursor - 1].event.text == shown[1]

    def is_answer(self, line: str) -> bool:
        """Asked for as a person, but only written when its socket had drained."""
        return not (_GAP.fullmatch(line) or _SHOWN.fullmatch(line))

    def _check_gap(self, start: int, end: int, first: int, *, is_lost: bool) -> None:
        assert start == self.cursor + 1 <= end, "a gap where there is none"
        if is_lost:
            assert self.lost.issuperset(range(start, end + 1)), "it can be read"
        else:
            assert end < first, "it is still kept"
        self.cursor = end

    def pass_own(self, log: Sequence[Record]) -> None:
        """A person's own lines are not sent to it."""
        author = self.session.member.author
        while self.is_person and self.cursor < len(log) and log[self.cursor].author == author:
            self.cursor += 1


class RoomMachine(RuleBasedStateMachine):
    """With the memory engine, which answers at once and trims."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = RememberingEngine()
        self.start(House(self.engine, **TINY))

    def start(self, house: House) -> None:
        self.house = house
        self.room: Room = house.hall.room("lobby")
        self.readers: list[Reader] = []
        self.gone: list[Reader] = []
        self.names = 0
        self.texts = 0
        self.by_id: dict[str, str] = {}
        self.lost: set[int] = set()
        self.steps = 0

    @initialize(said=st.integers(0, 12), rhythm=st.lists(st.integers(0, 2), min_size=1, max_size=5))
    def some_are_here_and_have_talked(self, said: int, rhythm: list[int]) -> None:
        self.rhythm = rhythm
        for _ in range(2):
            self.a_person_comes(is_small=False)
            self.a_program_comes(is_small=False)
        for number in range(said):
            self._say(self._one(self.readers, number), "say", None)
            self.house.loop.turn()
        self.time_passes()

    # -- what differs between engines

    @property
    def log(self) -> Sequence[Record]:
        return self.engine.logs["lobby"].all

    @property
    def first(self) -> int:
        return self.engine.logs["lobby"].first

    def engine_answers(self) -> None:
        """An engine in this process has done so already."""

    # -- who there is

    @property
    def persons(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.is_person]

    @property
    def programs(self) -> list[Reader]:
        return [reader for reader in self.readers if not reader.is_person]

    def _one(self, readers: list[Reader], which: int) -> Reader:
        return readers[which % len(readers)]

    def _name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def _text(self) -> str:
        self.texts += 1
        return f"m{self.texts}"

    # -- coming and going

    def _come(self, view: View, cursor: int, room_bytes: int) -> Reader:
        outlet = StrictOutlet(room_bytes)
        session = Session(self.house.hall, outlet, door="tcp", view=view)
        outlet.member = session.member
        reader = Reader(session, outlet, cursor)
        reader.lost = self.lost
        self.readers.append(reader)
        return reader

    def _look_back(self, count: int) -> int:
        return max(self.room.head - count, self.first - 1)

    @precondition(lambda self: len(self.readers) < 9)
    @rule(is_small=st.booleans())
    def a_person_comes(self, is_small: bool) -> None:
        reader = self._come(TEXT, self._look_back(2), 400 if is_small else 1 << 30)
        typed(reader.session, f"/nick {self._name()}")

    @precondition(lambda self: len(self.readers) < 9)
    @rule(is_small=st.booleans())
    def a_program_comes(self, is_small: bool) -> None:
        reader = self._come(JSON, self._look_back(3), 900 if is_small else 1 << 30)
        reader.secret = f"the secret of {self._name()}"
        sent(reader.session, "hello", nick=self._name(), session=reader.secret)

    @precondition(lambda self: self.gone)
    @rule(which=INDEX, earlier=st.integers(0, 2))
    def a_program_comes_back_and_repeats_what_was_not_answered(
        self, which: int, earlier: int
    ) -> None:
        old = self.gone.pop(which % len(self.gone))
        reader = self._come(JSON, max(old.cursor - earlier, 0), 1 << 30)
        reader.secret, reader.repeated = old.secret, old.repeated
        hello = {"nick": self._name(), "session": reader.secret}
        sent(reader.session, "hello", **hello, since=reader.cursor, epoch="e1")
        for id in sorted(old.unanswered):
            reader.repeated[id] += 1
            self._say(reader, "say", id)

    @precondition(lambda self: self.readers)
    @rule(which=INDEX)
    def one_leaves(self, which: int) -> None:
        reader = self._one(self.readers, which)
        self.readers.remove(reader)
        reader.session.lost()
        reader.check(self.log, self.first)
        if reader.secret:
            self.gone.append(reader)

    @precondition(lambda self: self.programs)
    @rule(which=INDEX, back=st.integers(0, 3), elsewhere=st.booleans())
    def a_program_reads_again_from_earlier_on(self, which: int, back: int, elsewhere: bool) -> None:
        """With or without a look into another room in between."""
        reader = self._one(self.programs, which)
        if not reader.session.member.full:
            reader.check(self.log, self.first)
            reader.cursor = max(reader.cursor - back, 0)
            if elsewhere:
                sent(reader.session, "join", room="dev")
            sent(reader.session, "join", room="lobby", since=reader.cursor, epoch="e1")

    @precondition(lambda self: len(self.persons) > 1)
    @rule(which=INDEX)
    def a_person_becomes_a_program(self, which: int) -> None:
        reader = self._one(self.persons, which)
        reader.check(self.log, self.first)
        typed(reader.session, "/json")
        # Its cursor may stand behind own lines that were not sent to it.
        reader.cursor = reader.session.member.cursor
        reader.here = {who.nick: who.door for who in self.room.who().members}

    @precondition(lambda self: self.persons)
    @rule(which=INDEX)
    def a_person_changes_its_name(self, which: int) -> None:
        typed(self._one(self.persons, which).session, f"/nick {self._name()}")

    # -- saying

    def _say(self, reader: Reader, kind: str, id: str | None) -> None:
        text = self._text()
        if reader.is_person:
            typed(reader.session, {"say": "", "act": "/me ", "topic": "/topic "}[kind] + text)
        elif id is None:
            sent(reader.session, kind, text=text)
        else:
            reader.unanswered.add(id)
            sent(reader.session, kind, text=self.by_id.setdefault(id, text), id=id)

    @precondition(lambda self: self.readers)
    @rule(which=INDEX, kinds=st.lists(st.sampled_from(LOGGED), min_size=1, max_size=5))
    def one_says(self, which: int, kinds: list[str]) -> None:
        for kind in kinds:
            self._say(self._one(self.readers, which), kind, None)

    @precondition(lambda self: self.programs)
    @rule(which=INDEX, times=st.integers(1, 3), between=st.integers(0, 2))
    def a_program_says_something_and_repeats_it(self, which: int, times: int, between: int) -> None:
        reader = self._one(self.programs, which)
        id = f"id{self.texts}"
        self._say(reader, "say", id)
        for number in range(between):
            self._say(self._one(self.readers, number), "act", None)
        for _ in range(times - 1):
            reader.repeated[id] += 1
            self._say(reader, "say", id)

    @precondition(lambda self: self.programs)
    @rule(which=INDEX, back=st.integers(0, 4))
    def a_program_repeats_what_it_said_before(self, which: int, back: int) -> None:
        reader = self._one(self.programs, which)
        author = reader.session.member.author
        mine = [record.event for record in self.log if record.author == author]
        ids = [event.id for event in mine if event.id]
        if ids:
            id = ids[-1 - back % len(ids)]
            reader.repeated[id] += 1
            self._say(reader, "say", id)

    @precondition(lambda self: self.programs)
    @rule(which=INDEX, kind=st.sampled_from(["typing", "who"]))
    def a_program_types_or_asks_who_is_here(self, which: int, kind: str) -> None:
        sent(self._one(self.programs, which).session, kind)

    # -- time

    @precondition(lambda self: self.readers)
    @rule(which=INDEX)
    def a_socket_fills(self, which: int) -> None:
        self._one(self.readers, which).session.member.full = True

    @precondition(lambda self: any(reader.session.member.full for reader in self.readers))
    @rule()
    def a_socket_drains(self) -> None:
        next(reader for reader in self.readers if reader.session.member.full).outlet.drain()

    @rule()
    def time_passes(self) -> None:
        self.engine_answers()
        self.house.loop.advance(2.0)

    @invariant()
    def everybody_has_read_the_log_in_order(self) -> None:
        for _ in range(self.rhythm[self.steps % len(self.rhythm)]):
            self.house.loop.turn()
        self.steps += 1
        for reader in self.readers:
            reader.check(self.log, self.first)

    @invariant()
    def between_two_turns_who_is_level_has_everything(self) -> None:
        if not self.room._turning:
            for reader in self.readers:
                member = reader.session.member
                assert member.condition is not Condition.LEVEL or member.cursor == self.room.head

    def _is_at_rest(self) -> bool:
        members = [reader.session.member for reader in self.readers]
        are_level = all(
            member.condition is Condition.LEVEL and not member.backlog for member in members
        )
        has_more_to_tell = self.room._turning or self.room._quiet or self.room._leaving
        return are_level and not has_more_to_tell

    def teardown(self) -> None:
        """Everybody drains, and nobody does anything more."""
        for _ in range(1000):
            for reader in self.readers:
                reader.outlet.drain()
            self.time_passes()
            if self._is_at_rest():
                break
        here = {member.nick: member.door for member in self.room.members.values()}
        assert len(here) == len(self.readers)
        assert self.room.head == len(self.log)
        for reader in self.readers:
            reader.check(self.log, self.first)
            reader.pass_own(self.log)
            assert reader.session.member.condition is Condition.LEVEL
            assert reader.cursor == len(self.log)
            if not reader.is_person:
                assert reader.here == here
                assert reader.unanswered == set()


class RemoteRoomMachine(RoomMachine):
    """With an engine that answers when it likes and in pieces, refuses, and has others in it."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.remote = RemoteEngine()
        self.start(House(self.remote, **TINY))
        self.remote.logs["lobby"].lost = self.lost

    @property
    def log(self) -> Sequence[Record]:
        return self.remote.logs["lobby"].records

    @property
    def first(self) -> int:
        return 1

    @precondition(lambda self: self.remote.logs["lobby"].unsettled)
    @rule(drafts=st.integers(1, 3), refuse=st.booleans())
    def the_log_settles_some(self, drafts: int, refuse: bool) -> None:
        self.remote.logs["lobby"].settle(drafts, refuse=refuse)

    @precondition(lambda self: self.remote.logs["lobby"].unsettled)
    @rule(keep=st.booleans())
    def the_log_cannot_tell(self, keep: bool) -> None:
        self.remote.logs["lobby"].settle_unknown(keep=keep)

    @precondition(lambda self: self.log)
    @rule(which=st.integers(0, 5))
    def the_log_loses_something(self, which: int) -> None:
        """Of what everybody may still have to read: an event that was read is no loss to it."""
        self.lost.add(self.log[-1 - which % len(self.log)].event.seq)

    @rule()
    def this_node_does_not_hear_of_something(self) -> None:
        self.remote.logs["lobby"].keep_silently(self._text())

    @rule(count=st.integers(1, 3))
    def somebody_says_something_elsewhere(self, count: int) -> None:
        self.remote.logs["lobby"].arrive(*(self._text() for _ in range(count)))

    @precondition(lambda self: self.remote.logs["lobby"].unread)
    @rule(reads=st.integers(1, 3))
    def the_log_answers_some(self, reads: int) -> None:
        self.remote.logs["lobby"].answer(reads)

    def engine_answers(self) -> None:
        for log in self.remote.logs.values():
            if log.unsettled:
                log.settle()
            log.answer()

    def teardown(self) -> None:
        """What was not heard of is found with the next event."""
        self.engine_answers()
        self.house.loop.settle()
        self.somebody_says_something_elsewhere(1)
        super().teardown()


# The same ones each time, unless somebody asks for more: EXAMPLES=2000 takes some minutes.
PROFILE: Final = settings(
    max_examples=int(os.environ.get("EXAMPLES", "100")),
    derandomize="EXAMPLES" not in os.environ,
    stateful_step_count=50,
    deadline=None,
    database=None,
)

TestRoom = RoomMachine.TestCase
TestRoom.settings = PROFILE
TestRemoteRoom = RemoteRoomMachine.TestCase
TestRemoteRoom.settings = PROFILE
