"""A link over a WebSocket."""

from __future__ import annotations

import asyncio

import pytest

from oneroom_client.address import parse
from oneroom_client.errors import CannotConnect
from oneroom_client.link import open_link
from tests.oneroom_client.house import open_house, said


async def test_what_is_written_is_sent_in_order_and_read_line_by_line() -> None:
    async with open_house() as house:
        opened = await open_link(parse(house.url))
        opened.write(b'{"kind":"hello","nick":"al"}')
        for number in range(100):
            opened.write(b'{"kind":"say","text":"m%d"}' % number)
        lines: list[bytes] = []
        while len(lines) < 102 + 100:
            lines += [line for line in await opened.read() if line]
            if b'"m99"' in lines[-1]:
                break
        await opened.close()
        assert said(house) == [f"m{number}" for number in range(100)]


async def test_it_ends_when_the_server_closes_and_takes_no_harm() -> None:
    async with open_house() as house:
        opened = await open_link(parse(house.url))
        opened.write(b'{"kind":"hello","nick":"al"}')
        await opened.read()
        house.hall.dismiss(house.hall.find("al"))
        async with asyncio.timeout(10):
            while await opened.read():
                pass
        opened.write(b"into the void")
        await asyncio.sleep(0)
        assert await opened.read() == ()
        await opened.close()


@pytest.mark.parametrize(
    ("scheme", "answer", "sentence"),
    [
        ("http", b"SSH-2.0-OpenSSH\r\n", "answers, but it is no web server"),
        ("http", b"\x15\x03\x01\x00\x02\x02\x0a", "speaks TLS; try https://127.0.0.1:"),
        ("http", b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n", "not as a room: 404 Not Found"),
        (
            "http",
            b"HTTP/1.1 400 X\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nno\n!",
            "not as a room: 400 no !",
        ),
        ("http", b"", "has closed the connection"),
        ("https", b"", "does not speak TLS; try http://127.0.0.1:"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS; try http://127.0.0.1"),
    ],
)
async def test_what_answers_and_is_no_room_is_told(
    scheme: str, answer: bytes, sentence: str
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(CannotConnect) as told:
        await open_link(parse(f"{scheme}://127.0.0.1:{port}"))
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)
    server.close()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://127.0.0.1:1", "cannot be reached: Connection refused"),
        ("http://nosuch.invalid", "http://nosuch.invalid cannot be reached: Name or service"),
        ("http://a..b", "that is not the name of a host"),
        ("http://caf\udce9", "that is not the name of a host"),
    ],
)
async def test_why_nothing_answers_is_told(address: str, sentence: str) -> None:
    with pytest.raises(CannotConnect) as told:
        await open_link(parse(address))
    assert sentence in str(told.value)


async def test_the_wrong_door_of_a_house_names_the_right_one() -> None:
    async with open_house() as house:
        with pytest.raises(CannotConnect, match="This port is a chat line for terminals: nc"):
            await open_link(parse(f"http://127.0.0.1:{house.tcp_port}"))
        line = await open_link(parse(f"127.0.0.1:{house.http_port}"))
        line.write(b'{"kind":"hello"}')
        while await line.read():
            pass
        assert f"try http://127.0.0.1:{house.http_port}" in str(line.why)
        await line.close()
