"""The program as it is started and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

import tcp_room

BOTH = ["--http-port", "0", "--tcp-port", "0"]


@contextmanager
def started(
    *flags: str,
    program: str = "web_gateway",
    start_new_session: bool = False,
    **variables: str,
) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", program, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ONEROOM_DATA": ":memory:", **variables},
        start_new_session=start_new_session,
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

    def errors_until(self, words: str) -> str:
        """The line of its stderr that contains these words."""
        assert self.process.stderr is not None
        while words not in (line := self.process.stderr.readline()):
            assert line, "it has said all"
        return line

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


@contextmanager
def dialled(port: int, data: bytes, until: bytes = b"") -> Iterator[socket.socket]:
    """A client that has sent this, and has read until that. It says and reads nothing more."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(data)
        read = b""
        while until not in read:
            read += client.recv(1000)
        yield client


def test_an_idle_nc_does_not_hold_it_up() -> None:
    with started(*BOTH) as program, dialled(program.tcp_port, b"/nick alice\n", b"You are alice"):
        # After a moment it would say that it is stopping.
        assert program.stop() == (0, "")


WEBSOCKET = (
    b"GET /ws?nick=bob HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


def test_clients_that_are_stuck_at_every_door_share_one_deadline() -> None:
    with started(*BOTH, "--rate", "0") as program, ExitStack() as clients:
        web, line = program.http_port, program.tcp_port
        for port, data, until in (
            (line, b"/nick alice\n", b"You are alice"),
            (line, b'{"kind":"hello","nick":"a*b"}\n', b"bad_nick"),
            (web, WEBSOCKET, b"welcome"),
            (web, GET % b"/livez", b"ok"),
            (web, GET % b"/rooms/lobby/stream?nick=carol", b"live"),
            (web, GET % b"/rooms/lobby/events?nick=dan", b"retry"),
        ):
            clients.enter_context(dialled(port, data, until))
        for _ in range(300):
            with dialled(web, POST % 4000 + b"x" * 4000, b"HTTP/1.1 201"):
                pass
        clients.enter_context(dialled(web, POST % 9 + b"half"))
        program.process.send_signal(signal.SIGTERM)
        _, errors = program.process.communicate(timeout=8)
        assert program.process.returncode == 0
        assert errors in ("", "oneroom: stopping; Ctrl-C again stops at once\n")


def test_nobody_gets_in_once_it_stops() -> None:
    with started(*BOTH, "--rate", "0") as program, connected(program.tcp_port) as stuck:
        with connected_as("bob", program.tcp_port) as bob:
            for _ in range(200):
                bob.sendall((b"x" * 4000 + b"\n") * 10)
        with dialled(program.http_port, GET % b"/livez", b"ok") as kept:
            program.process.send_signal(signal.SIGTERM)
            stopping = program.errors_until("stopping; Ctrl-C again")
            with suppress(ConnectionError):
                kept.sendall(POST % 2 + b"hi")
                assert kept.recv(1000) == b""
            for port in (program.http_port, program.tcp_port):
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", port), timeout=10)
        assert stopping
        assert program.process.wait(timeout=8) == 0
        stuck.close()


def test_hooks_are_read_anew_on_a_hangup(tmp_path: Path) -> None:
    path = tmp_path / "hooks.toml"
    hook = "[[incoming]]\ntoken = '{}'\n"
    tokens = ["a-token-of-16-and-more", "another-of-16-and-more"]
    path.write_text(hook.format(tokens[0]))
    with started(*BOTH, "--hooks", str(path), start_new_session=True) as program:

        def answers(token: str) -> bool:
            address = f"http://127.0.0.1:{program.http_port}/hooks/{token}"
            request = urllib.request.Request(address, b'{"text":"green"}')
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return bool(answer.read() == b"ok")
            except urllib.error.HTTPError as error:
                assert error.code == 404
                error.close()
                return False

        assert [answers(token) for token in tokens] == [True, False]
        path.write_text(hook.format(tokens[1]))
        program.process.send_signal(signal.SIGHUP)
        while not answers(tokens[1]):
            pass
        assert not answers(tokens[0])
        path.write_text(hook.format("short"))
        program.process.send_signal(signal.SIGHUP)
        assert program.errors_until("the hooks stay as they were")
        assert answers(tokens[1])


HEAD = b"GET /ws HTTP/1.1\r\nHost: localhost\r\n"
UPGRADE = HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
HURTFUL = [
    HEAD + b"Host: evil.example\r\n\r\n",
    UPGRADE + b"Sec-WebSocket-Key: \xff\xfe==\r\n\r\n",
    UPGRADE + b"Sec-WebSocket-Key: no\r\n\r\n",
    POST % 4 + b"\xff\x00\x1b[",
    POST.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") % 4 + b"junk",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x00" * 9000,
]


def test_nobody_makes_it_write_to_stderr_or_answer_500() -> None:
    with started(*BOTH) as program:
        for request in HURTFUL * 5:
            with dialled(program.http_port, request) as client:
                assert re.match(rb"HTTP/1\.1 (4\d\d|505) ", client.recv(1000)), request
        assert program.stop() == (0, "")


def test_nothing_is_loaded_while_it_runs() -> None:
    """There may be no descriptor left for it."""
    done = subprocess.run(
        [sys.executable, "-c", LOADS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[] []\n", "")


LOADS = """
import asyncio, re, sys
from unittest import mock
import click
from tcp_room import names
from tcp_room.cli import run
from tcp_room.config import Config
from web_gateway.cli import serve

HEAD = "HTTP/1.1\\r\\nHost: localhost\\r\\n"
said, opened = [], []

async def talk(port, text):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode())
    assert await reader.read(10)
    writer.close()

async def main(signals):
    config = Config(http_port=0, tcp_port=0, data=":memory:")
    server = asyncio.create_task(serve(config, signals))
    while not said:
        await asyncio.sleep(0)
    http, tcp = map(int, re.search(r":(\\d+)/ .* nc localhost (\\d+)", said[0]).groups())
    before = set(sys.modules)
    sys.addaudithook(lambda event, args: event == "open" and opened.append(args[0]))
    await talk(tcp, "/nick алиса\\nhello\\n/search hello\\n/who\\n")
    await talk(tcp, '{"kind":"hello","nick":"小明"}\\n')
    for path in ("/", "/static/js/main.js", "/qr.svg", "/ways", "/rooms", "/rooms/lobby/stream"):
        await talk(http, f"GET {path} {HEAD}\\r\\n")
    await talk(http, f"POST /rooms/lobby/messages {HEAD}Content-Length: 2\\r\\n\\r\\nhi")
    await talk(http, "nonsense\\r\\n\\r\\n")
    print(sorted(set(sys.modules) - before), [name for name in opened if "/" in str(name)])
    signals.stop()
    await server

with mock.patch.object(click, "echo", said.append):
    run(main, Config())
"""


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
