"""The dead and the slow, on real connections in a network of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tcp_room.config import Config
from tcp_room.pulse import Pulse, has_to_read, is_dead, keep_alive


async def connected() -> tuple[asyncio.WriteTransport, socket.socket, asyncio.Server]:
    """A server's transport and the socket of its client, who reads nothing."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, server.sockets[0].getsockname())
    await until(lambda: bool(writers))
    return writers[0].transport, client, server


async def until(is_so: Callable[[], bool], within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_stopped_reader_is_not_dead() -> None:
    transport, client, server = await connected()
    transport.write(bytes(8_000_000))
    await until(lambda: transport.get_write_buffer_size() > 0)
    asleep = time.monotonic() + 1.5  # the window is closed, and probed some times
    while time.monotonic() < asleep:
        assert not is_dead(transport, after_s=0.1)
        await asyncio.sleep(0.02)
    transport.abort()
    client.close()
    server.close()


async def test_one_who_breaks_off_is_dead_though_nobody_reads_from_it() -> None:
    transport, client, server = await connected()
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    await until(lambda: is_dead(transport, after_s=1000))
    transport.abort()
    server.close()


async def test_who_stalls_for_too_long_is_over() -> None:
    transport, client, server = await connected()
    config = Config(stall_limit=10)
    pulse = Pulse(transport)
    transport.write(bytes(8_000_000))
    await until(lambda: transport.get_write_buffer_size() > 0)
    assert not pulse.is_over(100, config)
    assert not pulse.is_over(109, config)
    assert pulse.is_over(111, config)
    assert not pulse.is_over(111, Config(stall_limit=0))
    transport.abort()
    client.close()
    server.close()


async def test_an_idle_connection_is_asked_whether_it_is_there() -> None:
    transport, client, server = await connected()
    keep_alive(transport, Config())
    assert transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    transport.abort()
    client.close()
    server.close()


def test_who_answers_nothing_is_dead_with_and_without_room_to_write() -> None:
    """Cuts the wire between the two, in a network namespace of its own."""
    missing = [name for name in ("unshare", "ip") if shutil.which(name) is None]
    if sys.platform != "linux" or os.geteuid() != 0 or missing:
        pytest.skip(f"NOT TESTED: cutting a wire needs Linux, root and {missing or 'no more'}")
    script = [sys.executable, "-m", "tests.tcp_room.test_pulse"]
    done = subprocess.run(["unshare", "-n", *script], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr


def set_wire(state: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


async def main() -> None:
    """Run in a network of our own: nothing else is cut."""
    set_wire("up")
    (waiting, *_), (full, *_) = kept = [await connected(), await connected()]
    waiting.write(b"hello")
    full.write(bytes(8_000_000))
    await until(lambda: full.get_write_buffer_size() > 0)
    assert not is_dead(waiting, 1)
    assert not is_dead(full, 1)
    set_wire("down")
    waiting.write(b"is anybody there?")
    await until(lambda: is_dead(waiting, 1))
    await until(lambda: is_dead(full, 1))
    os._exit(0 if kept else 1)


if __name__ == "__main__":
    asyncio.run(main())


async def test_a_connection_that_is_closed_already_can_be_asked() -> None:
    transport, client, server = await connected()
    pulse = Pulse(transport)
    transport.abort()
    sock: socket.socket = transport.get_extra_info("socket")
    await until(lambda: sock.fileno() < 0)
    keep_alive(transport, Config())
    assert not pulse.is_over(time.monotonic(), Config())
    assert not has_to_read(transport)
    client.close()
    server.close()
