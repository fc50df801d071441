from __future__ import annotations

import asyncio

import pytest

from tests.browser import opened
from tests.demos.lecture import (
    Program,
    connected,
    is_silent,
    line_from,
    reset,
    serving,
    shown_by,
)

STEPS = range(1, 6)


@pytest.mark.parametrize("step", STEPS)
def test_what_a_client_says_comes_back(step: int) -> None:
    with (
        serving(f"echo_server_{step}") as (_, port),
        Program(f"echo_client_{step}", "--port", str(port)) as client,
    ):
        for words in ("hello", "你好"):
            client.type(f"{words}\n")
            client.until(f"back: {words}")
            if step == 3:
                break  # it would wait for a newcomer before it listens again
        if step != 3:
            assert client.rest()[0] == 0


def test_server_1_ends_with_its_client() -> None:
    with serving("echo_server_1") as (server, port):
        connected(port).close()
        assert server.rest()[0] == 0


def test_server_1_does_not_survive_a_reset() -> None:
    with serving("echo_server_1") as (server, port):
        client = connected(port)
        server.until("is here")
        reset(client)
        status, shown = server.rest()
        assert status == 1
        assert "ConnectionResetError" in shown


@pytest.mark.parametrize("step", range(2, 6))
def test_from_server_2_on_a_reset_is_survived(step: int) -> None:
    with serving(f"echo_server_{step}") as (server, port):
        for _ in range(3):
            client = connected(port)
            server.until("is here" if step != 3 else "in recv for")
            client.sendall(b"x" * 100_000)
            reset(client)
            server.shown = ""
        with connected(port) as client:
            client.sendall(b"still here\n")
            assert line_from(client) == b"still here\n"


def test_client_2_breaks_off_and_notices_who_does() -> None:
    with serving("echo_server_2") as (server, port):
        shown_by("echo_client_2", "--port", str(port), "--reset", typed="hello\n")
        assert "broke off (ConnectionResetError)" in server.until("broke off")
        with Program("echo_client_2", "--port", str(port)) as client:
            client.type("hello\n")
            client.until("back: hello")
            server.interrupt()
            client.type("are you there?\n")
            assert "the server" in client.rest()[1]


def test_server_3_keeps_the_second_client_waiting() -> None:
    with (
        serving("echo_server_3") as (server, port),
        connected(port) as first,
        connected(port) as second,
    ):
        server.until("in recv for")
        second.sendall(b"second\n")
        assert is_silent(second, 0.3)
        first.sendall(b"first\n")
        assert line_from(first) == b"first\n"
        assert is_silent(second, 0.3)  # now it waits for the first again
        first.sendall(b"first again\n")
        assert line_from(second) == b"second\n"


@pytest.mark.parametrize("step", [4, 5])
def test_from_server_4_on_nobody_waits_for_another(step: int) -> None:
    with serving(f"echo_server_{step}") as (_, port), connected(port), connected(port) as second:
        second.sendall(b"second\n")
        assert line_from(second) == b"second\n"


def test_server_5_keeps_what_a_client_does_not_read() -> None:
    with serving("echo_server_5") as (_, port), connected(port) as client:
        lines = [b"%d " % number + b"x" * 1000 + b"\n" for number in range(3000)]
        client.settimeout(0.5)
        sent = 0
        try:
            for line in lines:
                client.sendall(line)
                sent += 1
        except TimeoutError:
            pass  # it does not read on, either, until we do
        client.settimeout(10)
        with client.makefile("rb") as answers:
            assert [answers.readline() for _ in range(sent)] == lines[:sent]


@pytest.mark.parametrize("step", STEPS)
def test_a_taken_port_is_a_sentence(step: int) -> None:
    with serving("echo_server_5") as (_, port):
        shown = shown_by(f"echo_server_{step}", "--port", str(port), status=1)
        assert shown.startswith(f"cannot listen on 127.0.0.1:{port}")
        assert "Traceback" not in shown


@pytest.mark.parametrize("step", STEPS)
def test_nobody_there_is_a_sentence(step: int) -> None:
    shown = shown_by(f"echo_client_{step}", "--port", "1", status=1)
    assert shown.startswith("nobody at 127.0.0.1:1")
    assert "Traceback" not in shown


@pytest.mark.parametrize("name", [f"echo_server_{step}" for step in STEPS])
def test_ctrl_c_ends_a_server_cleanly(name: str) -> None:
    with serving(name) as (server, port), connected(port):
        server.until("here" if name != "echo_server_3" else "in recv for")
        status, shown = server.interrupt()
        assert status == 0
        assert shown.endswith("stopped by Ctrl-C\n")
        assert "Traceback" not in shown


@pytest.mark.parametrize("name", [f"echo_client_{step}" for step in STEPS])
def test_ctrl_c_ends_a_client_cleanly(name: str) -> None:
    with serving("echo_server_5") as (_, port), Program(name, "--port", str(port)) as client:
        client.until("connected")
        status, shown = client.interrupt()
        assert status == 0
        assert "Traceback" not in shown


@pytest.mark.parametrize("step", STEPS)
async def test_the_echo_clients_can_talk_to_the_room(step: int) -> None:
    """In a thread of its own: the room lives in this one's loop."""

    def talk(port: int) -> str:
        with Program(f"echo_client_{step}", "--port", str(port)) as client:
            client.type("/who\n")
            return client.until("Welcome to #lobby")

    async with opened() as house:
        assert "back: * Welcome to #lobby" in await asyncio.to_thread(talk, house.tcp_port)
