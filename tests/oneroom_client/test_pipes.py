"""The commands in pipes, as scripts use them: real processes, real pipes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest

from tests.browser import House, terminal
from tests.oneroom_client.house import logged, open_house, said
from tests.oneroom_client.shell import ONEROOM, sh, shell
from tests.oneroom_client.tmux import tmux
from tests.web_gateway.test_cli import started


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


async def say(house: House, *lines: str) -> None:
    async with terminal(house, "bob") as bob:
        await bob.type(*lines, "/quit")
        while await bob.reader.readline():
            pass


# -- join


@pytest.mark.parametrize("door", ["", "http"])
async def test_a_thousand_lines_are_said_in_order_once_each(house: House, door: str) -> None:
    address = house.url if door else ""
    done = await sh(f"seq 1000 | oneroom join {address} -n counter", house)
    assert (done.status, done.err) == (0, "")
    assert said(house) == [str(number) for number in range(1, 1001)]


async def test_lines_are_said_as_they_stand_and_the_last_needs_no_end(house: House) -> None:
    done = await sh("oneroom join -n ci", house, "/etc/passwd\r\n\n//x\n你好".encode())
    assert (done.status, done.err) == (0, "")
    assert said(house) == ["/etc/passwd", "//x", "你好"]


async def test_what_comes_out_is_the_room_without_ones_own_lines(house: House) -> None:
    await say(house, "one", "/me waves", "/topic tea")
    done = await sh("oneroom join -n ci", house, b"mine\n")
    lines = [re.sub(r"^\d\d:\d\d ", "", line) for line in done.out.splitlines()]
    assert lines[:3] == ["<bob> one", "** bob waves", "* bob set the topic: tea"]
    assert "mine" not in done.out
    assert done.err == ""


async def test_nothing_but_json_comes_out_as_json(house: House) -> None:
    await say(house, "one \u200b 二")
    done = await sh("oneroom join --json -n ci", house, b"mine\n")
    events = [json.loads(line) for line in done.out.splitlines()]
    kinds = [event["kind"] for event in events]
    assert kinds[0] == "welcome" and "live" in kinds
    assert [e["text"] for e in events if e["kind"] == "say"] == ["one \u200b 二", "mine"]


async def test_json_lines_in_are_messages_of_the_wire(house: House) -> None:
    sent = b'{"kind":"act","text":"waves","id":"my-own"}\n{"kind":"nick","nick":"cd"}\nplain\n'
    done = await sh("oneroom join --json -n ci", house, sent)
    assert (done.status, done.err) == (0, "")
    events = [json.loads(line) for line in done.out.splitlines()]
    said = [(e["nick"], e["kind"], e["text"]) for e in events if e["kind"] in ("say", "act")]
    assert said == [("ci", "act", "waves"), ("cd", "say", "plain")]
    assert "my-own" in [event.get("id") for event in events]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"x" * 5000, "too_long"),
        (b"x" * 50_000, "too_long"),
        (b"\x1b[31m", "bad_text"),
        ("你".encode("gbk"), "bad_utf8"),
        (b'{"kind":"dance"}', "bad_message"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_a_line_that_is_refused_is_told_of_and_the_others_are_said(
    house: House, sent: bytes, code: str
) -> None:
    done = await sh("oneroom join --json -n ci", house, b"one\n" + sent + b"\ntwo\n")
    assert done.status == 1
    assert len(done.err.splitlines()) == 1 and f"({code})" in done.err
    assert said(house) == ["one", "two"]


async def test_a_program_can_answer_through_it(house: House) -> None:
    """What one writes does not come back to oneself, or bots would talk to themselves."""
    line = "oneroom join -n echo --bot --count 2 --no-history --quiet --time off"
    async with (
        terminal(house, "alice") as alice,
        shell(line, house) as process,
        asyncio.timeout(20),
    ):
        assert process.stdin is not None and process.stdout is not None
        await alice.until("echo joined")
        await alice.type("q0")
        assert await process.stdout.readline() == b"<alice> q0\n"
        process.stdin.write(b"a0\n")
        await alice.until("<echo|bot> a0")
        await alice.type("q1")
        assert await process.stdout.read() == b"<alice> q1\n"
        assert await process.wait() == 0


async def test_after_its_input_ended_it_listens_as_long_as_it_is_told_to(house: House) -> None:
    line = "echo ping | oneroom join -n ci --count 1 --no-history"
    async with (
        terminal(house, "alice") as alice,
        shell(line, house) as process,
        asyncio.timeout(20),
    ):
        await alice.until("<ci> ping")
        await alice.type("pong")
        done, _ = await process.communicate()
        assert (await process.wait(), b"<alice> pong" in done) == (0, True)


# -- tail, say, who


async def test_a_reader_that_has_enough_ends_it(house: House) -> None:
    await say(house, *map(str, range(10)))
    done = await sh("oneroom tail --json | head -5", house)
    assert (done.status, done.err) == (0, "")
    assert [json.loads(line)["kind"] for line in done.out.splitlines()] == ["welcome", *["say"] * 4]


async def test_a_reader_that_went_is_noticed_though_nothing_is_said(house: House) -> None:
    await say(house, "only this")
    done = await sh("oneroom tail --quiet | head -1", house)
    assert (done.status, done.out.endswith("<bob> only this\n")) == (0, True)


async def test_what_is_piped_in_is_said_though_nobody_reads_what_comes_out(house: House) -> None:
    async with (
        terminal(house, "bob") as bob,
        shell("oneroom join -n ci | head -1", house) as process,
        asyncio.timeout(20),
    ):
        assert process.stdin is not None and process.stdout is not None
        await bob.until("ci joined")
        await bob.type("one", "two")
        assert await process.stdout.readline()  # head has had enough
        for number in range(5):
            await bob.type("is anybody there?")
            process.stdin.write(b"%d\n" % number)
            await bob.until(f"<ci> {number}")
        process.stdin.close()
        assert await process.wait() == 0


async def test_how_much_is_shown_can_be_chosen(house: House) -> None:
    await say(house, *(f"m{number}" for number in range(5)))
    since = await sh("oneroom tail --since 3 --exit-after 300ms --time off", house)
    assert since.out.splitlines()[:2] == ["<bob> m3", "<bob> m4"]
    count = await sh("oneroom tail --count 2 --time off", house)
    assert count.out.splitlines() == ["<bob> m0", "<bob> m1"]
    none = await sh("oneroom tail --no-history --quiet --exit-after 300ms", house)
    assert (none.status, none.out) == (0, "")


async def test_a_gap_is_shown() -> None:
    async with open_house(memory_events=4, window_events=2) as house:
        await say(house, *map(str, range(30)))
        done = await sh("oneroom tail --since 2 --exit-after 300ms", house)
        assert re.match(r"\* Messages 3 to \d+ are no longer kept\n", done.out)


async def test_one_message_of_several_lines_can_be_said(house: House) -> None:
    done = await sh("printf 'one\ntwo\n' | oneroom say -n ci --json", house)
    event = json.loads(done.out)
    assert (done.status, event["text"], event["nick"]) == (0, "one\ntwo", "ci")
    await sh("oneroom say these are words", house)
    assert said(house) == ["one\ntwo", "these are words"]


@pytest.mark.parametrize(
    ("line", "status", "complaint"),
    [
        ("oneroom say --at 127.0.0.1:1 x", 3, "Connection refused"),
        ("oneroom tail http://127.0.0.1:1", 3, "cannot be reached"),
        ("echo x | oneroom join no-such-host.invalid", 3, "cannot be reached"),
        ("oneroom say -n 'a<b' x", 4, "(bad_nick)"),
        ("oneroom say -r ../etc x", 4, "(bad_room)"),
        ("oneroom say $(head -c 5000 /dev/zero | tr '\\0' x)", 1, "(too_long)"),
        ("oneroom say $'caf\\xe9'", 1, "(bad_utf8)"),
        ("oneroom say -n $'caf\\xe9' x", 1, "(bad_utf8)"),
        ("oneroom join -n $'caf\\xe9' < /dev/null", 1, "(bad_utf8)"),
        ("oneroom say --at $'caf\\xe9' x", 3, "cannot be reached"),
        ("printf '\\377' | oneroom say", 1, "(bad_utf8)"),
    ],
)
async def test_what_goes_wrong_is_a_status_and_one_line(
    house: House, line: str, status: int, complaint: str
) -> None:
    done = await sh(line, house)
    assert (done.status, done.out) == (status, "")
    assert len(done.err.splitlines()) == 1 and complaint in done.err


@pytest.mark.parametrize(
    "line", ["oneroom tail --count 0", "oneroom tail --exit-after soon", "oneroom who ftp://x"]
)
async def test_flags_that_make_no_sense_are_status_2(line: str) -> None:
    done = await sh(line)
    assert (done.status, done.out) == (2, "")


async def test_what_is_not_acknowledged_in_time_is_status_5() -> None:
    async def welcoming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limits = {"text_bytes": 9, "nick_chars": 9, "rate": 0}
        welcome = {"kind": "welcome", "nick": "x", "room": "r", "epoch": "e", "seq": 0, "topic": ""}
        more = {"members": [], "count": 1, "limits": limits, "replay": 0, "since": 0, "at": 0}
        writer.write(json.dumps({**welcome, **more}).encode() + b"\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(welcoming, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for line in (
        f"oneroom say --at 127.0.0.1:{port} --timeout 200ms x",
        f"echo x | oneroom join 127.0.0.1:{port} --timeout 200ms",
    ):
        done = await sh(line)
        assert (done.status, len(done.err.splitlines())) == (5, 1)
    server.close()


@pytest.mark.parametrize("line", ["say x", "who", "tail", "join"])
async def test_a_port_that_accepts_and_is_silent_is_given_up_in_time(line: str) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    done = await sh(f"oneroom {line} --timeout 200ms", port=port)
    assert (done.status, done.out) == (3, "")
    assert "does not answer as a room within 0.2 s" in done.err
    server.close()


@pytest.mark.parametrize(
    ("line", "status", "complaint"),
    [
        ("oneroom tail --count 5 > /dev/full", 1, "standard output cannot be written: No space"),
        ("oneroom who --json > /dev/full", 1, "standard output cannot be written: No space"),
        ("oneroom tail >&-", 1, "standard output is closed"),
        ("oneroom join < /dev/null >&-", 1, "standard output is closed"),
        ("oneroom join <&-", 1, "standard input is closed"),
        ("oneroom join --no-history 0> /dev/null", 1, "standard input cannot be read: Bad file"),
        ("oneroom say 0> /dev/null", 1, "standard input cannot be read: Bad file"),
        ("oneroom say hi >&- <&-", 0, None),
        ("oneroom say -n 'a<b' hi 2>&-", 4, None),
        ("oneroom say -n 'a<b' hi 2> /dev/full", 4, None),
        ("oneroom tail --count 1 --since 0 2>&- >&-", 1, None),
        ("oneroom --help > /dev/full", 1, "standard output cannot be written: No space"),
    ],
)
async def test_a_full_or_closed_descriptor_is_a_sentence_and_a_status(
    house: House, line: str, status: int, complaint: str | None
) -> None:
    await say(house, *map(str, range(5)))
    done = await sh(line, house)
    assert (done.status, done.out) == (status, "")
    assert len(done.err.splitlines()) == (complaint is not None), done.err
    assert (complaint or "") in done.err


async def test_nothing_is_printed_into_a_connection(house: House) -> None:
    """A closed descriptor's number is not given to a socket."""
    async with terminal(house, "alice") as alice:
        await alice.until("You are")
        assert (await sh("oneroom say -n 'a<b' hi 2>&-", house)).status == 4
        assert (await sh("oneroom say -n ci one >&- 2>&- <&-", house)).status == 0
        await alice.until("<ci> one")
    assert said(house) == ["one"]


async def test_the_output_of_a_program_is_cleaned_and_cut(house: House) -> None:
    await sh(r"printf '\033[31mred\033[0m build\033[K\n' | oneroom say", house)
    await sh("head -c 3000000 /dev/zero | tr '\\0' x | oneroom say", house)
    await sh("yes 你好 | head -c 1500000 | oneroom say", house)
    colored, long, chinese = said(house)
    assert colored == "red build"
    assert re.fullmatch(r"x{4000,4096}…\(\+(\d+) bytes\)", long)
    assert len(long.rstrip(")").encode()) < 4096 < len(chinese.encode()) + 10
    assert "bytes)" in chinese


@pytest.mark.parametrize("command", ["who", "tail --count 1 --quiet", "tail --exit-after 100ms"])
async def test_a_reader_is_seen_by_nobody(house: House, command: str) -> None:
    async with terminal(house, "alice") as alice:
        await alice.type("hi")
        await alice.until("You are")
        assert (await sh(f"oneroom {command}", house)).status == 0
        await alice.type("/who")
        told = await alice.until("1 in #lobby")
        assert "joined" not in told and "guest" not in told


async def test_who_says_no_history_is_not_promised_any(house: House, tmp_path: Path) -> None:
    await say(house, *map(str, range(5)))
    line = f"{ONEROOM} join 127.0.0.1:{house.tcp_port} -n al --no-history"
    async with tmux(line, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
        shown = await screen.until("You are al.")
        assert "The last" not in shown


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("oneroom say --at 127.0.0.1:1 x", "连接被拒绝"),
        ("oneroom who 127.0.0.1:1", "连接被拒绝"),
        ("oneroom say -n 'a<b' x", "不能用作名字"),
        ("oneroom say $'\\xff'", "不是 UTF-8"),
        ("oneroom who localhost:abc", "端口"),
        ("oneroom tail --timeout 1ms 127.0.0.1:1", "连接被拒绝"),
    ],
)
async def test_it_speaks_chinese_where_the_locale_does(
    house: House, line: str, sentence: str
) -> None:
    done = await sh(line, house, LC_MESSAGES="zh_CN.UTF-8", LC_ALL="")
    assert sentence in done.err, done.err


async def test_ctrl_c_is_status_130(house: House) -> None:
    async with shell(f"exec {ONEROOM} tail", house) as process, asyncio.timeout(20):
        while not len(house.turnstile):
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (130, b"")


async def test_who_is_here_is_told_a_name_a_line(house: House) -> None:
    async with terminal(house, "小明") as one, terminal(house, "bob") as bob:
        await one.until("You are")
        await bob.until("You are")
        assert (await sh("oneroom who | sort", house)).out.split() == ["bob", "小明"]
        done = await sh("oneroom who --json", house)
        assert {"nick": "小明", "door": "tcp"} in json.loads(done.out)
    assert (await sh("oneroom who -r attic", house)).out == ""


async def test_it_goes_on_over_a_restart(tmp_path: Path) -> None:
    """Lines that are piped in while the server is away are said when it is back."""
    settings = {"data": str(tmp_path), "shutdown_s": 0.3}
    async with AsyncExitStack() as stack:
        async with open_house(**settings) as house:
            port = house.tcp_port
            line = "oneroom join --no-history --json -n ci"
            process = await stack.enter_async_context(shell(line, house))
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(b"one\n")
            while b'"text":"one"' not in await process.stdout.readline():
                pass
        process.stdin.write(b"two\nthree\n")
        process.stdin.close()
        async with open_house(**settings, tcp_port=port) as house:
            out, err = await process.communicate()
            assert await logged(house) == ["one", "two", "three"]
        heard = [json.loads(line)["text"] for line in out.splitlines() if b'"say"' in line]
        assert (process.returncode, heard) == (0, ["two", "three"]), (out, err)
        first, *others = err.decode().splitlines()
        assert first == "oneroom: the server is stopping; come back in a moment"
        assert all("again" in other for other in others)  # it took its time


async def test_a_server_that_is_killed_loses_and_repeats_nothing(tmp_path: Path) -> None:
    """With what is piped in on its way: all of it, in order, once each."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = ("--tcp-port", str(port), "--http-port", "0", "--rate", "0", "--data", str(tmp_path))
    address = f"127.0.0.1:{port}"
    line = f"seq 8000 | oneroom join {address} -n counter > /dev/null"
    with ExitStack() as stack:
        first = stack.enter_context(started(*flags))
        async with shell(line) as process:
            count = 0
            while count < 300:
                told = await sh(f"oneroom tail {address} --json | head -1")
                count = json.loads(told.out)["seq"]
            first.process.kill()
            first.process.wait()
            assert process.returncode is None, "it was done before the server was killed"
            stack.enter_context(started(*flags))
            _, errors = await process.communicate()
            assert await process.wait() == 0, errors
        done = await sh(f"oneroom tail {address} --since 0 --count 8000 --time off --quiet")
    assert done.out.splitlines() == [f"<counter> {number}" for number in range(1, 8001)]
