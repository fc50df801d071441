"""The prompt, in a real terminal (tmux) and against a real room."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.browser import House, terminal
from tests.oneroom_client.house import logged, open_house, said
from tests.oneroom_client.shell import ONEROOM
from tests.oneroom_client.tmux import Tmux, tmux

HALF = "你好，我还没写完 half a line"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@asynccontextmanager
async def joined(
    house: House, folder: Path, flags: str = "-n 小明", **variables: str
) -> AsyncIterator[Tmux]:
    address = f"127.0.0.1:{house.tcp_port}"
    variables["PYTHONPATH"] = str(Path.cwd())
    async with tmux(f"{ONEROOM} join {address} {flags}", folder, **variables) as screen:
        await screen.until("#lobby · ")
        yield screen


async def until_said(house: House, *texts: str) -> None:
    async with asyncio.timeout(15):
        while said(house) != list(texts):
            await asyncio.sleep(0.02)


def prompt(screen: str) -> str | None:
    """What stands where one types, wrapped lines put together; None while it is drawn."""
    lines = screen.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("小明>")]
    if not starts:
        return None
    return "".join(line.rstrip() for line in lines[starts[-1] : -1]).removeprefix("小明>").strip()


async def test_a_half_typed_line_survives_a_thousand_messages_and_a_resize(
    house: House, tmp_path: Path
) -> None:
    async with terminal(house, "bob") as bob, joined(house, tmp_path) as screen:
        await screen.type(HALF)
        await screen.until(HALF)
        for number in range(1000):
            await bob.type(f"第 {number} 条 message")
        await screen.until(lambda shown: "第 999 条 message" in shown and prompt(shown) == HALF)
        await screen.run("resize-window", "-x", "50", "-y", "12")
        await bob.type("after the resize")
        status = re.compile(r"#lobby · 2 here · lag \d+ ms")
        await screen.until(
            lambda shown: (
                "after the resize" in shown
                and HALF in shown
                and bool(status.fullmatch(shown.splitlines()[-1]))
            )
        )
        everything = await screen.everything()
        assert re.findall(r"<bob> 第 (\d+) 条", everything) == [str(n) for n in range(1000)]
        await screen.type("，现在完了")
        await screen.press("Enter")
        sent = f"<小明> {HALF}，现在完了"
        await screen.until(lambda shown: sent in shown and prompt(shown) == "")


async def test_ctrl_c_clears_the_line_and_then_leaves(house: House, tmp_path: Path) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type("never mind")
        await screen.until("never mind")
        await screen.press("C-c")
        shown = await screen.until(lambda shown: prompt(shown) == "")
        assert "ended with" not in shown
        await screen.press("C-c")
        shown = await screen.until("ended with 130")
        assert "#lobby ·" not in shown and "小明>" not in shown
    assert said(house) == []


async def test_ctrl_c_while_it_connects_is_silent(tmp_path: Path) -> None:
    connected = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    command = f"{ONEROOM} join 127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with tmux(command, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
        await asyncio.wait_for(connected.wait(), 15)
        await screen.press("C-c")
        shown = await screen.until("ended with 130")
    assert shown.split() == ["^C", "ended", "with", "130"]
    server.close()


async def test_ctrl_d_leaves_an_empty_line_alone(house: House, tmp_path: Path) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type("x")
        await screen.press("Left", "C-d")  # deletes it, as in a shell
        await screen.until(lambda shown: prompt(shown) == "")
        await screen.type("last words")
        await screen.press("Enter", "C-d")
        await screen.until("ended with 0")
    assert said(house) == ["last words"]


@pytest.mark.parametrize("words", ["/quit", "／quit"])
async def test_quitting_is_status_0(house: House, tmp_path: Path, words: str) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type(words)
        await screen.press("Enter")
        await screen.until("ended with 0")


async def test_the_server_restarts_and_the_client_carries_on(tmp_path: Path) -> None:
    settings = {"data": str(tmp_path / "log"), "shutdown_s": 0.3}
    async with open_house(**settings) as house:
        port = house.tcp_port
        going = joined(house, tmp_path)
        screen = await going.__aenter__()
        await screen.type("before")
        await screen.press("Enter")
        await screen.until("<小明> before")
    await screen.until("#lobby · offline")
    await screen.type("meanwhile 一")
    await screen.press("Enter")
    await screen.until("offline · 1 on their way")
    await screen.type(HALF)
    async with open_house(**settings, tcp_port=port) as house:
        async with terminal(house, "bob") as bob:
            await bob.type("I am back first")
            await bob.until("meanwhile 一")
        shown = await screen.until(
            lambda shown: "here · lag" in shown and "> meanwhile" in shown and prompt(shown) == HALF
        )
        assert sorted(await logged(house)) == ["I am back first", "before", "meanwhile 一"]
        assert [line for line in shown.splitlines() if "Welcome" in line][1:] == []
        assert len(re.findall("<小明> meanwhile", shown)) == 1
        await going.__aexit__(None, None, None)


async def test_tab_completes_names_and_commands(house: House, tmp_path: Path) -> None:
    async with terminal(house, "小红") as other, joined(house, tmp_path) as screen:
        await other.type("hello")
        await screen.until("hello")
        await screen.type("你好小")
        await screen.press("Tab")
        await screen.until("小明> 你好小红")
        await screen.press("C-u")
        await screen.type("/hi")
        await screen.press("Tab")
        await screen.until("小明> /history")


async def test_a_pasted_block_is_one_message_when_it_is_meant(house: House, tmp_path: Path) -> None:
    block = "\n".join(f"line {number}" for number in range(8))
    async with joined(house, tmp_path) as screen:
        await screen.paste("one\ntwo")
        await screen.until("two")
        await screen.press("Enter")
        await until_said(house, "one\ntwo")
        await screen.paste(block)
        await screen.press("Enter")
        await screen.until("8 lines: Enter says them as one message, Ctrl-C drops them")
        assert len(said(house)) == 1
        await screen.press("Enter")
        await until_said(house, "one\ntwo", block)
        await screen.paste(block)
        await screen.press("Enter")
        await screen.until("8 lines")
        await screen.press("C-c")
        shown = await screen.until(lambda shown: prompt(shown) == "")
        assert "ended" not in shown
        await screen.paste("x" * 5000)
        await screen.press("Enter")
        await screen.until("that is 5000 bytes long, and 4096 is the limit")
    assert len(said(house)) == 2


async def test_a_paste_is_one_at_any_moment(house: House, tmp_path: Path) -> None:
    """Printing what comes, too, leaves the terminal's brackets around it on."""
    async with joined(house, tmp_path) as screen, terminal(house, "bob") as bob:
        for number in range(20):
            await bob.type(f"message {number}")
            await screen.until(f"message {number}")
        assert screen.written().count(b"\x1b[?2004h") > 10
        assert b"\x1b[?2004l" not in screen.written()
        assert b"\x1b[6n" not in screen.written()  # nor is it asked where it stands


async def test_bytes_that_are_not_utf_8_are_refused_and_the_prompt_goes_on(
    house: House, tmp_path: Path
) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.run("send-keys", "-H", "c4", "e3", "ba", "c3")  # 你好 in GBK
        await screen.press("Enter")
        await screen.until("that line is not UTF-8, so it was not sent (a terminal set to GBK?")
        await screen.press("C-c")
        await screen.until(lambda shown: prompt(shown) == "")
        await screen.type("你好")
        await screen.press("Enter")
        await screen.until("<小明> 你好")
        assert b"Exception" not in screen.written()
    assert said(house) == ["你好"]


async def test_the_title_counts_and_a_call_notifies_who_wants_it(
    house: House, tmp_path: Path
) -> None:
    flags = "-n 小明 --notify"
    async with joined(house, tmp_path, flags) as screen, terminal(house, "bob") as bob:
        await screen.until(lambda shown: b"\x1b]2;#lobby\x07" in screen.written())
        await screen.run("send-keys", "-H", "1b", "5b", "4f")  # the terminal loses its focus
        await bob.type("one", "@小明 look\u200b here")
        await screen.until("look")
        await screen.until(lambda shown: b"\x1b]2;(2) #lobby\x07" in screen.written())
        assert "\x1b]9;bob: @小明 look".encode() in screen.written()
        await screen.type("x")
        await screen.until(lambda shown: prompt(shown) == "x")
        await screen.until(
            lambda shown: (
                screen.written().rindex(b"\x1b]2;#lobby\x07") > screen.written().rindex(b"(2)")
            )
        )


async def test_what_is_refused_can_be_had_again(house: House, tmp_path: Path) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type("/dance all night")
        await screen.press("Enter")
        await screen.until("(unknown_command)")
        await screen.press("Up")
        shown = await screen.until(lambda shown: prompt(shown) == "/dance all night")
        assert "! there is no command /dance" in shown


async def test_a_private_word_is_seen_by_both_and_no_one_else(house: House, tmp_path: Path) -> None:
    async with (
        terminal(house, "Bob Smith") as bob,
        terminal(house, "eve") as eve,
        joined(house, tmp_path) as screen,
    ):
        await eve.until("小明 joined")
        await screen.type("/msg Bob Smith psst")
        await screen.press("Enter")
        await screen.until("-> private from 小明 to Bob Smith: psst")
        assert "-> private from 小明: psst" in await bob.until("psst")
        await bob.type("to all")
        assert "psst" not in await eve.until("to all")


async def test_what_was_typed_is_kept_for_its_owner_alone(house: House, tmp_path: Path) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type("remember 这个")
        await screen.press("Enter")
        await until_said(house, "remember 这个")
    path = tmp_path / "oneroom" / "history"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "remember 这个" in path.read_text()


async def test_the_bell_rings_for_ones_name_and_not_for_each_of_many(
    house: House, tmp_path: Path
) -> None:
    async with terminal(house, "bob") as bob, joined(house, tmp_path) as screen:
        await bob.type("nothing of note")
        await screen.until("nothing of note")
        assert b"\a" not in rung(screen)
        await bob.type("@小明，你好", "小明?", "小明!")
        await screen.until("小明!")
        assert rung(screen).count(b"\a") == 1


def rung(screen: Tmux) -> bytes:
    """What was written, without the titles that end with a bell."""
    return re.sub(rb"\x1b\][^\a]*\a", b"", screen.written())


async def test_what_came_while_one_looked_away_is_ruled_off(house: House, tmp_path: Path) -> None:
    async with terminal(house, "bob") as bob, joined(house, tmp_path) as screen:
        await bob.type("seen")
        await screen.until("seen")
        await screen.type("\x1b[O")  # the terminal has lost the focus
        await bob.type("unseen 1", "unseen 2")
        shown = await screen.until(lambda shown: "unseen 2" in shown and prompt(shown) == "")
        lines = shown.splitlines()
        first = next(number for number, line in enumerate(lines) if line.endswith("unseen 1"))
        assert re.match(r"──── new since \d\d:\d\d ─", lines[first - 1])
        assert shown.count("new since") == 1


@pytest.mark.parametrize(
    ("flags", "variables", "colored"),
    [
        ("", {}, True),
        ("", {"NO_COLOR": "1"}, False),
        ("--color never", {}, False),
        ("--color always", {"NO_COLOR": "1"}, True),
    ],
)
async def test_colour_is_a_choice(
    house: House, tmp_path: Path, flags: str, variables: dict[str, str], colored: bool
) -> None:
    async with (
        terminal(house, "bob") as bob,
        joined(house, tmp_path, f"-n 小明 {flags}", **variables) as screen,
    ):
        await bob.type("in colour?")
        await screen.until("in colour?")
        colours = re.findall(rb"\x1b\[[0-9;]*[349][0-9][0-9;]*m", screen.written())
        assert bool(colours) is colored


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


@pytest.mark.parametrize("way", ["C-d", "replaced", "killed"])
async def test_the_terminal_is_left_as_it_was_found(house: House, tmp_path: Path, way: str) -> None:
    async with joined(house, tmp_path) as screen:
        await screen.type("half a line")
        await screen.until("half a line")
        if way == "C-d":
            await screen.press("C-u", "C-d")
            await screen.until("ended with 0")
        elif way == "replaced":
            house.hall._replace([house.hall.find("小明")])
            await screen.until("ended with 4")
            assert "you have come in by another connection (replaced)" in await screen.screen()
        else:
            os.kill(child_of(int(await screen.run("list-panes", "-F", "#{pane_pid}"))), SIGTERM)
            await screen.until("ended with 0")
        written = screen.written()
        for mode in (b"\x1b[?1004", b"\x1b[?2004"):
            assert 0 < written.rindex(mode + b"h") < written.rindex(mode + b"l")


async def test_it_speaks_chinese_where_the_locale_does(house: House, tmp_path: Path) -> None:
    async with joined(house, tmp_path, "-n 小明 --lang zh") as screen:
        await screen.until(lambda shown: "#lobby · 1 人" in shown and "欢迎" in shown)


async def test_a_dumb_terminal_gets_lines_and_takes_commands(house: House, tmp_path: Path) -> None:
    command = f"TERM=dumb {ONEROOM} join 127.0.0.1:{house.tcp_port} -n 小明"
    async with (
        tmux(command, tmp_path, PYTHONPATH=str(Path.cwd())) as screen,
        terminal(house, "bob") as bob,
    ):
        await bob.until("小明 joined")
        await screen.type("hello 你好")
        await screen.press("Enter")
        await bob.until("<小明> hello 你好")
        await screen.type("/nick 小红")
        await screen.press("Enter")
        await screen.until("* You are now 小红")
        await screen.type("/who")
        await screen.press("Enter")
        await screen.until("2 in #lobby: ")
        await screen.type("/dance")
        await screen.press("Enter")
        await screen.until("(unknown_command)")
        await screen.type("/quit")
        await screen.press("Enter")
        await screen.until("ended with 1")  # something was refused
        assert b"\x1b" not in screen.written().replace(b"\x1b[?2004h", b"")
    assert said(house) == ["hello 你好"]


async def test_a_person_who_types_into_a_pipe_gives_commands_too(
    house: House, tmp_path: Path
) -> None:
    command = f"{ONEROOM} join 127.0.0.1:{house.tcp_port} -n 小明 | cat"
    async with tmux(command, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
        await screen.until("You are 小明.")
        await screen.type("/nick 小红")
        await screen.press("Enter")
        await screen.until("* You are now 小红")
        await screen.press("C-d")
        await screen.until("ended with 0")
    assert said(house) == []
