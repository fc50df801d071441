from __future__ import annotations

import asyncio
import errno

import pytest

from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.logs.memory import MemoryEngine
from tcp_room.server import Addresses, DoorError, door_error, open_tcp_door, port_of


def hall() -> Hall:
    loop = asyncio.get_running_loop()
    return Hall(MemoryEngine("e1", 100), loop, lambda: 0, lambda: "t", Config())


async def test_any_free_port_can_be_asked_for() -> None:
    server = await open_tcp_door(hall(), Turnstile(0, 0), Addresses(), "127.0.0.1", 0)
    assert port_of(server) > 0
    server.close()


async def test_a_taken_port_says_which_flag_chooses_another() -> None:
    server = await open_tcp_door(hall(), Turnstile(0, 0), Addresses(), "127.0.0.1", 0)
    with pytest.raises(DoorError, match=f"port {port_of(server)} is taken .* --tcp-port"):
        await open_tcp_door(hall(), Turnstile(0, 0), Addresses(), "127.0.0.1", port_of(server))
    server.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EACCES, ""), "may not be opened by this user"),
        (OSError(errno.EADDRNOTAVAIL, ""), "cannot be opened: Cannot assign"),
        (OSError("no such host"), "no such host"),
        (OverflowError("port must be 0-65535"), "0-65535"),
    ],
)
def test_every_reason_becomes_a_sentence(error: Exception, words: str) -> None:
    assert words in str(door_error(error, "192.0.2.1", 80, "--http-port"))
