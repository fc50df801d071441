"""What a client says, from the call to the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from oneroom_client.backoff import Backoff
from oneroom_client.errors import Refused, Unconfirmed
from oneroom_client.posts import Posts
from tcp_room import events, messages
from tcp_room.events import Error, Pong


class Wire:
    """What was written, and whether something is due again."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.posts = Posts(self.flush)

    def flush(self) -> None:
        self.posts.flush(self.lines.append)

    def taken(self) -> list[bytes]:
        taken, self.lines = self.lines, []
        return taken

    async def again(self) -> list[bytes]:
        """What is written after the pause."""
        async with asyncio.timeout(5):
            while not self.lines:
                await asyncio.sleep(0)
        return self.taken()


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    monkeypatch.setattr(Backoff, "next", lambda self: 0.001)
    yield Wire()


def say(id: str, text: str = "hi") -> messages.Say:
    return messages.Say(text=text, id=id)


def said(id: str) -> events.Say:
    return events.Say(1, id, 0, "al", "tcp", "hi")


async def asked(wire: Wire, message: messages.Message) -> asyncio.Task[events.Event]:
    task = asyncio.create_task(wire.posts.answer(message, wire.flush))
    await asyncio.sleep(0)
    return task


async def test_the_answer_is_the_event_of_its_id(wire: Wire) -> None:
    answer = await asked(wire, say("a"))
    wire.posts.settle("b", said("b"))
    wire.posts.settle("a", said("a"))
    assert await answer == said("a")


@pytest.mark.parametrize(
    ("text", "code"), [("caf\udce9", "bad_utf8"), ("\ud83d", "bad_text"), ("a\udfff", "bad_text")]
)
async def test_text_without_a_form_in_utf_8_is_refused_before_it_is_put(
    wire: Wire, text: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        wire.posts.put(say("a", text))
    assert (refused.value.code, len(wire.posts)) == (code, 0)
    wire.posts.put(say("b"))
    wire.flush()
    assert len(wire.taken()) == 1


async def test_an_id_is_used_for_one_message_at_a_time(wire: Wire) -> None:
    wire.posts.put(say("a"))
    with pytest.raises(Refused, match="id_reused"):
        wire.posts.put(say("a"))
    wire.flush()
    wire.posts.settle("a", said("a"))
    wire.posts.put(say("a"))


async def test_a_write_that_fails_loses_nothing(wire: Wire) -> None:
    def broken(line: bytes) -> None:
        raise OSError("broken")

    wire.posts.put(say("a"))
    with pytest.raises(OSError, match="broken"):
        wire.posts.flush(broken)
    wire.flush()
    assert len(wire.taken()) == 1


async def test_a_cancelled_message_that_was_not_written_is_never_sent(wire: Wire) -> None:
    answer = asyncio.create_task(wire.posts.answer(say("a"), lambda: None))
    await asyncio.sleep(0)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    wire.flush()
    assert (wire.taken(), len(wire.posts)) == ([], 0)


async def test_a_cancelled_message_on_its_way_is_not_sent_again(wire: Wire) -> None:
    answer = await asked(wire, say("a"))
    wire.taken()
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answer
    wire.posts.disconnected()
    wire.flush()
    assert (wire.taken(), len(wire.posts)) == ([], 0)


@pytest.mark.parametrize("code", ["busy", "unknown"])
async def test_a_message_that_was_not_taken_is_sent_again_with_its_id(
    wire: Wire, code: str
) -> None:
    answer = await asked(wire, say("a"))
    first = wire.taken()
    shown = [wire.posts.hear(Error(code, "in English", id="a"))]
    assert await wire.again() == first
    shown.append(wire.posts.hear(Error(code, "in English", id="a")))
    assert await wire.again() == first
    assert [type(event) for event in shown] == [events.Notice, type(None)]  # it is told once
    wire.posts.settle("a", said("a"))
    assert await answer == said("a")


async def test_what_follows_waits_for_a_message_that_was_not_taken(wire: Wire) -> None:
    for id in "abc":
        wire.posts.put(say(id))
        wire.flush()
    wire.taken()
    for id in "ba":
        wire.posts.hear(Error("busy", "", id=id))
    wire.posts.settle("c", said("c"))
    wire.posts.put(say("d"))
    wire.flush()
    assert wire.taken() == []
    assert [json.loads(line)["id"] for line in await wire.again()] == ["a", "b", "d"]


async def test_a_command_that_was_not_taken_is_not_answered_by_its_ping(wire: Wire) -> None:
    answer = await asked(wire, messages.Command(line="/nick bob", id="c"))
    first = wire.taken()
    wire.posts.hear(Error("busy", "", id="c"))
    wire.posts.settle("c", Pong("c"))
    assert await wire.again() == first
    wire.posts.settle("c", Pong("c"))
    assert await answer == Pong("c")


async def test_what_no_id_makes_known_again_is_not_sent_twice(wire: Wire) -> None:
    answer = await asked(wire, messages.Dm(to="bob", text="psst", id="d"))
    assert wire.posts.hear(Error("unknown", "nobody knows", id="d")) is not None
    with pytest.raises(Unconfirmed, match="nobody knows"):
        await answer


@pytest.mark.parametrize("code", ["id_reused", "too_long", "storage", "undelivered"])
async def test_any_other_error_is_final(wire: Wire, code: str) -> None:
    answer = await asked(wire, say("a"))
    error = Error(code, "no", id="a")
    assert wire.posts.hear(error) is error
    with pytest.raises(Refused) as refused:
        await answer
    assert (refused.value.code, len(wire.posts)) == (code, 0)


async def test_an_error_that_answers_nothing_is_shown(wire: Wire) -> None:
    for error in (Error("busy", "x"), Error("undelivered", "x", id="long-answered")):
        assert wire.posts.hear(error) is error


async def test_the_end_is_told_to_everybody_who_waits(wire: Wire) -> None:
    answer = await asked(wire, say("a"))
    wire.posts.end(Unconfirmed("over"))
    with pytest.raises(Unconfirmed, match="over"):
        await answer
    with pytest.raises(Unconfirmed, match="over"):
        wire.posts.put(say("b"))
    with pytest.raises(Unconfirmed, match="over"):
        await wire.posts.until(lambda: False)


async def test_silence_is_unconfirmed(wire: Wire) -> None:
    wire.posts.put(say("a"))
    with pytest.raises(Unconfirmed, match=r"0\.01 s"):
        await wire.posts.until(lambda: not len(wire.posts), silence_s=0.01)


async def test_what_has_no_answer_of_its_own_is_followed_by_a_ping(wire: Wire) -> None:
    wire.posts.put(messages.Typing(id="t"))
    wire.flush()
    assert [b'"ping"' in line for line in wire.taken()] == [False, True]
    wire.posts.settle("t", Pong("t"))
    assert len(wire.posts) == 0


def test_ids_are_known_again_and_differ() -> None:
    one, other = Wire().posts, Wire().posts
    ids = {one.new_id(), one.new_id(), other.new_id()}
    assert len(ids) == 3
    assert [one.made(id) for id in (one.new_id(), other.new_id(), None)] == [True, False, False]
