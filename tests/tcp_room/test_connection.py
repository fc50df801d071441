"""The line door on real sockets, with the programs that people have, and with what no one should
send."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tcp_room.config import Config
from tcp_room.connection import Connection
from tcp_room.intake import LINELESS
from tcp_room.server import unix_door
from tests.browser import House, launched, opened, terminal
from tests.programs import running


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


def said(house: House) -> list[str]:
    """What is in the log, oldest first."""
    entries = house.hall.room("lobby")._window.after(0, 1 << 30) if house.said() else []
    return [entry.event.text for entry in entries]


async def until_said(house: House, *texts: str) -> None:
    async with asyncio.timeout(10):
        while said(house) != list(texts):
            await asyncio.sleep(0.01)


async def until_empty(house: House) -> None:
    async with asyncio.timeout(10):
        while len(house.hall):
            await asyncio.sleep(0.01)


async def answer(house: House, data: bytes) -> bytes:
    """All that is answered to these bytes, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(10):
        everything = await reader.read()
    writer.close()
    return everything


# -- the programs that people have


@pytest.mark.parametrize(
    ("command", "end"),
    [
        ("nc.openbsd -N localhost {}", "\n"),
        ("nc.openbsd -N -C localhost {}", "\n"),
        ("ncat localhost {}", "\n"),
        ("ncat -C localhost {}", "\n"),
        ("curl -sN telnet://localhost:{}", "\n"),
        ("socat - TCP:localhost:{}", "\n"),
        ("busybox nc 127.0.0.1 {}", "\n"),
        ("plink -batch -raw -P {} localhost", "\n"),
        ("plink -batch -telnet -P {} localhost", "\n"),
    ],
)
async def test_people_talk_with_what_they_have(house: House, command: str, end: str) -> None:
    async with (
        terminal(house, "alice") as alice,
        running(*command.format(house.tcp_port).split()) as program,
    ):
        await alice.until("alice")
        program.type(f"/nick bob{end}hello 你好{end}")
        await alice.until("<bob> hello 你好")
        await alice.type("早上好, bob")
        if "curl" in command:
            await until_said(house, "hello 你好", "早上好, bob")
            program.type("\n")  # it shows what has come when Enter is pressed, and not before
        shown = await program.until("<alice> 早上好, bob")
        assert "<bob>" not in shown


@pytest.mark.parametrize(
    "command",
    [
        "telnet localhost {}",
        "busybox telnet 127.0.0.1 {}",
        "socat -,raw,echo=0 TCP:localhost:{}",
        "plink -raw -P {} localhost",
        "plink -telnet -P {} localhost",
    ],
)
async def test_people_talk_from_terminals(house: House, command: str) -> None:
    async with (
        terminal(house, "alice") as alice,
        running(*command.format(house.tcp_port).split(), in_terminal=True) as program,
    ):
        await program.until("You are")
        program.type("/nick bob\rhello 你好\r")
        await alice.until("<bob> hello 你好")
        await alice.type("早上好, bob")
        await program.until("<alice> 早上好, bob")


async def test_people_talk_over_a_unix_socket(house: House, tmp_path: Path) -> None:
    path = str(tmp_path / "room.sock")
    async with (
        unix_door(house.hall, house.turnstile, house.addresses, path),
        terminal(house, "alice") as alice,
        running("nc.openbsd", "-U", path) as program,
    ):
        program.type("/nick bob\nhello 你好\n")
        await alice.until("<bob> hello 你好")
        await alice.type("早上好, bob")
        await program.until("<alice> 早上好, bob")
        program.kill()
        async with asyncio.timeout(10):
            while len(house.turnstile) > 1:
                await asyncio.sleep(0.01)


async def test_a_half_typed_line_can_be_had_again(house: House) -> None:
    """By Ctrl-R, in the terminal's own line editing: what the greeting tells."""
    async with (
        terminal(house, "alice") as alice,
        running("nc.openbsd", "localhost", str(house.tcp_port), in_terminal=True) as nc,
    ):
        await nc.until("Ctrl-R shows again")
        await alice.until("joined")
        nc.type("half a li")
        await nc.until("half a li")
        await alice.type("in between")
        shown = await nc.until("in between")
        nc.type("\x12")
        assert (await nc.until("^R\r\nhalf a li")).count("half a li") == 2
        nc.type("ne\n")
        assert "> half a line\n" in await alice.until("half a line")
        assert "in between" in shown


async def test_an_answer_to_are_you_there(house: House) -> None:
    assert b"* yes, still here\r\n" in await answer(house, b"hi\r\n\xff\xf6")


async def test_a_programs_line(house: House) -> None:
    async with terminal(house) as bot, terminal(house, "alice") as alice:
        await alice.until("You are")
        await bot.type("/bot ci", "the build is green")
        await alice.until("<ci|bot> the build is green")
        await alice.type("thanks")
        assert await bot.until("thanks") == "<alice> thanks\n"


async def test_the_house_may_speak_chinese() -> None:
    async with opened(lang="zh", per_address=1) as house, terminal(house, "小明") as one:
        assert "* 欢迎来到 #lobby：你是第一个来的" in await one.until("你是 小明")
        assert (
            "! 你的地址已经有 1 个连接了 (too_many_connections)"
            in (await answer(house, b"")).decode()
        )
        await one.type("/dance", "/lang en", "/dance")
        await one.until("! 没有 /dance 这个命令")
        await one.until("! there is no command /dance")


async def test_ctrl_c_in_telnet_leaves_the_screen_alive(house: House) -> None:
    async with (
        terminal(house, "alice") as alice,
        running("telnet", "localhost", str(house.tcp_port), in_terminal=True) as telnet,
    ):
        await telnet.until("You are")
        telnet.type("\x03")
        for number in range(10):
            await alice.type(f"line {number} after it")
        await telnet.until("line 9 after it")


async def test_putty_is_declined_and_heard(house: House) -> None:
    negotiation = bytes.fromhex("fffb1ffffb20fffb18fffb27fffd01fffb03fffd03")
    got = await answer(house, negotiation + b"hi from putty\r\n" + b"\xff\xec")
    assert got.startswith(bytes.fromhex("fffe1ffffe20fffe18fffe27fffc01fffe03fffc03"))
    await until_said(house, "hi from putty")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
async def test_every_line_end_is_one(house: House, end: bytes) -> None:
    await answer(house, end.join([b"one", b"two", b"three"]) + end)
    await until_said(house, "one", "two", "three")


async def test_who_sends_lf_gets_lf_and_others_crlf(house: House) -> None:
    assert b"\r" not in await answer(house, b"hi\n/who\n")
    assert (await answer(house, b"hi\r\n/who\r\n")).count(b"\r\n") >= 3


# -- the end of input


@pytest.mark.parametrize("command", ["nc.openbsd -N localhost {}", "ncat localhost {}"])
async def test_one_line_from_a_pipe_is_said_and_the_program_ends(
    house: House, command: str
) -> None:
    async with running(*command.format(house.tcp_port).split()) as program:
        program.type("last words without a line end")
        program.end_input()
        assert "You are guest-1" in await program.until_end()
    await until_said(house, "last words without a line end")


async def test_what_one_is_owed_at_the_end_of_input_is_written(house: House) -> None:
    await answer(house, "".join(f"line {number}\n" for number in range(100)).encode())
    await until_said(house, *(f"line {number}" for number in range(100)))
    got = (await answer(house, b"/history 100\n/nope")).decode()
    assert set(re.findall("> (line .*)", got)) == set(said(house))
    assert got.endswith("(unknown_command)\n")


async def test_lines_over_the_rate_are_held_back_and_all_said() -> None:
    async with opened(rate=40.0, burst_messages=5) as house:
        got = await answer(house, "".join(f"{number}\n" for number in range(30)).encode())
        assert got.decode().count("not so fast") == 1
        await until_said(house, *map(str, range(30)))


# -- who does not belong here


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost:9000\r\n\r\n/nick teacher\nforged line\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\nforged\n",
    ],
)
async def test_http_is_refused_with_the_address_of_the_page(house: House, request_: bytes) -> None:
    house.addresses.page = "http://localhost:8080/"
    async with terminal(house, "alice") as alice:
        await alice.until("You are")
        got = await answer(house, request_)
        assert got.startswith(b"HTTP/1.1 400 ")
        assert b"http://localhost:8080/" in got
        await answer(house, b"/nick bob\nonly this\n")
        shown = await alice.until("only this")
        assert "guest" not in shown
        assert said(house) == ["only this"]


async def test_a_web_page_cannot_speak_here(house: House) -> None:
    async with terminal(house, "alice") as alice, launched() as browser:
        await alice.until("You are")
        page = await browser.new_page()
        await page.goto("data:text/html,<p>another site</p>")
        await page.evaluate(
            """url => fetch(url, {
                method: "POST", mode: "no-cors", body: "/nick teacher\\nforged\\n"
            }).catch(() => null)""",
            f"http://127.0.0.1:{house.tcp_port}/",
        )
        await answer(house, b"/nick bob\nonly this\n")
        shown = await alice.until("only this")
        assert "teacher" not in shown
        assert said(house) == ["only this"]


@pytest.mark.parametrize(
    "hello", [b"\x16\x03\x01\x02\x00\x01\n/nick x\nforged\n", b"SSH-2.0-OpenSSH_9\r\nforged\r\n"]
)
async def test_tls_and_ssh_are_turned_away(house: House, hello: bytes) -> None:
    got = await answer(house, hello)
    assert b"Welcome" not in got
    assert (len(house.hall), said(house)) == (0, [])


@pytest.mark.parametrize(
    ("sent", "begins"),
    [
        (b"\r\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n/nick teacher\nforged\n", b"HTTP/1.1 400 "),
        (b"OPTIONS / RTSP/1.0\r\n\r\n", b"RTSP/1.0 400 "),
        (b"EHLO masscan\r\n", b"554 "),
        (b"PASS hunter2\r\nNICK bob\r\nUSER bob 0 * :Bob\r\n", b"ERROR :"),
        (b"NICK bob\r\nUSER bob 0 * :Bob\r\n", b"ERROR :"),
        (b"*1\r\n$4\r\nPING\r\n", b"-ERR "),
        (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nhello\r\n", b"! "),
        (b"\x03\0\0\x13\x0e\xe0\0\0\n", b""),
    ],
)
async def test_scanners_get_an_answer_and_the_room_sees_nothing(
    house: House, sent: bytes, begins: bytes
) -> None:
    async with terminal(house, "alice") as alice:
        await alice.until("You are")
        got = await answer(house, sent)
        assert got.startswith(begins)
        assert b"Welcome" not in got
        await answer(house, b"/nick bob\nonly this\n")
        assert "guest" not in await alice.until("only this")
        assert said(house) == ["only this"]


async def test_a_line_that_only_the_next_one_can_tell_is_said_after_a_moment(house: House) -> None:
    async with terminal(house) as person:
        await person.type("NICK bob")
        await until_said(house, "NICK bob")
        await person.type("hello")
        await until_said(house, "NICK bob", "hello")


async def test_a_line_that_nothing_could_tell_is_not_said_when_its_client_is_gone() -> None:
    async with opened(hello_wait_s=0.1) as house, terminal(house, "alice") as alice:
        await alice.until("You are")
        with socket.create_connection(("127.0.0.1", house.tcp_port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"PASS ME THE SALT\n")
            await until_inside(house, 2)
        await until_inside(house, 1)
        async with terminal(house) as other:  # whose line is said when its time has passed too
            await other.type("NICK bob")
            await until_said(house, "NICK bob")


async def until_inside(house: House, count: int) -> None:
    async with asyncio.timeout(10):
        while len(house.turnstile) != count:
            await asyncio.sleep(0.001)


async def test_a_byte_order_mark_is_not_said(house: House) -> None:
    assert b"You are bommer" in await answer(house, b"\xef\xbb\xbf/nick bommer\r\nhi\r\n")
    await until_said(house, "hi")


async def test_ctrl_s_in_telnet_is_no_part_of_a_line(house: House) -> None:
    await answer(house, b"he\x13llo\x11\r\n")
    await until_said(house, "hello")


async def test_putty_ends_by_its_end_of_input(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
    writer.write(b"bye\xff\xec")
    async with asyncio.timeout(10):
        assert b"You are" in await reader.read()
    writer.close()
    await until_said(house, "bye")


# -- the limits


async def most_read_in_a_turn() -> int:
    """The most bytes that the line door reads in one turn of the loop from one that floods."""
    reads: list[int] = []  # of the turn that goes on
    most = 0
    updated = Connection.buffer_updated

    def count(self: Connection, nbytes: int) -> None:
        reads.append(nbytes)
        updated(self, nbytes)

    def end_turn() -> None:
        nonlocal most
        most = max(most, sum(reads))
        reads.clear()
        asyncio.get_running_loop().call_soon(end_turn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "buffer_updated", count)
        async with opened() as house, terminal(house) as person:
            end_turn()
            await person.type(*["x"] * 100_000)
            async with asyncio.timeout(20):
                while house.said() < 100_000:
                    await asyncio.sleep(0.01)
    return most


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_flood_is_read_as_far_as_the_budget_of_a_turn_goes(loop: str) -> None:
    """libuv would read it 32 times in a row, 256 kB each."""
    factory = pytest.importorskip(loop).new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        assert Config().read_bytes <= runner.run(most_read_in_a_turn()) <= Config().turn_read_bytes


@pytest.mark.parametrize("flood", [b"\xff\xfd\x06" * 200_000, b"x" * 3_000_000])
async def test_a_flood_without_lines_is_not_read_on(house: House, flood: bytes) -> None:
    async with terminal(house, "alice") as alice, terminal(house) as other:
        await alice.until("You are")
        other.writer.write(flood)
        async with asyncio.timeout(10):
            while not any(
                outlet.reading._reasons & LINELESS for outlet in house_connections(house)
            ):
                await asyncio.sleep(0.01)
        await alice.type("hi")
        await until_said(house, "hi")


def house_connections(house: House) -> list[Connection]:
    return [
        member.outlet
        for member in house.hall.room("lobby").readers()
        if isinstance(member.outlet, Connection)
    ]


async def test_a_closed_connection_counts_until_what_is_left_of_it_is_said() -> None:
    async with opened(rate=20.0, burst_messages=2, parting_lines=30, pulse_s=0.01) as house:
        with socket.create_connection(("127.0.0.1", house.tcp_port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"hi\n" * 1000)
            async with asyncio.timeout(10):
                while not house.said():
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            while len(house.turnstile):
                assert len(house.turnstile) == 1
                counted = house.said()
                await asyncio.sleep(0.01)
        assert 30 <= house.said() < 60
        assert house.said() - counted <= 1


async def test_connections_that_are_refused_are_told_why_as_long_as_they_are_few() -> None:
    async with opened(per_address=1, refused_lingering=2) as house, terminal(house, "al") as al:
        await al.until("You are")
        kept = [await asyncio.open_connection("127.0.0.1", house.tcp_port) for _ in range(2)]
        for reader, _ in kept:
            assert b"too_many_connections" in await reader.read()
        reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
        with pytest.raises(ConnectionResetError):
            assert await reader.read() == b""
            raise ConnectionResetError
        for closing in (writer, *(writer for _, writer in kept)):
            closing.close()
        async with asyncio.timeout(10):
            while house.turnstile._refused:
                await asyncio.sleep(0.01)


async def test_one_who_never_closes_does_not_hold_up_a_stop() -> None:
    async with opened(linger_s=60.0) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
        while b"You are" not in await reader.readline():
            pass
        house.hall.close()
        async with asyncio.timeout(10):
            while len(house.turnstile):
                await asyncio.sleep(0.01)
        assert b"the server is stopping" in await reader.read()
        writer.close()


# -- what nobody should send


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("早上好".encode("gbk"), "bad_utf8"),
        (b"\xc0\xaf", "bad_utf8"),
        (b"a\0b", "bad_text"),
        (b"\x1b[31mred\x1b[0m", "bad_text"),
        (b"\x1b]52;c;ZXZpbA==\x07", "bad_text"),
        (b"a\xc2\x9bb", "bad_text"),
        (b"x" * 5000, "too_long"),
        (b"x" * 40_000, "too_long"),
        (b"x" * 1_000_000, "too_long"),
        (b"/nick <b>", "bad_nick"),
        (b"/nick alice", "nick_taken"),
        (b"/nick AIice", "nick_taken"),
        (b"/dance", "unknown_command"),
        (b"/join ../etc", "bad_room"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_bad_line_gets_an_error_and_the_next_one_works(
    house: House, line: bytes, code: str
) -> None:
    async with terminal(house, "alice") as alice, terminal(house, "bob") as bob:
        await alice.until("bob joined")
        bob.writer.write(line + b"\n")
        shown = await bob.until(f"({code})")
        assert len(re.findall(r"^(?:\d\d:\d\d )?! ", shown, re.MULTILINE)) == 1
        await bob.type("and this works")
        heard = await alice.until("<bob> and this works")
        assert heard.count("bob") == 1
        assert said(house) == ["and this works"]


async def test_a_line_of_the_limit_is_said(house: House) -> None:
    await answer(house, b"x" * 4096 + b"\n")
    await until_said(house, "x" * 4096)


async def test_backspace_erases_in_a_raw_terminal(house: House) -> None:
    await answer(house, "helo\blo 好\x7f你\r".encode())
    await until_said(house, "hello 你")


async def test_json_that_is_broken_is_not_said(house: House) -> None:
    assert b"(bad_json)" in await answer(house, b'{"kind":"hello"\n')
    assert said(house) == []


async def test_whoever_breaks_off_leaves_nothing_behind(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with terminal(house, "alice") as alice:
        await alice.until("You are")
        for number in range(300):
            with socket.create_connection(("127.0.0.1", house.tcp_port)) as client:
                linger = struct.pack("ii", 1, 0)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                client.sendall(b"whole line %d\nhalf a l" % number if number % 3 == 0 else b"")
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            while len(house.hall) > 1 or len(house.turnstile) > 1:
                await asyncio.sleep(0.01)
    assert not [line for line in said(house) if "half" in line]
    assert caplog.records == []
    gc.collect()
    assert len(asyncio.all_tasks()) <= 2


# -- the slow, the many


async def slow_reader(house: House, nick: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", house.tcp_port))
    await loop.sock_sendall(client, f"/nick {nick}\n".encode())
    return client


async def test_a_slow_reader_is_parked_and_gets_everything_once_in_order(house: House) -> None:
    count = 5000
    async with terminal(house, "alice") as alice:
        with await slow_reader(house, "slow") as slow:
            await alice.until("slow joined")
            async with terminal(house, "bob") as bob:
                await bob.until("You are")
                for number in range(count):
                    bob.writer.write(b"m%d " % number + b"x" * 1500 + b"\n")
                await bob.writer.drain()
                seen = await alice.until(f"m{count - 1} ")
                assert numbers(seen) == list(range(count))
                member = house.hall.find("slow")
                assert member.full
                assert member.condition.value == "parked"
                buffered = member.outlet._transport.get_write_buffer_size()  # type: ignore[attr-defined]
                assert buffered < 2 * house.hall.config.member_buffer_bytes
                assert numbers(await read_until(slow, b"m%d " % (count - 1))) == list(range(count))


def numbers(shown: str) -> list[int]:
    return [int(number) for number in re.findall(r"<bob> m(\d+) ", shown)]


async def read_until(client: socket.socket, end: bytes) -> str:
    data = bytearray()
    async with asyncio.timeout(30):
        while end not in data[-4000:]:
            data += await asyncio.get_running_loop().sock_recv(client, 1 << 16)
    return data.decode()


async def test_an_address_has_only_so_many_connections() -> None:
    async with (
        opened(per_address=2, linger_s=0.3) as house,
        terminal(house) as one,
        terminal(house) as two,
    ):
        await one.until("You are")
        await two.until("You are")
        got = await answer(house, b"")
        assert got.endswith(b"(too_many_connections)\r\n")
        await one.type("/quit")
        async with asyncio.timeout(10):
            while len(house.turnstile) > 1:
                await asyncio.sleep(0.01)
        assert b"You are" in await answer(house, b"hi\n")


async def test_a_stopping_server_says_so() -> None:
    async with opened() as house, terminal(house, "alice") as alice:
        await alice.until("You are")
        house.hall.close()
        assert "the server is stopping" in await alice.until("stopping")
        assert await alice.reader.read() == b""
        await until_empty(house)


async def test_one_who_breaks_off_just_then_does_not_hold_up_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened() as house, terminal(house, "alice") as alice:
        await alice.until("You are")
        gone = await slow_reader(house, "mallory")
        await read_until(gone, b"You are mallory.\n")
        await alice.until("mallory joined")
        gone.close()
        house.hall.close()  # before the loop has told anybody
        assert await alice.reader.read() != b""
        alice.writer.close()
        async with asyncio.timeout(10):
            while len(house.turnstile):
                await asyncio.sleep(0.01)
        assert caplog.records == []
