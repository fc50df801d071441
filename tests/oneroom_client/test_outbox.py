"""What was said and not acknowledged."""

from __future__ import annotations

from oneroom_client.outbox import Outbox
from tcp_room.messages import Command, Dm, Message, Say


def say(number: int) -> Say:
    return Say(text=str(number), id=f"id-{number}")


def filled(*messages: Message, window: int = 100) -> Outbox:
    outbox = Outbox(window)
    for message in messages:
        outbox.put(message)
    return outbox


def ids(outbox: Outbox) -> list[str | None]:
    return [message.id for message in outbox.due()]


def test_each_is_sent_once_in_order() -> None:
    outbox = filled(say(1), say(2))
    assert ids(outbox) == ["id-1", "id-2"]
    assert ids(outbox) == []


def test_no_more_than_a_window_is_on_its_way() -> None:
    outbox = filled(*map(say, range(5)), window=2)
    assert ids(outbox) == ["id-0", "id-1"]
    assert outbox.settle("id-0")
    assert ids(outbox) == ["id-2"]


def test_what_was_not_acknowledged_is_sent_again_in_order() -> None:
    outbox = filled(say(1), say(2), say(3), window=2)
    ids(outbox)
    outbox.settle("id-1")
    assert outbox.disconnected() == []
    assert ids(outbox) == ["id-2", "id-3"]


def test_a_private_word_is_not_said_twice() -> None:
    word, later = Dm(to="bob", text="x", id="d1"), Dm(to="bob", text="y", id="d2")
    outbox = filled(say(1), word, later, window=2)
    ids(outbox)
    assert outbox.disconnected() == [word]
    assert ids(outbox) == ["id-1", "d2"]


def test_a_command_goes_alone() -> None:
    outbox = filled(say(1), Command(line="/join attic", id="c"), say(2))
    assert ids(outbox) == ["id-1"]
    outbox.settle("id-1")
    assert ids(outbox) == ["c"]
    outbox.settle("c")
    assert ids(outbox) == ["id-2"]


def test_what_is_not_ones_own_settles_nothing() -> None:
    outbox = filled(say(1))
    assert not outbox.settle("another") and not outbox.settle(None)
    assert len(outbox) == 1
