"""Private messages on their way: the sender is notified if one is not sent."""

from __future__ import annotations

from typing import Any

from tcp_room.session import Session
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from tests.fakes import House, RecordingOutlet, sent, typed


class Two:
    """Alice, a program, writes to Bob."""

    def __init__(self) -> None:
        self.house = House()
        self.alice, self.alice_sees = self.house.enter("alice", JSON)
        self.bob, self.bob_sees = self.house.enter("bob", TEXT)
        self.house.hush()
        self.bob_sees.drain()

    def write(self, id: str = "d1") -> None:
        sent(self.alice, "dm", to="bob", text="psst", id=id)
        self.house.loop.settle()

    @property
    def alice_was_told(self) -> list[tuple[str, str | None]]:
        return [(event.get("code", event["kind"]), event["id"]) for event in self.alice_sees.events]


def test_the_echo_follows_the_write() -> None:
    two = Two()
    two.write()
    assert two.bob_sees.lines == ["12:00 -> private from alice: psst"]
    assert two.alice_was_told == [("dm", "d1")]


def test_the_sender_is_notified_when_the_connection_breaks_before_it_is_sent() -> None:
    two = Two()
    two.write()
    two.bob.lost()
    assert two.alice_was_told == [("dm", "d1"), ("undelivered", "d1")]


def test_what_was_sent_before_the_connection_broke_is_delivered() -> None:
    two = Two()
    two.write()
    two.bob_sees.drain()
    two.house.loop.advance(1.0)
    two.bob.lost()
    assert two.alice_was_told == [("dm", "d1")]


def test_only_what_was_unsent_is_undelivered() -> None:
    two = Two()
    two.write("d1")
    two.bob_sees.drain()
    two.house.loop.advance(1.0)
    two.write("d2")
    two.bob.lost()
    assert two.alice_was_told == [("dm", "d1"), ("dm", "d2"), ("undelivered", "d2")]


def test_bytes_that_were_written_after_it_do_not_count() -> None:
    """Bob never has everything, but he has the message: what waits was written later."""
    two = Two()
    two.write()
    two.bob_sees.waiting = 0
    sent(two.alice, "say", text="x" * 100)
    two.house.loop.settle()
    two.house.loop.advance(1.0)
    assert two.bob_sees.waiting
    two.bob.lost()
    assert [what for what, _ in two.alice_was_told] == ["dm", "say"]


def test_nothing_is_counted_when_no_message_is_on_its_way() -> None:
    two = Two()
    assert two.bob.member.write == two.bob_sees.write
    two.write()
    assert two.bob.member.write != two.bob_sees.write
    two.bob_sees.drain()
    two.house.loop.advance(1.0)
    assert two.bob.member.write == two.bob_sees.write


def test_a_person_is_notified_in_a_line() -> None:
    house = House()
    alice, alice_sees = house.enter("alice", TEXT)
    bob, _ = house.enter("bob", TEXT)
    house.hush()
    typed(alice, "/msg bob psst")
    bob.lost()
    assert alice_sees.lines == [
        "12:00 ! your private message to bob may not have arrived: the connection broke;"
        " send it again (undelivered)"
    ]


def test_a_client_that_is_gone_is_not_written_to() -> None:
    """Its lines are still said for a while, so its name is still here."""
    house = House(rate=1.0, burst_messages=1)
    alice, alice_sees = house.enter("alice", JSON)
    bob, _ = house.enter("bob", TEXT)
    house.loop.advance(5.0)
    typed(bob, "one", "two", "three")
    bob.lost()
    house.loop.settle()
    alice_sees.forget()
    sent(alice, "dm", to="bob", text="psst", id="d1")
    assert [event["code"] for event in of_kind(alice_sees, "error")] == ["not_listening"]


def of_kind(outlet: RecordingOutlet, kind: str) -> list[dict[str, Any]]:
    return [event for event in outlet.events if event["kind"] == kind]


def test_a_sender_that_has_left_is_not_notified() -> None:
    two = Two()
    two.write()
    two.alice_sees.forget()
    _gone(two.alice)
    two.bob.lost()
    assert two.alice_sees.writes == []


def _gone(session: Session) -> None:
    session.lost()
