"""A room seen from a client, over both doors, through cuts and restarts."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import oneroom_client.connection
import oneroom_client.inbox
from oneroom_client import Back, CannotConnect, Offline, Refused, Room, Unconfirmed, connect
from oneroom_client.address import Address
from oneroom_client.backoff import Backoff
from oneroom_client.link import Link, open_link
from tcp_room import events, messages
from tcp_room.events import Event
from tests.browser import House
from tests.oneroom_client.house import open_house

DOORS: dict[str, Callable[[House], str]] = {
    "tcp": lambda house: f"127.0.0.1:{house.tcp_port}",
    "web": lambda house: house.url,
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects at once."""
    monkeypatch.setattr(Backoff, "next", lambda self: 0.01)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, house: House) -> str:
    return DOORS[request.param](house)


def cut(house: House, nick: str) -> None:
    """As if a cable were pulled."""
    house.hall.find(nick).outlet._transport.abort()  # type: ignore[attr-defined]


async def until(room: Room, is_it: Callable[[Event], bool]) -> list[Event]:
    """All events up to the one that is it."""
    told: list[Event] = []
    async with asyncio.timeout(10):
        async for event in room:
            told.append(event)
            if is_it(event):
                return told
    raise AssertionError(told)


async def until_said(room: Room, text: str) -> list[str]:
    told = await until(room, lambda event: getattr(event, "text", None) == text)
    return [event.text for event in told if isinstance(event, events.Say)]


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


async def test_it_reads_on_after_a_cut_without_gap_or_repetition(house: House, door: str) -> None:
    async with connect(door, nick="alice") as alice, connect(door, nick="bob") as bob:
        await bob.say("before")
        await until_said(alice, "before")
        cut(house, "alice")
        await asyncio.gather(*(bob.say(f"meanwhile {number}") for number in range(120)))
        told = await until(alice, lambda event: getattr(event, "text", "") == "meanwhile 119")
        assert [e.text for e in told if isinstance(e, events.Say)] == [
            f"meanwhile {number}" for number in range(120)
        ]
        kinds = [type(event) for event in told]
        assert kinds.index(Offline) < kinds.index(events.Welcome) < kinds.index(Back)
        assert events.Gap not in kinds


async def test_what_is_said_while_offline_is_said_once_and_in_order(
    house: House, door: str
) -> None:
    async with connect(door, nick="alice") as alice:
        for number in range(300):
            alice.post(messages.Say(text=f"m{number}", id=alice.new_id()))
            if number % 60 == 30:
                await alice.settled(at_most=200)
                cut(house, "alice")
        await alice.settled()
        said = await alice.history(limit=500)
    assert [event.text for event in said.events] == [f"m{number}" for number in range(300)]


async def test_what_was_said_though_its_echo_was_lost_is_not_said_twice(
    house: House, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Link] = []

    async def open_deaf(address: Address) -> Link:
        """The first connection breaks just before it would tell of what one has said."""
        link = await open_link(address)
        if not opened:
            read = link.read

            async def deaf() -> Sequence[bytes]:
                lines = await read()
                return () if any(b'"kind":"say"' in line for line in lines) else lines

            link.read = deaf  # type: ignore[method-assign]
        opened.append(link)
        return link

    monkeypatch.setattr(oneroom_client.connection, "open_link", open_deaf)
    async with connect(door, nick="alice") as alice:
        said = await alice.say("once")
        await alice.who()
        assert (said.seq, len(opened), house.said()) == (1, 2, 1)


async def test_what_has_fallen_out_of_sight_is_not_said_twice_either() -> None:
    """What the room no longer shows it still knows by its id, and by the session."""
    async with open_house() as house:
        alice = connect(DOORS["tcp"](house), nick="alice")
        async with alice:
            first = await alice.say("once", id="an-id")
            cut(house, "alice")
            assert await alice.say("once", id="an-id") == first
            assert house.said() == 1


async def test_a_private_word_on_its_way_when_the_line_breaks_is_unconfirmed(house: House) -> None:
    async with connect(DOORS["tcp"](house), nick="alice") as alice:
        alice.post(messages.Dm(to="alice", text="psst", id="d1"))
        with pytest.raises(Unconfirmed):
            answer = asyncio.create_task(alice.confirmed(messages.Dm(to="x", text="y", id="d2")))
            await asyncio.sleep(0)
            cut(house, "alice")
            await answer
        told = await until(alice, lambda event: isinstance(event, Back))
        assert [e.id for e in told if isinstance(e, events.Error)] == ["d1", "d2"]


async def test_the_server_may_restart(tmp_path: Path) -> None:
    """Its log is kept, so nothing is missing and nothing is said twice."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings: dict[str, Any] = {"data": str(tmp_path), "tcp_port": port, "shutdown_s": 0.3}
    async with open_house(**settings):
        alice = await connect(f"127.0.0.1:{port}", nick="alice").__aenter__()
        await alice.say("one")
    await until(alice, lambda event: isinstance(event, Offline))
    alice.post(messages.Say(text="two", id=alice.new_id()))
    alice.post(messages.Command(line="/nick 爱丽丝", id=alice.new_id()))
    async with open_house(**settings):
        await alice.settled()
        assert [event.text for event in (await alice.history()).events] == ["one", "two"]
        assert alice.state.nick == "爱丽丝"
        await alice.__aexit__(None, None, None)


async def test_another_log_is_told_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with open_house(tcp_port=port, shutdown_s=0.3):
        alice = await connect(f"127.0.0.1:{port}", nick="alice").__aenter__()
        await alice.say("one")
        await until_said(alice, "one")
    async with (
        open_house(tcp_port=port, shutdown_s=0.3),
        connect(f"127.0.0.1:{port}", nick="bob") as bob,
    ):
        await bob.say("of another log")
        told = await until(alice, lambda event: getattr(event, "text", "") == "of another log")
        assert [e.reason for e in told if isinstance(e, events.Gap)] == ["epoch"]
        await alice.__aexit__(None, None, None)


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


async def test_who_came_in_by_another_connection_does_not_fight_over_the_name(house: House) -> None:
    async with connect(DOORS["tcp"](house), nick="alice") as first:
        second = connect(DOORS["tcp"](house), nick="alice")
        second.state._hello = first.state._hello  # the same session
        async with second:
            with pytest.raises(Refused, match="replaced"):
                await until(first, lambda event: False)


async def test_a_name_that_is_taken_meanwhile_is_told_of(house: House) -> None:
    async with connect(DOORS["tcp"](house), nick="alice") as alice:
        taken = asyncio.Event()
        come_in = alice._come_in

        async def slowly() -> None:
            await taken.wait()
            await come_in()

        alice._come_in = slowly  # type: ignore[method-assign]
        cut(house, "alice")
        while len(house.hall):
            await asyncio.sleep(0)
        async with connect(DOORS["tcp"](house), nick="alice"):
            taken.set()
            told = await until(alice, lambda event: isinstance(event, Back))
            assert [e.code for e in told if isinstance(e, events.Error)] == ["nick_taken"]
            assert alice.state.nick.startswith("guest-")


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


async def test_who_does_not_read_is_not_filled_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops reading; an answer that somebody waits for still comes; nothing is lost."""
    monkeypatch.setattr(oneroom_client.inbox, "KEPT_EVENTS", 100)
    async with connect(DOORS["tcp"](house), nick="lazy") as lazy:
        async with connect(DOORS["tcp"](house), nick="bob") as bob:
            for start in range(0, 3000, 500):
                await asyncio.gather(*(bob.say("x" * 2000) for _ in range(start, start + 500)))
            while not house.hall.find("lazy").full:
                await bob.say("x" * 2000)
            kept = len(lazy._inbox)
            assert kept < house.said() / 2
            count = 3000 + (house.said() - 3000)
        assert (await lazy.who()).count >= 1
        await lazy.until_live()
        await lazy.settled()
        seqs: list[int] = []
        async with asyncio.timeout(20):
            while len(seqs) < count:
                event = await anext(lazy)
                if isinstance(event, events.Say):
                    seqs.append(event.seq)
        assert seqs == list(range(1, count + 1))


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


async def test_a_message_that_timed_out_is_not_said_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings: dict[str, Any] = {"data": str(tmp_path), "tcp_port": port, "shutdown_s": 0.3}
    async with open_house(**settings):
        alice = await connect(f"127.0.0.1:{port}", nick="alice").__aenter__()
        await alice.say("one")
    await until(alice, lambda event: isinstance(event, Offline))
    for _ in range(2):
        with pytest.raises(Unconfirmed, match=r"within 0\.01 s"):
            await alice.say("deploy finished", timeout_s=0.01)
    cancelled = asyncio.create_task(alice.say("never mind"))
    await asyncio.sleep(0)
    cancelled.cancel()
    async with open_house(**settings) as house:
        await alice.say("two")
        assert house.said() == 2
        await alice.__aexit__(None, None, None)


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
        await room._posts.until(lambda: room.is_over)


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


async def test_a_busy_server_is_asked_again_and_a_broken_delivery_is_told() -> None:
    """With a server that plays both; the real one does so only in trouble."""
    ids: list[str] = []

    def answers(asked: dict[str, Any]) -> list[Event]:
        id = asked["id"]
        match asked["kind"]:
            case "say":
                ids.append(id)
                if len(ids) < 3:
                    code = ("busy", "unknown")[len(ids) - 1]
                    return [events.Error(code, "not yet", id=id)]
                return [events.Say(1, id, 0, "al", "tcp", asked["text"])]
            case "dm":
                echo = events.Dm(0, "al", asked["to"], asked["text"], id)
                return [echo, events.Error("undelivered", "it may not have arrived", id=id)]
        return []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        limits = events.Limits(4096, 32, 0)
        writer.write(
            msgspec.json.encode(events.Welcome("al", "l", "e", 0, "", [], 1, limits, 0, 0, 0))
        )
        writer.write(b"\n" + msgspec.json.encode(events.Live(0)) + b"\n")
        while line := await reader.readline():
            for answer in answers(json.loads(line)):
                writer.write(msgspec.json.encode(answer) + b"\n")
        writer.close()

    server = await asyncio.start_server(play, "127.0.0.1", 0)
    async with connect(f"127.0.0.1:{server.sockets[0].getsockname()[1]}") as room:
        assert (await room.say("hi")).seq == 1
        assert len(ids) == 3 and len(set(ids)) == 1
        told = await room.tell("bob", "psst")
        shown = await until(room, lambda event: isinstance(event, events.Error))
        assert shown[-1] == events.Error("undelivered", "it may not have arrived", id=told.id)
        assert [type(event) for event in shown[2:]] == [
            *(events.Notice, events.Say, events.Dm, events.Error)
        ]
    server.close()


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
