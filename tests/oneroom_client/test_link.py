"""One connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from oneroom_client import link
from oneroom_client.address import Address, parse
from oneroom_client.errors import CannotConnect
from oneroom_client.link import Link, open_link
from tcp_room.server import unix_door
from tests.browser import House
from tests.oneroom_client.house import open_house

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def linked(talk: Talk) -> AsyncIterator[Link]:
    """A link to a server that talks so, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    opened = await open_link(Address("tcp", "127.0.0.1", port))
    yield opened
    await opened.close()
    server.close()


async def everything(opened: Link) -> list[bytes]:
    lines: list[bytes] = []
    while got := await opened.read():
        lines += got
    return lines


async def test_lines_come_whole_however_they_are_cut() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (b'{"a', b'":1}\n{"b', b'":2}\r\n', b"half"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with linked(talk) as opened:
        assert await everything(opened) == [b'{"a":1}', b'{"b":2}']


async def test_a_refusal_in_words_is_why_it_ended() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("! 满了 (server_full)\r\n".encode())

    async with linked(talk) as opened:
        await everything(opened)
        assert str(opened.why) == "满了 (server_full)"


@pytest.mark.parametrize("pieces", [[b"HTTP/1.1 400 Bad Request\r\n"], [b"HT", b"TP/1.1"]])
async def test_another_server_is_known_by_its_first_bytes(pieces: list[bytes]) -> None:
    """Also if it says no more, and does not end."""
    never = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        await never.wait()

    async with linked(talk) as opened:
        assert await everything(opened) == []
        assert "try http://127.0.0.1" in str(opened.why)
        never.set()


async def test_a_line_without_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_LINE_BYTES", 1000)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 2000)
        await reader.read()

    async with linked(talk) as opened:
        assert await opened.read() == ()


async def test_who_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_CONNECT_S", 0.05)
    never = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    with pytest.raises(CannotConnect, match="does not answer"):
        await open_link(parse(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    never.set()
    server.close()


async def hello(house: House, address: Address) -> bytes:
    opened = await open_link(address)
    opened.write(b'{"kind":"hello","nick":"al"}')
    first = (await opened.read())[0]
    await opened.close()
    return first


async def test_each_door_opens(tmp_path: Path) -> None:
    async with open_house() as house:
        path = str(tmp_path / "room.sock")
        async with unix_door(house.hall, house.turnstile, house.addresses, path):
            for address in (f"127.0.0.1:{house.tcp_port}", house.url, f"unix:{path}"):
                assert b'"kind":"welcome"' in await hello(house, parse(address))
                while len(house.hall):
                    await asyncio.sleep(0)
            while len(house.turnstile):
                await asyncio.sleep(0)
