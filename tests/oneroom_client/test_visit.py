"""A stay in a room, through cuts and restarts."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import oneroom_client.connection
import oneroom_client.inbox
from oneroom_client import Back, Offline, Refused, Unconfirmed, connect
from oneroom_client.address import Address
from oneroom_client.link import Link, open_link
from tcp_room import events, messages
from tcp_room.events import Event
from tests.browser import House
from tests.oneroom_client.house import open_house
from tests.oneroom_client.rooms import DOORS, cut, until, until_said

pytestmark = pytest.mark.usefixtures("impatient")


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
        come_in = alice._visit._enter

        async def slowly() -> None:
            await taken.wait()
            await come_in()

        alice._visit._enter = slowly  # type: ignore[method-assign]
        cut(house, "alice")
        while len(house.hall):
            await asyncio.sleep(0)
        async with connect(DOORS["tcp"](house), nick="alice"):
            taken.set()
            told = await until(alice, lambda event: isinstance(event, Back))
            assert [e.code for e in told if isinstance(e, events.Error)] == ["nick_taken"]
            assert alice.state.nick.startswith("guest-")


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
            kept = len(lazy._visit._inbox)
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


async def test_leaving_at_once_leaves_nothing_behind(house: House, door: str) -> None:
    async with connect(door, nick="alice") as alice:
        pass
    assert alice.is_over
    while len(house.turnstile):
        await asyncio.sleep(0)
    with pytest.raises(Unconfirmed):
        await alice.say("too late")


async def test_a_program_that_is_restarted_says_it_once(house: House, door: str) -> None:
    said = []
    for _ in range(2):
        async with connect(door, nick="ci", session="a-secret-that-it-keeps") as room:
            said.append(await room.say("deployed", id="deploy-7"))
    assert said[0] == said[1]
    assert house.said() == 1
