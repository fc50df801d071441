"""The program as it is started and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tcp_room

BOTH = ["--http-port", "0", "--tcp-port", "0"]


@contextmanager
def started(*flags: str, program: str = "web_gateway", **variables: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", program, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ONEROOM_DATA": ":memory:", **variables},
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate()


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.sentence = process.stdout.readline()

    @property
    def tcp_port(self) -> int:
        found = re.search(r"nc localhost (\d+) in a terminal", self.sentence)
        assert found, self.sentence
        return int(found[1])

    @property
    def http_port(self) -> int:
        found = re.search(r"http://localhost:(\d+)/ in a browser", self.sentence)
        assert found, self.sentence
        return int(found[1])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=15)
        return self.process.returncode, errors


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "ONEROOM_DATA": ":memory:", **variables},
    )


def connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(b"/nick alice\n")
    assert b"You are alice" in client.recv(1000)
    return client


def test_it_says_in_one_line_where_the_doors_are() -> None:
    with started(*BOTH) as program:
        connected(program.tcp_port).close()
        with socket.create_connection(("127.0.0.1", program.http_port), timeout=10) as web:
            web.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            assert b"200 OK" in web.recv(1000)


def test_one_door_can_be_opened_alone() -> None:
    with started("--tcp-port", "0", program="tcp_room") as program:
        connected(program.tcp_port).close()
        assert program.stop() == (0, "")


def test_a_unix_socket_is_a_door_as_long_as_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "room.sock"
    with started(*BOTH, "--unix", str(path)) as program:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"/nick alice\n")
            assert b"You are alice" in client.recv(1000)
        assert program.stop() == (0, "")
    assert not path.exists()


def test_hooks_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hooks.toml"
    path.write_text("[[incoming]]\ntoken = 'a-token-of-16-and-more'\n")
    with started(*BOTH, "--hooks", str(path)) as program:
        address = f"http://127.0.0.1:{program.http_port}/hooks/a-token-of-16-and-more"
        request = urllib.request.Request(address, b'{"text":"green"}')
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.read() == b"ok"
    path.write_text("[[incoming]]\ntoken = 'short'\n")
    done = run("web_gateway", *BOTH, "--hooks", str(path))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert str(path) in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_tells_people(number: int) -> None:
    with started(*BOTH) as program, connected(program.tcp_port) as alice:
        program.process.send_signal(number)
        told = b""
        while data := alice.recv(1000):
            told += data
        assert b"* the server is stopping" in told
        alice.close()
        assert program.process.wait(timeout=15) == 0


def test_a_member_that_does_not_read_cannot_hold_it_up() -> None:
    with started(*BOTH, "--rate", "0") as program, connected(program.tcp_port) as stuck:
        with connected_as("bob", program.tcp_port) as bob:
            for _ in range(200):
                bob.sendall((b"x" * 4000 + b"\n") * 10)
        assert program.stop()[0] == 0
        stuck.close()


def connected_as(nick: str, port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(f"/nick {nick}\n/quiet\n".encode())
    client.recv(1000)
    client.setblocking(True)
    return client


def test_a_second_signal_ends_it_at_once() -> None:
    with started(*BOTH) as program, connected(program.tcp_port) as alice:
        program.process.send_signal(signal.SIGTERM)
        assert b"* the server is stopping" in alice.recv(1000)
        assert program.stop()[0] == 128 + signal.SIGTERM


@pytest.mark.parametrize("flag", ["--http-port", "--tcp-port"])
def test_a_port_that_is_taken_is_a_sentence_and_status_1(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("web_gateway", *BOTH, flag, port)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: port {port} is taken by another program; choose another with {flag}"
    ]


def test_an_address_that_is_not_ours_is_a_sentence_and_status_1() -> None:
    done = run("web_gateway", *BOTH, "--host", "192.0.2.1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "192.0.2.1" in done.stderr


def test_flags_are_variables_too() -> None:
    done = run("web_gateway", ONEROOM_TCP_PORT="many")
    assert done.returncode == 2
    assert "--tcp-port" in done.stderr
    with started(ONEROOM_HTTP_PORT="0", ONEROOM_TCP_PORT="0", ONEROOM_HOST="127.0.0.1") as program:
        connected(program.tcp_port).close()


@pytest.mark.parametrize(
    "flags", [["--tcp-port", "70000"], ["--rate", "-1"], ["--per-address", "x"], ["--nonsense"]]
)
def test_a_flag_that_makes_no_sense_is_status_2(flags: list[str]) -> None:
    done = run("web_gateway", *flags)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_version_and_help() -> None:
    assert tcp_room.__version__ in run("web_gateway", "--version").stdout
    shown = run("web_gateway", "serve", "--help").stdout
    for flag in ("--host", "--http-port", "--tcp-port", "--rate", "--per-address", "--version"):
        assert flag in shown
    assert "ONEROOM_PER_ADDRESS" in shown
