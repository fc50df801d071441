"""From a request to a WebSocket, by bytes of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvloop

from tests.browser import House, opened
from tests.web_gateway.test_frames import sent

# The example of RFC 6455, 1.3.
REQUEST = (
    b"GET %b HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\n"
    b"Connection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@dataclass
class Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def until(self, what: bytes) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.readuntil(what)

    async def rest(self) -> bytes:
        async with asyncio.timeout(10):
            return await self.reader.read()


@asynccontextmanager
async def dialled(house: House, data: bytes) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.http_port)
    writer.write(data)
    yield Line(reader, writer)
    writer.close()


async def empty(house: House) -> None:
    async with asyncio.timeout(10):
        while len(house.hall) or len(house.turnstile) or house.bridges:
            await asyncio.sleep(0.01)


async def test_the_handshake_is_answered_as_the_standard_says(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        head = await line.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        await line.until(b'"kind":"welcome"')
    await empty(house)


VERSION, KEY = b"Sec-WebSocket-Version: 13\r\n", b"dGhlIHNhbXBsZSBub25jZQ=="


@pytest.mark.parametrize(
    "spoiled",
    [
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Upgrade: WebSocket\r\n", b""),
        (b"Upgrade: WebSocket\r\n", b"Upgrade: h2c\r\n"),
        (b"Connection: keep-alive, Upgrade\r\n", b""),
        (b"Connection: keep-alive, Upgrade\r\n", b"Connection: keep-alive\r\n"),
        (KEY, b"short"),
        (KEY, b""),
        (KEY, b"dGhlIHNhbXBsZSBub25jZQ"),
        (KEY, b"dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="),
        (KEY, b"dGhlIHNhbXBsZSBub25jZ\xff=="),
        (KEY, KEY + b"\r\nSec-WebSocket-Key: " + KEY),
    ],
    ids=repr,
)
async def test_what_is_no_sound_handshake_is_refused(
    house: House, spoiled: tuple[bytes, bytes]
) -> None:
    request = (REQUEST % b"/ws").replace(*spoiled)
    async with dialled(house, request) as line:
        answer = await line.rest()
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
        assert b'"code":"bad_handshake"' in answer
    await empty(house)


@pytest.mark.parametrize(
    ("head", "body"),
    [(b"Content-Length: 4", b"body"), (b"Transfer-Encoding: chunked", b"0\r\n\r\n")],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_the_body_of_a_handshake_is_not_taken_for_frames(
    house: House, head: bytes, body: bytes, at_once: bool
) -> None:
    request = REQUEST.replace(VERSION, VERSION + head + b"\r\n") % b"/ws?nick=alice"
    body += sent(1, b'{"kind":"say","text":"a"}')
    async with dialled(house, request + body * at_once) as line:
        assert (await line.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert b'"code":"bad_handshake"' in await line.until(b"}\n")
        line.writer.write(body * (not at_once))
        line.writer.write_eof()
        assert await line.rest() == b""
    await empty(house)
    assert house.said() == 0


@pytest.mark.parametrize("version", [b"8", b"7", b"12", b"99", b"", b"13, 8"])
async def test_another_version_is_told_ours(house: House, version: bytes) -> None:
    request = (REQUEST % b"/ws").replace(b"Version: 13", b"Version: " + version)
    async with dialled(house, request) as line:
        answer = await line.rest()
        assert answer.startswith(b"HTTP/1.1 426 ")
        assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
        assert b"\r\nUpgrade: websocket\r\n" in answer
        assert b'"code":"bad_version"' in answer


async def test_who_opens_the_address_in_a_browser_is_told_what_it_is(house: House) -> None:
    async with dialled(house, b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n") as line:
        assert b"a program connects with a WebSocket library" in await line.rest()


async def test_no_handshake_writes_to_the_log_of_the_server(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody could fill it: aiohttp's own check has a line for each subprotocol."""
    asks = REQUEST.replace(VERSION, VERSION + b"Sec-WebSocket-Protocol: chat, \xff\r\n")
    async with dialled(house, asks % b"/ws?nick=alice") as line:
        head = await line.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ") and b"Sec-WebSocket-Protocol" not in head
    assert caplog.records == []


async def test_a_length_of_nothing_is_no_body(house: House) -> None:
    asks = REQUEST.replace(VERSION, VERSION + b"Content-Length: 0\r\n")
    async with dialled(house, asks % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"welcome"')


async def test_a_close_reason_that_is_not_utf_8_is_answered_with_1007(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        line.writer.write(sent(8, b"\x03\xe8bye\xff"))
        assert (await line.rest()).endswith(b"\x88\x02\x03\xef")
    await empty(house)


async def test_what_is_said_right_behind_the_request_is_heard(house: House) -> None:
    said = sent(1, b'{"kind":"say","text":"early","id":"e"}')
    async with dialled(house, REQUEST % b"/ws?nick=alice" + said + said[:7]) as line:
        await line.until(b'"id":"e"')
        line.writer.write(said[7:].replace(b"early", b"later"))
        await line.until(b"\n")
    assert house.said() == 1  # the second was a retry


async def test_a_ping_is_answered_with_what_it_holds(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        line.writer.write(sent(9, b"are you there?"))
        await line.until(b"\x8a\x0eare you there?")


async def test_a_message_may_come_in_parts(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        line.writer.write(sent(1, b'{"kind":"say",', final=False) + sent(9, b"?"))
        line.writer.write(sent(0, b'"text":"whole"}'))
        await line.until(b'"text":"whole"')


async def test_who_closes_is_answered_and_what_it_said_before_is_said(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        said, not_said = (sent(1, b'{"kind":"say","text":"%b"}' % text) for text in (b"1", b"2"))
        line.writer.write(said + sent(8, b"\x03\xe8bye") + not_said)
        assert (await line.rest()).endswith(b"\x88\x02\x03\xe8")
    await empty(house)
    assert house.said() == 1


async def test_a_breach_of_the_protocol_is_told_and_closes(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        line.writer.write(sent(1, b'{"kind":"say","text":"before"}') + b"\x81\x02hi")
        await line.until(b"\x88\x02\x03\xea")
        line.writer.write(sent(8, b"\x03\xea"))
        await line.rest()
    await empty(house)
    assert house.said() == 1


async def test_who_does_not_answer_our_goodbye_is_cut() -> None:
    async with opened(linger_s=0.2) as house:
        async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
            await line.until(b'"kind":"live"')
            house.hall.close()
            assert (await line.rest()).endswith(b"\x88\x0a\x03\xe9stopping")
        await empty(house)


async def test_half_an_end_is_an_end(house: House) -> None:
    async with dialled(house, REQUEST % b"/ws?nick=alice") as line:
        await line.until(b'"kind":"live"')
        line.writer.write_eof()
        await line.rest()
    await empty(house)


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.SelectorEventLoop])
def test_the_connection_is_read_by_its_new_protocol_on_each_loop(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """aiohttp's protocol is given bytes, and ours a buffer: the loop has to change how it reads."""

    async def converse() -> None:
        async with (
            opened() as house,
            dialled(house, REQUEST % b"/ws?nick=al" + sent(1, b'{"kind":"ping","id":"1"}')) as line,
        ):
            await line.until(b'"id":"1"')
            for id in (b"2", b"3"):
                line.writer.write(sent(1, b'{"kind":"ping","id":"%b"}' % id))
                await line.until(b'"id":"%b"' % id)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(converse())
