"""Messages that are not answered yet."""

from __future__ import annotations

from oneroom_client.outbox import Outbox
from tcp_room.messages import Command, Dm, Message, Say


def say(number: int) -> Say:
    return Say(text=str(number), id=f"id-{number}")


def filled(*messages: Message, window: int = 100) -> Outbox:
    outbox = Outbox(window)
    for message in messages:
        outbox.put(message, b"line")
    return outbox


def sent(outbox: Outbox) -> list[str]:
    """Sends everything that is due; the ids."""
    ids = []
    while post := outbox.due():
        outbox.sent(post)
        ids.append(post.id)
    return ids


def test_each_is_sent_once_in_order() -> None:
    outbox = filled(say(1), say(2))
    assert sent(outbox) == ["id-1", "id-2"]
    assert sent(outbox) == []


def test_a_message_that_could_not_be_written_is_still_due() -> None:
    outbox = filled(say(1))
    first, again = outbox.due(), outbox.due()
    assert first is again and first is not None
    assert outbox.on_its_way("id-1") is None


def test_no_more_than_a_window_is_on_its_way() -> None:
    outbox = filled(*map(say, range(5)), window=2)
    assert sent(outbox) == ["id-0", "id-1"]
    assert outbox.settle("id-0")
    assert sent(outbox) == ["id-2"]


def test_what_was_not_acknowledged_is_sent_again_in_order() -> None:
    outbox = filled(say(1), say(2), say(3), window=2)
    sent(outbox)
    outbox.settle("id-1")
    assert outbox.disconnected() == []
    assert sent(outbox) == ["id-2", "id-3"]


def test_a_private_message_is_not_said_twice() -> None:
    first, later = Dm(to="bob", text="x", id="d1"), Dm(to="bob", text="y", id="d2")
    outbox = filled(say(1), first, later, window=2)
    sent(outbox)
    assert outbox.disconnected() == [first]
    assert sent(outbox) == ["id-1", "d2"]


def test_a_command_goes_alone() -> None:
    outbox = filled(say(1), Command(line="/join attic", id="c"), say(2))
    assert sent(outbox) == ["id-1"]
    outbox.settle("id-1")
    assert sent(outbox) == ["c"]
    outbox.settle("c")
    assert sent(outbox) == ["id-2"]


def test_an_unknown_id_settles_nothing() -> None:
    outbox = filled(say(1))
    assert not outbox.settle("another") and not outbox.settle(None)
    assert len(outbox) == 1


def test_a_message_that_is_withdrawn_before_it_was_sent_is_never_sent() -> None:
    outbox = filled(say(1), say(2))
    outbox.withdraw("id-1")
    assert (len(outbox), sent(outbox)) == (1, ["id-2"])


def test_a_message_that_is_withdrawn_on_its_way_is_not_sent_again() -> None:
    outbox = filled(say(1), say(2), say(3), window=2)
    sent(outbox)
    outbox.withdraw("id-1")
    assert sent(outbox) == []  # it is on its way still
    outbox.disconnected()
    assert (len(outbox), sent(outbox)) == (2, ["id-2", "id-3"])


def test_a_withdrawn_message_that_is_answered_is_gone() -> None:
    outbox = filled(say(1))
    sent(outbox)
    outbox.withdraw("id-1")
    assert outbox.settle("id-1")
    assert (len(outbox), outbox.disconnected(), sent(outbox)) == (0, [], [])


def test_postponed_messages_are_sent_again_in_their_order_and_before_later_ones() -> None:
    outbox = filled(say(1), say(2), say(3), window=2)
    sent(outbox)
    outbox.postpone("id-2")
    outbox.postpone("id-1")
    assert (sent(outbox), len(outbox)) == ([], 3)
    outbox.resume()
    assert sent(outbox) == ["id-1", "id-2"]


def test_a_pause_outlives_a_connection() -> None:
    outbox = filled(say(1), say(2))
    sent(outbox)
    outbox.postpone("id-1")
    outbox.disconnected()
    assert sent(outbox) == []
    outbox.resume()
    assert sent(outbox) == ["id-1", "id-2"]


def test_a_postponed_message_can_be_withdrawn_or_answered() -> None:
    outbox = filled(say(1), say(2), say(3))
    sent(outbox)
    outbox.withdraw("id-1")
    for number in (1, 2, 3):
        outbox.postpone(f"id-{number}")
    outbox.withdraw("id-2")
    outbox.settle("id-3")
    outbox.resume()
    assert (len(outbox), sent(outbox)) == (0, [])
