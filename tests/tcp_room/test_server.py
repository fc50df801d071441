from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import pytest

from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.logs.memory import MemoryEngine
from tcp_room.server import Addresses, DoorError, door_error, open_tcp_door, port_of, unix_door


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


def exists(path: str) -> bool:
    return Path(path).exists()


async def test_a_unix_socket_is_the_line_door_too(tmp_path: Path) -> None:
    path = str(tmp_path / "room.sock")
    house, turnstile = hall(), Turnstile(0, 0)
    async with unix_door(house, turnstile, Addresses(), path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"/nick alice\n")
        while b"You are alice" not in await reader.readline():
            pass
        with pytest.raises(DoorError, match="another server's"):
            async with unix_door(house, Turnstile(0, 0), Addresses(), path):
                pass
        writer.close()
        while len(house) or len(turnstile):
            await asyncio.sleep(0)
    assert not exists(path)


async def test_what_a_killed_server_has_left_is_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "room.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    turnstile = Turnstile(0, 0)
    async with unix_door(hall(), turnstile, Addresses(), str(path)):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write_eof()
        assert b"You are" not in await reader.read()
        writer.close()
        while len(turnstile):
            await asyncio.sleep(0)


async def test_somebodys_file_is_not_cleared_away(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(DoorError, match=r"notes\.txt cannot be a Unix socket"):
        async with unix_door(hall(), Turnstile(0, 0), Addresses(), str(path)):
            pass
    assert path.read_text() == "mine"


async def test_without_a_path_there_is_none() -> None:
    async with unix_door(hall(), Turnstile(0, 0), Addresses(), ""):
        pass


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
