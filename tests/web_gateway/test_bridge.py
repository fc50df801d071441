"""The web door on real sockets, by aiohttp's client and by bytes of our own."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import WSMsgType

from tcp_room.messages import Hello
from tests import fakes
from tests.browser import House, opened, terminal
from tests.web_gateway.test_frames import sent
from web_gateway.bridge import Bridge


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


class Visitor:
    """A program on a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next event of that kind with these fields."""
        wanted = {"kind": kind, **fields}
        while True:
            while self.events:
                event = self.events.pop(0)
                if wanted.items() <= event.items():
                    return event
            message = await self.socket.receive(timeout=10)
            assert message.type is WSMsgType.TEXT, message
            self.events += [json.loads(line) for line in message.data.splitlines()]

    async def close_code(self) -> int | None:
        while (await self.socket.receive(timeout=10)).type is WSMsgType.TEXT:
            pass
        return self.socket.close_code


@asynccontextmanager
async def visiting(
    house: House, query: str = "", *, pongs: bool = True, **headers: str
) -> AsyncIterator[Visitor]:
    url = f"{house.url}/ws{query}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers=headers, max_msg_size=0, autoping=pongs) as socket,
    ):
        yield Visitor(socket)


@asynccontextmanager
async def entered(house: House, nick: str) -> AsyncIterator[Visitor]:
    async with visiting(house, f"?nick={nick}") as visitor:
        await visitor.until("live")
        yield visitor


async def refusal(house: House, query: str = "", **headers: str) -> tuple[int, str]:
    """Status and code of an answer that is no WebSocket."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{house.url}/ws{query}", headers={**upgrade, **headers}) as response,
    ):
        return response.status, (await response.json())["code"]


# -- coming in


async def test_a_hello_chooses_name_and_room(house: House) -> None:
    async with visiting(house) as visitor:
        await visitor.send(kind="hello", nick="小明", room="3班")
        welcome = await visitor.until("welcome")
        assert (welcome["nick"], welcome["room"]) == ("小明", "3班")
        assert welcome["members"] == [{"nick": "小明", "door": "web"}]
        assert welcome["limits"]["tcp_port"] == house.tcp_port


async def test_the_query_may_say_hello(house: House) -> None:
    async with entered(house, "alice") as alice:
        for number in range(5):
            await alice.send(kind="say", text=str(number))
        await alice.until("say", text="4")
    async with visiting(house, "?nick=bob&room=lobby&since=3") as bob:
        welcome = await bob.until("welcome", nick="bob")
        assert [(await bob.until("say"))["seq"] for _ in range(2)] == [4, 5]
        await bob.until("live", seq=5)
        assert welcome["seq"] == 5


async def test_silence_is_a_guest(house: House) -> None:
    async with visiting(house) as visitor:
        assert (await visitor.until("welcome"))["nick"] == "guest-1"


async def test_a_refused_hello_can_be_said_again(house: House) -> None:
    async with entered(house, "alice"), visiting(house) as visitor:
        await visitor.send(kind="hello", nick="Alice", id="h1")
        await visitor.until("error", code="nick_taken", id="h1")
        await visitor.send(kind="say", text="too early", id="s1")
        await visitor.until("error", code="not_here", id="s1")
        await visitor.send(kind="hello", nick="alice2")
        await visitor.until("welcome", nick="alice2")
    assert house.said() == 0


async def test_a_person_whose_name_is_taken_is_a_guest(house: House) -> None:
    async with entered(house, "alice"), visiting(house, "?view=text&nick=alice") as visitor:
        first = (await visitor.socket.receive(timeout=10)).data
        second = (await visitor.socket.receive(timeout=10)).data
        assert "(nick_taken)" in first
        assert "You are guest-1" in second


async def test_the_text_view_comes_in_frames(house: House) -> None:
    async with visiting(house, "?view=text&nick=bob") as bob, terminal(house, "alice") as alice:
        await alice.until("You are")
        await bob.socket.send_str("hello")
        await alice.until("<bob> hello")
        await alice.type("早上好")
        shown = ""
        while "<alice> 早上好\n" not in shown:
            shown += (await bob.socket.receive(timeout=10)).data
        assert "<bob>" not in shown
        assert "\r" not in shown


@pytest.mark.parametrize("query", ["?since=x", "?since=-1", "?since=" + "9" * 40])
async def test_a_since_that_is_no_number_is_refused(house: House, query: str) -> None:
    assert await refusal(house, query) == (400, "bad_message")


@pytest.mark.parametrize("view", ["weird", "TEXT", ""])
async def test_a_view_that_there_is_not_is_refused(house: House, view: str) -> None:
    assert await refusal(house, f"?view={view}&nick=alice") == (400, "bad_message")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_other_peoples_pages_are_refused(house: House, origin: str) -> None:
    assert await refusal(house, "?nick=mallory", Origin=origin) == (403, "foreign_origin")
    assert (len(house.hall), len(house.turnstile)) == (0, 0)


async def test_our_own_page_is_let_in(house: House) -> None:
    async with visiting(house, "?nick=alice", Origin=house.url) as visitor:
        await visitor.until("welcome", nick="alice")


async def test_an_address_has_only_so_many_connections() -> None:
    async with opened(per_address=1) as house, terminal(house) as alice:
        await alice.until("You are")
        assert await refusal(house) == (503, "too_many_connections")


# -- what nobody should send


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "bad_json"),
        ("hello?", "bad_json"),
        ('"\\ud800"', "bad_json"),
        ('{"kind":"say","text":"\\ud800"}', "bad_json"),
        ("[1,2]", "bad_message"),
        ('{"kind":"dance"}', "bad_message"),
        ('{"kind":"say"}', "bad_message"),
        ('{"kind":"say","text":5}', "bad_message"),
        ('{"kind":"say","text":"x","id":""}', "bad_message"),
        ('{"kind":"say","text":"a\\u0000b"}', "bad_text"),
        ('{"kind":"say","text":"\\u001b[31m"}', "bad_text"),
        ('{"kind":"say","text":"  "}', "empty"),
        ('{"kind":"say","text":"' + "x" * 4097 + '"}', "too_long"),
        ('{"kind":"nick","nick":"a<b"}', "bad_nick"),
        ('{"kind":"join","room":"../x"}', "bad_room"),
        ('{"kind":"dm","to":"nobody","text":"hi"}', "no_such_member"),
        ('{"kind":"command","line":"/dance"}', "unknown_command"),
        ('{"kind":"say","text":"x","more":' + "[" * 10_000 + "]" * 10_000 + "}", "bad_json"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_bad_message_gets_an_error_and_the_next_one_works(
    house: House, line: str, code: str
) -> None:
    async with entered(house, "alice") as alice, entered(house, "bob") as bob:
        await bob.socket.send_str(line)
        error = await bob.until("error")
        assert error["code"] == code
        assert error["text"]
        await bob.send(kind="say", text="and this works")
        assert (await alice.until("say"))["text"] == "and this works"
        assert house.said() == 1


async def test_bytes_that_are_not_utf_8_end_the_connection(house: House) -> None:
    async with entered(house, "alice") as alice, entered(house, "bob") as bob:
        await bob.send(kind="say", text="before")
        await bob.socket._writer.send_frame(b'{"kind":"say","text":"\xff"}', WSMsgType.TEXT)
        assert await bob.close_code() == 1007
        assert (await alice.until("say"))["text"] == "before"
    assert house.said() == 1


async def test_a_line_over_the_limit_is_answered_and_the_others_are_heard(house: House) -> None:
    """The same limit and the same answer as on the line door."""
    async with entered(house, "alice") as alice:
        long = '{"kind":"ping","id":"' + "x" * house.hall.config.line_bytes + '"}'
        await alice.socket.send_str(
            '{"kind":"ping","id":"1"}\n' + long + '\n{"kind":"ping","id":"2"}'
        )
        await alice.until("pong", id="1")
        assert "32768 bytes" in (await alice.until("error", code="too_long"))["text"]
        await alice.until("pong", id="2")


@pytest.mark.parametrize(
    ("size", "closed"), [(33_000, None), (1_000_000, 1009)], ids=["long", "endless"]
)
async def test_an_oversized_message_disturbs_nobody(
    house: House, size: int, closed: int | None
) -> None:
    async with entered(house, "alice") as alice, entered(house, "bob") as bob:
        await bob.send(kind="say", text="x" * size)
        if closed:
            assert await bob.close_code() == closed
        else:
            await bob.until("error", code="too_long")
        await alice.send(kind="say", text="still here")
        assert (await alice.until("say"))["text"] == "still here"


class Wire:
    """A transport without an event loop: it remembers what was written, and whether it is read."""

    def __init__(self) -> None:
        self._ends = socket.socketpair()
        self.written = b""
        self.is_read = True

    def get_extra_info(self, name: str) -> Any:
        return {"socket": self._ends[0]}.get(name)

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int) -> None: ...

    def end(self) -> None:
        for end in self._ends:
            end.close()


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (sent(9, b"?"), b"\x8a\x01?"),
        (sent(10, b""), b""),
        (sent(1, b""), b""),
        (sent(1, b"", final=False) + sent(0, b""), b""),
    ],
    ids=["pings", "pongs", "empty messages", "empty fragments"],
)
def test_frames_that_bring_no_line_are_handled_at_a_pace(frame: bytes, answer: bytes) -> None:
    """However many come at once: the rest waits, and the connection is not read meanwhile."""
    house = fakes.House(
        frames_at_once=10, control_as_bytes=10, lineless_bytes_per_s=100, lineless_burst_bytes=100
    )
    bridge = Bridge(house.hall, None, Hello(nick="al"), lost=lambda gone: None, leave=lambda: None)
    bridge.connection_made(cast(asyncio.Transport, wire := Wire()))
    house.loop.settle()
    bridge.take_in(frame * 35 + sent(1, b'{"kind":"ping","id":"after"}'))
    assert wire.written.count(answer) <= 10 or not answer  # in one turn
    seconds = 0
    house.loop.advance(1.0)
    while b"after" not in wire.written:
        seconds += 1
        assert not wire.is_read
        assert wire.written.count(answer) <= 20 + 10 * seconds or not answer
        house.loop.advance(1.0)
    house.loop.advance(1.0)
    assert wire.is_read and seconds >= 1
    wire.end()


async def test_binary_messages_are_not_for_us(house: House) -> None:
    async with entered(house, "alice") as alice:
        await alice.socket.send_bytes(b"hi")
        assert await alice.close_code() == 1003


async def test_one_message_may_carry_several_lines(house: House) -> None:
    async with entered(house, "alice") as alice:
        lines = [json.dumps({"kind": "say", "text": text, "id": text}) for text in "abc"]
        await alice.socket.send_str("\n".join(lines))
        assert [(await alice.until("say"))["id"] for _ in range(3)] == ["a", "b", "c"]


# -- pace, loss, the end


async def test_lines_over_the_rate_are_held_back_in_order() -> None:
    async with opened(rate=50.0, burst_messages=3) as house, entered(house, "alice") as alice:
        for number in range(20):
            await alice.send(kind="say", text=str(number))
        await alice.until("notice")
        said = [(await alice.until("say"))["text"] for _ in range(20)]
        assert said == [str(number) for number in range(20)]


async def test_a_slow_reader_is_parked_and_gets_everything_once_in_order(house: House) -> None:
    count = 3000
    async with entered(house, "alice") as alice, terminal(house, "bob") as bob:
        await bob.until("You are")
        member = house.hall.find("alice")
        alice.socket._conn.transport.pause_reading()  # type: ignore[union-attr]
        for number in range(count):
            bob.writer.write(b"%d " % number + b"x" * 3000 + b"\n")
        await bob.writer.drain()
        async with asyncio.timeout(20):
            while house.said() < count or not member.full:
                await asyncio.sleep(0.01)
        alice.socket._conn.transport.resume_reading()  # type: ignore[union-attr]
        assert [(await alice.until("say"))["seq"] for _ in range(count)] == [*range(1, count + 1)]


async def test_who_answers_no_ping_is_cut_unless_it_has_still_to_read() -> None:
    async with (
        opened(heartbeat_s=0.2, pulse_s=0.05) as house,
        entered(house, "alice") as alice,
        entered(house, "carl") as carl,
        terminal(house, "bob") as bob,
    ):
        await bob.until("You are")
        alice.socket._conn.transport.pause_reading()  # type: ignore[union-attr]
        for number in range(3000):
            bob.writer.write(b"%d " % number + b"x" * 3000 + b"\n")
        await bob.writer.drain()
        async with asyncio.timeout(20):
            while not house.hall.find("alice").full:
                await asyncio.sleep(0.01)
            for _ in range(3):
                async with visiting(house, "?nick=dead", pongs=False) as dead:
                    while (await dead.socket.receive()).type is not WSMsgType.CLOSED:
                        pass
            await carl.until("say", seq=3000)
        await carl.send(kind="say", text="still here")
        alice.socket._conn.transport.resume_reading()  # type: ignore[union-attr]
        assert [(await alice.until("say"))["seq"] for _ in range(3001)] == [*range(1, 3002)]


async def test_who_breaks_off_leaves_nothing_behind(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with entered(house, "bob") as bob:
        async with entered(house, "alice") as alice:
            await alice.send(kind="say", text="last words")
            alice.socket._conn.transport.abort()  # type: ignore[union-attr]
        await bob.until("say", text="last words")
        async with asyncio.timeout(10):
            while len(house.hall) > 1 or len(house.turnstile) > 1:
                await asyncio.sleep(0.01)
        await bob.send(kind="say", text="still here")
        await bob.until("say", text="still here")
    assert caplog.records == []


async def test_a_connection_counts_until_what_it_said_is_said() -> None:
    async with (
        opened(rate=20.0, burst_messages=1) as house,
        entered(house, "bob") as bob,
        entered(house, "alice") as alice,
    ):
        for number in range(10):
            await alice.send(kind="say", text=str(number))
        await bob.until("say", text="0")
        alice.socket._conn.transport.abort()  # type: ignore[union-attr]
        for number in range(1, 10):
            assert len(house.turnstile) == 2
            await bob.until("say", text=str(number))
        async with asyncio.timeout(10):
            while len(house.turnstile) > 1:
                await asyncio.sleep(0.01)


async def test_the_same_session_takes_its_name_back(house: House) -> None:
    hello = {"kind": "hello", "nick": "alice", "session": "s" * 16}
    async with visiting(house) as first, visiting(house) as second:
        await first.send(**hello)
        await first.until("live")
        await first.send(kind="say", text="hi", id="x")
        await first.until("say")
        await second.send(**hello)
        await second.until("welcome", nick="alice")
        await second.until("live")
        assert await first.close_code() == 4001
        await second.send(kind="say", text="hi", id="x")  # a retry, by another connection
        assert (await second.until("say", id="x"))["seq"] == 1
        assert house.said() == 1


async def test_a_stopping_server_says_so_and_closes_with_1001() -> None:
    async with visiting_a_house_that_closes() as (house, alice):
        house.hall.close()
        await alice.until("notice")
        assert await alice.close_code() == 1001


@asynccontextmanager
async def visiting_a_house_that_closes() -> AsyncIterator[tuple[House, Visitor]]:
    async with opened() as house, entered(house, "alice") as alice:
        yield house, alice
