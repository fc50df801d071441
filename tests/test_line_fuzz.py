"""Whatever bytes come to the line door, and however their connections end: no traceback, no line on
stderr, nobody left behind, and people go on talking."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import struct
from typing import Any, Final

import pytest

from tests.browser import House, opened, terminal

uvloop = pytest.importorskip("uvloop")
CONNECTIONS: Final = 300
AT_ONCE: Final = 20
# What the parsers look for, so that random bytes reach all their ends.
PIECES: Final = [
    b"\n", b"\r", b"\r\n", b"\r\0", b"\0", b"\xff", b"\xff\xff", b"\xff\xfa", b"\xff\xf0",
    b"\xff\xfd\x06", b"\xff\xf6", b"\xff\xec", b"\xff\xfb\x01", b"\x11", b"\x13", b"\xef\xbb\xbf",
    b"\x16\x03", b"SSH-", b"GET / HTTP/1.1", b"NICK bob", b"USER bob 0 * :b", b"PASS x", b"*1",
    b"$4", b"PROXY TCP4 ", b"EHLO x", b"\r\n\r\n\0\r\nQUIT\n", b"hello", "你好".encode(),
    b"/who", b"/nick x", b"/join a", b"/bot", b"/quit", b"/me waves", b"/history 5", b"/search x",
    b"/json", b"/", b"//", b"{", b"}", b'{"kind":"hello"}', b'{"kind":"say","text":"x"}',
    b'{"kind":"who"}', b'{"kind":"ping","id":"1"}', b'{"kind":"dm","to":"x","text":"y"}',
    b'{"kind":"hello","since":0}', b'{"kind":"search","text":"x"}', b" ", b"\t", b"\x1b[31m",
    b"\x80", b"\xc3", b"x" * 5000, b"x" * 40_000,
]  # fmt: skip


def blob(chance: random.Random) -> bytes:
    pieces = [
        chance.choice(PIECES) if chance.random() < 0.9 else chance.randbytes(chance.randrange(40))
        for _ in range(chance.randrange(60))
    ]
    return b"".join(pieces)


async def visit(house: House, chance: random.Random) -> None:
    """Sends some packets, and ends in one of the ways in which connections end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
    for _ in range(chance.randrange(4)):
        writer.write(blob(chance))
        await asyncio.sleep(0)
    end = chance.choice(["reset", "half", "close", "abort", "leave"])
    if end == "reset":
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    elif end == "half":
        writer.write_eof()
        await asyncio.sleep(0.01)
    elif end == "leave":
        await reader.read(100)
    if end == "abort":
        writer.transport.abort()
    else:
        writer.close()


async def fuzz(seed: int) -> list[dict[str, Any]]:
    """What the loop was told of by exceptions."""
    errors: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    chance = random.Random(seed)
    hasty = {"parting_s": 0.5, "linger_s": 0.5, "outside_s": 0.5, "pulse_s": 0.05}
    async with opened(**hasty) as house, terminal(house, "alice") as alice:
        await alice.until("You are")
        for _ in range(CONNECTIONS // AT_ONCE):
            visits = [visit(house, chance) for _ in range(AT_ONCE)]
            await asyncio.gather(*visits, return_exceptions=True)
        async with terminal(house, "bob") as bob:
            await bob.type("we still talk")
            await alice.until("we still talk")
        async with asyncio.timeout(30):
            while len(house.turnstile) > 1 or len(house.hall) > 1:
                await asyncio.sleep(0.01)
    return errors


@pytest.mark.parametrize("seed", [1, 2])
def test_no_bytes_and_no_end_of_a_connection_make_a_noise(
    seed: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(fuzz(seed)) == []
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr().err == ""
