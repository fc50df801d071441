"""Connections of the web door on real sockets: counted, answered in our words, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.web_gateway.served import Served, served, until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), timeout=10)

    async def code(self) -> tuple[int, str]:
        """The status and the code of a refusal that ends the connection."""
        head, _, body = (await self.rest()).partition(b"\r\n\r\n")
        return int(head.split()[1]), msgspec.json.decode(body)["code"]


@asynccontextmanager
async def dialled(house: Served, data: bytes = b"") -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
    writer.write(data)
    try:
        yield Line(reader, writer)
    finally:
        writer.close()


# -- counted


async def test_a_connection_counts_before_it_has_said_a_word() -> None:
    async with served(per_address=2) as house:
        async with dialled(house), dialled(house, b"GET / HT"):
            await until(lambda: len(house.turnstile) == 2)
            async with dialled(house) as third:
                assert await third.code() == (503, "too_many_connections")
        await until(lambda: not len(house.turnstile))
        async with dialled(house, GET) as line:
            assert (await line.reader.readline()).endswith(b"200 OK\r\n")


async def test_who_is_turned_away_is_not_counted_nor_read() -> None:
    async with served(per_address=1, linger_s=0.05) as house:
        async with dialled(house):
            await until(lambda: len(house.turnstile) == 1)
            async with dialled(house, b"POST /rooms/lobby/messages HTTP/1.1\r\n" * 1000) as line:
                assert await line.code() == (503, "too_many_connections")
            assert len(house.turnstile) == 1
        assert house.connections <= 1


async def test_a_websocket_keeps_the_place_of_its_connection() -> None:
    async with served(per_address=1) as house:
        socket = await house.client.ws_connect("/ws?nick=alice")
        assert len(house.turnstile) == 1
        await socket.close()
        await until(lambda: not len(house.turnstile))


# -- answered


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.3\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_a_code_and_no_line_of_the_log(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with served() as house, dialled(house, request_) as line:
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b'"code":"bad_request"' in answer
        assert b"nosniff" in answer
        assert b"Server:" not in answer
        assert b"aiohttp" not in answer
    assert caplog.records == []


HEADER = b"X: " + b"y" * 4000 + b"\r\n"


async def test_headers_are_bounded_as_a_whole() -> None:
    request = GET[:-2] + HEADER * 18
    async with served(linger_s=0.1) as house, dialled(house, request) as line:
        assert b"HTTP/1.1 431 " in await line.rest()
        assert house.requests == 0


async def test_headers_after_an_earlier_request_are_bounded_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served(linger_s=0.1) as house, dialled(house, GET + GET[:-2] + HEADER * 250):
        await until(lambda: house.connections == 1)
        await until(lambda: not house.connections)
    assert caplog.records == []


@pytest.mark.parametrize("pieces", [1, 50])
async def test_headers_up_to_the_bound_are_read_however_they_come(pieces: int) -> None:
    request = GET[:-2] + HEADER * 7 + b"\r\n"
    post = POST + HEADER * 7 + b"Content-Length: 9\r\n\r\nthe words"
    async with served() as house, dialled(house) as line:
        whole = request * 2 + post + request
        size = -(-len(whole) // pieces)
        for start in range(0, len(whole), size):
            line.writer.write(whole[start : start + size])
            await line.writer.drain()
            await asyncio.sleep(0)
        line.writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = await line.rest()
        assert answers.count(b"HTTP/1.1 200 OK") == 4
        assert await house.texts() == ["the words"]


@pytest.mark.parametrize("version", ["0.9", "2.0"])
async def test_other_versions_are_not_spoken(version: str) -> None:
    async with served() as house:
        asked = f"GET / HTTP/{version}\r\nHost: localhost\r\n\r\n".encode()
        async with dialled(house, asked) as line:
            answer = await line.rest()
            assert answer.startswith(b"HTTP/1.1 505 HTTP Version Not Supported\r\n")


async def test_a_body_is_not_unpacked(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as house:
        for encoding in ("gzip", "deflate", "br"):
            answer = await house.post("no such thing", Content_Encoding=encoding)
            assert answer.refusal == (400, "bad_message")
        assert (await house.post("as it is", Content_Encoding="identity")).status == 201
        assert await house.texts() == ["as it is"]
    assert caplog.records == []


@pytest.mark.parametrize("rest", [b"ZZ\r\n", b"-1\r\n", b"5\r\nhelloXX"])
async def test_a_body_in_broken_chunks_is_never_whole(
    rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    async with served(http_body_s=0.05, linger_s=0.05) as house, dialled(house, head) as line:
        await until(lambda: house.requests == 1)
        line.writer.write(rest)
        assert (await line.rest()).startswith(b"HTTP/1.1 408 ")
        assert await house.texts() == []
    assert caplog.records == []


async def test_a_body_that_nobody_waits_for_is_left_with_the_kernel() -> None:
    few: Any = {"rate": 5.0, "address_requests_per_s": 0.01, "address_burst_s": 0.0}
    chunk = b"4000\r\n" + b"y" * 0x4000 + b"\r\n"
    flood = POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 1000

    def waiting() -> list[Any]:
        found = [handler._current_request for handler in house.handlers]
        return [request for request in found if request is not None]

    async with served(**few) as house:
        assert (await house.get("/livez")).status == 200  # the next one waits for its turn
        async with dialled(house, flood) as line:
            await until(waiting)
            read, (request,) = 0, waiting()
            while (more := request.content.total_raw_bytes) > read:
                read = more
                for _ in range(50):
                    await asyncio.sleep(0)
            line.writer.transport.abort()
        config = house.hall.config
        assert 0 < read <= 2 * config.line_bytes + config.read_bytes


# -- ended


async def test_a_slow_body_is_cut() -> None:
    post = POST + b"Content-Length: 9\r\n\r\nha"
    async with served(http_body_s=0.05, linger_s=0.05) as house, dialled(house, post) as line:
        assert await line.code() == (408, "too_slow")
        assert await house.texts() == []


async def test_half_a_body_does_not_hold_up_the_end() -> None:
    async with served() as house, dialled(house, POST + b"Content-Length: 9\r\n\r\nha") as line:
        await until(lambda: house.requests == 1)
        house.hall.close()
        await house.client.server.close()
        assert await line.code() == (503, "stopping")


async def test_an_answer_that_nobody_reads_is_cut() -> None:
    async with served(http_answer_s=0.05) as house, dialled(house, GET * 2000):
        await until(lambda: house.requests > 10)
        await until(lambda: not house.connections)
