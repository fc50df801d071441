"""A member: what it alone is told, and what waits while its socket is full."""

from __future__ import annotations

from tcp_room.events import Here, Notice, Pong, Typing
from tcp_room.member import Condition, Member
from tcp_room.terminal import TEXT
from tcp_room.views import JSON, View
from tests.fakes import RecordingOutlet


def stranger(view: View = JSON, backlog_limit: int = 60) -> tuple[Member, RecordingOutlet]:
    """A member that is in no room."""
    outlet = RecordingOutlet()
    member = Member(
        outlet=outlet,
        view=view,
        door="tcp",
        dress=lambda view: view,
        author="t1",
        backlog_limit=backlog_limit,
    )
    outlet.member = member
    return member, outlet


def test_a_new_member_is_outside() -> None:
    member, outlet = stranger()
    assert member.condition is Condition.OUTSIDE
    assert member.room is None
    assert outlet.writes == []


def test_it_is_listed_with_its_door() -> None:
    member, _ = stranger()
    member.nick = "al"
    assert member.here == Here("al", "tcp")


def test_it_is_told_in_its_own_view() -> None:
    person, sees = stranger(TEXT)
    program, reads = stranger(JSON)
    for member in (person, program):
        member.tell(Notice("hello"))
    assert sees.bytes == b"* hello\r\n"
    assert reads.bytes == b'{"kind":"notice","text":"hello"}\n'


def test_what_its_view_does_not_show_is_not_written() -> None:
    member, outlet = stranger(TEXT)
    member.tell(Typing("bob"))
    member.full = True
    member.tell(Typing("bob"))
    assert (outlet.writes, member.backlog) == ([], [])


def test_it_may_take_another_view_before_it_is_in() -> None:
    member, outlet = stranger(TEXT)
    member.look(JSON)
    member.tell(Pong("x"))
    assert outlet.bytes == b'{"kind":"pong","id":"x"}\n'


def test_what_it_is_told_while_its_socket_is_full_is_written_in_order_when_it_has_drained() -> None:
    member, outlet = stranger()
    member.full = True
    for id in "123":
        member.tell(Pong(id))
    assert outlet.writes == []
    member.full = False
    member.tell_backlog()
    assert [event["id"] for event in outlet.events] == ["1", "2", "3"]
    assert len(outlet.writes) == 1
    assert member.backlog == []


def test_it_is_read_no_further_when_it_is_owed_much_until_that_is_written() -> None:
    member, outlet = stranger(backlog_limit=60)
    member.full = True
    paused = []
    for id in "123":
        member.tell(Pong(id))  # of 25 bytes
        paused.append(outlet.paused)
    assert paused == [False, False, True]
    assert member.is_owed_much
    member.full = False
    member.tell_backlog()
    assert not outlet.paused
    assert not member.is_owed_much


def test_who_is_owed_nothing_is_not_resumed() -> None:
    """It may have been paused by its session, for being too fast."""
    member, outlet = stranger()
    outlet.pause()
    member.tell_backlog()
    assert outlet.paused


def test_who_is_gone_is_told_nothing_and_owed_nothing() -> None:
    member, outlet = stranger()
    member.mute()
    assert member.is_gone
    member.tell(Pong("1"))
    member.full = True
    member.tell(Pong("2"))
    member.write(b"x")
    assert (outlet.writes, member.backlog, outlet.paused) == ([], [], False)
