"""A room, as a program sees it, over both doors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from oneroom_client import CannotConnect, Refused, Room, Unconfirmed, connect
from tcp_room import events, messages
from tcp_room.events import Event
from tests.browser import House
from tests.oneroom_client.house import open_house
from tests.oneroom_client.rooms import DOORS, until, until_said


async def test_one_speaks_and_the_other_hears(house: House, door: str) -> None:
    async with connect(door, nick="小明") as one, connect(door, nick="bob") as other:
        said = await one.say("早上好\n大家")
        assert (said.seq, said.nick, one.is_own(said), other.is_own(said)) == (
            1,
            "小明",
            True,
            False,
        )
        assert await until_said(other, "早上好\n大家") == ["早上好\n大家"]
        assert (await one.act("waves")).text == "waves"
        await one.tell("bob", "psst")
        assert [e.text for e in await until(other, is_dm) if isinstance(e, events.Dm)] == ["psst"]
        assert {who.nick for who in (await one.who()).members} == {"小明", "bob"}
        assert (await one.rename("爱丽丝")).nick == one.state.nick == "爱丽丝"
        assert [e.text for e in (await one.history(limit=1)).events] == ["waves"]
        assert "nick" in " ".join(line.usage for line in (await one.commands()).commands)


def is_dm(event: Event) -> bool:
    return isinstance(event, events.Dm)


async def test_what_the_room_refuses_raises_with_its_code(house: House, door: str) -> None:
    async with connect(door, nick="alice") as room:
        with pytest.raises(Refused, match=r"\(too_long\)"):
            await room.say("x" * 5000)
        with pytest.raises(Refused) as refused:
            await room.tell("nobody", "hi")
        assert refused.value.code == "no_such_member"
        await room.say("and this works")
    assert house.said() == 1


async def test_a_taken_name_is_refused_at_the_door(house: House, door: str) -> None:
    async with connect(door, nick="alice"):
        with pytest.raises(Refused) as refused:
            async with connect(door, nick="alice"):
                pass
        assert refused.value.code == "nick_taken"


async def test_a_full_server_is_a_refusal() -> None:
    async with open_house(per_address=1) as house, connect(DOORS["tcp"](house)):
        with pytest.raises(Refused, match="too_many_connections"):
            async with connect(DOORS["tcp"](house)):
                pass
        with pytest.raises(Refused, match="too_many_connections"):
            async with connect(DOORS["web"](house)):
                pass


@pytest.mark.parametrize("address", ["127.0.0.1:1", "http://127.0.0.1:1", "unix:/nowhere"])
async def test_nobody_there_says_why(address: str) -> None:
    with pytest.raises(CannotConnect, match="cannot be reached"):
        async with connect(address):
            pass


async def test_a_web_server_that_is_no_room_says_so(house: House) -> None:
    with pytest.raises(CannotConnect, match="404"):
        async with connect(f"{house.url.replace('http', 'ws')}/elsewhere"):
            pass


async def test_a_gap_that_the_server_declares_is_passed_on() -> None:
    async with (
        open_house(memory_events=10, window_events=5) as house,
        connect(DOORS["tcp"](house), nick="bob") as bob,
    ):
        await asyncio.gather(*(bob.say(f"m{number}") for number in range(50)))
        async with connect(DOORS["tcp"](house), since=1) as late:
            told = await until(late, lambda event: getattr(event, "text", "") == "m49")
            gaps = [event for event in told if isinstance(event, events.Gap)]
            first = next(e for e in told if isinstance(e, events.Say)).seq
            assert gaps == [events.Gap(2, first - 1, "trimmed")]


async def test_quitting_ends_it(house: House, door: str) -> None:
    async with connect(door, nick="alice") as alice:
        alice.post(messages.Say(text="bye", id=alice.new_id()))
        alice.post(messages.Command(line="/quit", id=alice.new_id()))
        async with asyncio.timeout(10):
            assert [e.text async for e in alice if isinstance(e, events.Say)] == ["bye"]
        assert alice.is_over and not alice.unanswered
        with pytest.raises(Unconfirmed):
            await alice.say("too late")


async def test_moving_right_behind_a_word_loses_nothing(house: House, door: str) -> None:
    async with connect(door, nick="alice") as alice:
        for line in ("one", "/join attic", "two", "/join lobby", "three"):
            if line.startswith("/"):
                alice.post(messages.Command(line=line, id=alice.new_id()))
            else:
                alice.post(messages.Say(text=line, id=alice.new_id()))
        await alice.settled()
        assert [e.text for e in (await alice.history()).events] == ["one", "three"]
    assert house.said("attic") == 1


async def test_a_port_that_accepts_and_is_silent_is_given_up_in_time() -> None:
    connections: list[asyncio.StreamWriter] = []

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(CannotConnect, match=r"does not answer as a room within 0\.1 s"):
        async with connect(f"127.0.0.1:{port}", timeout_s=0.1):
            pass
    for writer in connections:
        writer.close()
    server.close()


async def test_text_that_cannot_be_sent_is_refused_and_the_next_is_said(
    house: House, door: str
) -> None:
    async with connect(door, nick="alice") as room:
        with pytest.raises(Refused, match="bad_text"):
            await room.say("\ud83d")
        with pytest.raises(Refused, match="bad_utf8"):
            room.post(messages.Say(text="caf\udce9", id="x"))
        await room.say("still fine")
        assert await room.commands()
    assert house.said() == 1


@pytest.mark.parametrize("hello", [{"nick": "caf\udce9"}, {"room": "\udcff"}])
async def test_a_name_that_cannot_be_sent_is_refused_at_the_door(
    house: House, door: str, hello: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match="bad_utf8"):
        async with connect(door, **hello):
            pass


async def test_a_request_before_one_is_in_says_so(house: House, door: str) -> None:
    room = connect(door)
    with pytest.raises(RuntimeError, match="enter the room first"):
        await room.say("hi")
    with pytest.raises(RuntimeError, match="enter the room first"):
        room.post(messages.Say(text="hi", id="x"))


class Bug(Exception):
    pass


def broken(event: Event) -> list[Event]:
    raise Bug


async def test_a_bug_is_raised_to_everybody_who_waits(house: House, door: str) -> None:
    with pytest.raises(Bug):
        async with connect(door, nick="alice") as room:
            room.state.hear = broken  # type: ignore[method-assign]
            with pytest.raises(Bug):
                await room.say("hi")
            async for _ in room:
                pass


async def test_a_bug_that_nobody_saw_is_raised_at_the_end(house: House, door: str) -> None:
    with pytest.raises(Bug):
        async with connect(door, nick="alice") as room, connect(door, nick="bob") as bob:
            room.state.hear = broken  # type: ignore[method-assign]
            await bob.say("hi")
            await until_over(room)


async def until_over(room: Room) -> None:
    async with asyncio.timeout(10):
        await room._visit.posts.until(lambda: room.is_over)


async def test_a_watcher_is_seen_by_nobody_and_can_read(house: House, door: str) -> None:
    async with connect(door, nick="alice") as alice:
        await alice.say("one")
        async with connect(door, nick="eve", watch=True) as watcher:
            assert [who.nick for who in (await watcher.who()).members] == ["alice"]
            await until_said(watcher, "one")
            with pytest.raises(Refused, match="not_here"):
                await watcher.say("boo")
            await alice.say("two")
            await until_said(watcher, "two")


async def test_strange_lines_from_the_server_are_passed_over() -> None:
    lines = [
        b"* Welcome to something else\r\n",
        b'{"kind":"tomorrow"}\n{broken\n\xff\n',
        b'{"kind":"say","seq":"x"}\n',
    ]

    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.writelines(lines)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(strange, "127.0.0.1", 0)
    room = connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    coming_in = asyncio.create_task(room.__aenter__())
    await asyncio.wait({coming_in}, timeout=0.2)
    assert not coming_in.done()
    coming_in.cancel()
    with pytest.raises(asyncio.CancelledError):
        await coming_in
    server.close()
