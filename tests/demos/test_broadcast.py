from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import socket
import sys
from pathlib import Path

import pytest

from tests.browser import opened, terminal
from tests.demos.lecture import (
    DEMOS,
    Program,
    connected,
    is_silent,
    line_from,
    reset,
    serving,
    shown_by,
)

SERVERS = ("broadcast_threads", "broadcast_selectors")


@pytest.mark.parametrize("name", SERVERS)
def test_what_one_says_goes_to_all_the_others_and_not_back(name: str) -> None:
    with (
        serving(name) as (server, port),
        connected(port) as alice,
        connected(port) as bob,
        connected(port) as carol,
    ):
        server.until("3 members")
        alice.sendall("早上好\n".encode())
        heard = f"user-{alice.getsockname()[1]}: 早上好\n".encode()
        assert line_from(bob) == line_from(carol) == heard
        bob.sendall(b"good morning\n")
        assert line_from(alice).endswith(b": good morning\n")
        assert line_from(carol).endswith(b": good morning\n")
        assert is_silent(bob, 0.2)


@pytest.mark.parametrize("name", SERVERS)
def test_a_thousand_lines_come_in_order(name: str) -> None:
    with serving(name) as (server, port), connected(port) as alice, connected(port) as bob:
        server.until("2 members")
        alice.sendall(b"".join(b"%d\n" % number for number in range(1000)))
        with bob.makefile("rb") as lines:
            got = [int(lines.readline().rpartition(b" ")[2]) for _ in range(1000)]
        assert got == list(range(1000))


@pytest.mark.parametrize("name", SERVERS)
def test_a_reset_disturbs_nobody(name: str) -> None:
    with serving(name) as (server, port), connected(port) as alice, connected(port) as bob:
        server.until("2 members")
        mallory = connected(port)
        server.until("3 members")
        mallory.sendall(b"whole\nhalf a l")
        assert line_from(alice).endswith(b": whole\n")
        assert line_from(bob).endswith(b": whole\n")
        reset(mallory)
        server.until("gone; 2 members")
        alice.sendall(b"who was that?\n")
        assert line_from(bob).endswith(b": who was that?\n")
        assert is_silent(alice, 0.1)


@pytest.mark.parametrize("name", SERVERS)
def test_half_a_line_waits_for_the_rest(name: str) -> None:
    with serving(name) as (server, port), connected(port) as alice, connected(port) as bob:
        server.until("2 members")
        alice.sendall(b"half")
        assert is_silent(bob, 0.2)
        alice.sendall(b" and half\n")
        assert line_from(bob).endswith(b": half and half\n")


@pytest.mark.parametrize("name", SERVERS)
def test_who_does_not_read_has_to_go_and_nobody_else_waits(name: str) -> None:
    with serving(name) as (server, port), connected(port) as alice, connected(port) as bob:
        server.until("2 members")
        with socket.socket() as sleeper:
            sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sleeper.connect(("127.0.0.1", port))
            server.until("3 members")
            with bob.makefile("rb") as lines:
                for number in range(1000):
                    alice.sendall(b"%d " % number + b"x" * 20_000 + b"\n")
                    assert b": %d " % number in lines.readline()
            server.until(f"user-{sleeper.getsockname()[1]} is gone")


@pytest.mark.parametrize("name", SERVERS)
def test_a_line_without_end_is_not_kept_for_ever(name: str) -> None:
    with serving(name) as (server, port), connected(port) as endless:
        server.until("1 members")
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                endless.sendall(b"x" * 10_000)
        server.until("gone; 0 members")


@pytest.mark.parametrize("name", SERVERS)
def test_ctrl_c_and_a_taken_port(name: str) -> None:
    with serving(name) as (server, port), connected(port):
        shown = shown_by(name, "--port", str(port), status=1)
        assert shown.startswith(f"cannot listen on 127.0.0.1:{port}")
        server.until("is here")
        status, shown = server.interrupt()
        assert (status, shown.count("Traceback")) == (0, 0)


@pytest.mark.parametrize("name", SERVERS)
def test_the_client_shows_others_words_and_sends_ours(name: str) -> None:
    with serving(name) as (server, port), connected(port) as bob:
        server.until("1 members")
        with Program("broadcast_client", "--port", str(port)) as alice:
            server.until("2 members")
            bob.sendall("你好\n".encode())
            alice.until(": 你好")
            alice.type("hello, bob\n")
            assert line_from(bob).endswith(b": hello, bob\n")
            bob.sendall(b"\x1b[2J\x07 harmless\n")
            assert "\x1b" not in alice.until("harmless")
            assert alice.rest()[0] == 0


async def test_the_client_can_join_the_room() -> None:
    def talk(port: int) -> None:
        with Program("broadcast_client", "--port", str(port)) as client:
            client.type("/nick student\n")
            client.until("You are student")
            client.type("大家好\n")
            client.until("<teacher> welcome")

    async with opened() as house, terminal(house, "teacher") as teacher:
        talking = asyncio.create_task(asyncio.to_thread(talk, house.tcp_port))
        await teacher.until("<student> 大家好")
        await teacher.type("welcome")
        await talking


def test_a_half_typed_line_is_put_back() -> None:
    """On a real terminal."""
    with serving("broadcast_selectors") as (server, port), connected(port) as bob:
        server.until("1 members")
        child, master = pty.fork()
        if child == 0:
            command = [sys.executable, str(DEMOS / "broadcast_client.py"), "--port", str(port)]
            os.execv(sys.executable, command)
        shown = b""
        while b"> " not in shown:
            shown += os.read(master, 1000)
        os.write(master, b"half a li")
        while b"half a li" not in shown:
            shown += os.read(master, 1000)
        bob.sendall(b"interrupted\n")
        while b"interrupted" not in shown or not shown.endswith(b"> half a li"):
            shown += os.read(master, 1000)
        os.write(master, b"ne\n")
        assert line_from(bob).endswith(b": half a line\n")
        while not shown.endswith(b"ne\r\n> "):
            shown += os.read(master, 1000)
        os.write(master, b"\x04")
        with contextlib.suppress(OSError):  # it has closed its terminal
            while os.read(master, 1000):
                pass
        _, status = os.waitpid(child, 0)
        os.close(master)
        assert status == 0


def test_measure_prints_a_table_and_draws_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    few = ("--seconds", "0.2", "--clients", "3", "--picture", str(picture))
    shown = shown_by("measure", *few)
    rows = [line.split("|")[1].strip() for line in shown.splitlines() if line.startswith("| ")]
    echoes = ["echo_server_4", "echo_server_5"]
    assert rows == ["server", *echoes, "server", *SERVERS, "room"]
    assert picture.read_text().startswith("<svg")
