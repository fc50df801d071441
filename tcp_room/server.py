"""Opens the TCP door."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from tcp_room.connection import Connection
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile

# Connections the kernel completes for us before we accept them: a class that joins at once.
BACKLOG_CONNECTIONS = 1024


class DoorError(Exception):
    """A door that cannot be opened, as a sentence for the operator."""


@dataclass(slots=True)
class Addresses:
    """How people reach the doors, for who came to the wrong one."""

    nc: str = ""
    page: str | None = None


@asynccontextmanager
async def unix_door(
    hall: Hall, turnstile: Turnstile, addresses: Addresses, path: str
) -> AsyncIterator[None]:
    """The line door on a Unix socket too, if there is a path. Raises DoorError."""
    if not path:
        yield
        return
    if sys.platform == "win32":
        raise DoorError("there are no Unix sockets here; leave --unix away")
    _clear_away(path)
    make = partial(Connection, hall, turnstile, addresses)
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_unix_server(make, path, backlog=BACKLOG_CONNECTIONS)
    except OSError as error:
        raise DoorError(f"{path} cannot be a Unix socket: {error.strerror or error}") from error
    try:
        yield
    finally:
        server.close()
        with suppress(OSError):
            os.unlink(path)


def _clear_away(path: str) -> None:
    """Removes what a server that was killed has left. Raises DoorError if one still listens."""
    with suppress(OSError):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return  # somebody's file; binding will fail, and tell
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                os.unlink(path)
                return
        raise DoorError(f"{path} is another server's; choose another with --unix")


async def open_tcp_door(
    hall: Hall, turnstile: Turnstile, addresses: Addresses, host: str, port: int
) -> asyncio.Server:
    """Listens on `port` (0: any free one). Raises DoorError."""
    loop = asyncio.get_running_loop()
    make = partial(Connection, hall, turnstile, addresses)
    try:
        return await loop.create_server(make, host, port, backlog=BACKLOG_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise door_error(error, host, port, "--tcp-port") from error


def door_error(error: Exception, host: str, port: int, flag: str) -> DoorError:
    """Says what to do about a port that cannot be had."""
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.EADDRINUSE:
        return DoorError(f"port {port} is taken by another program; choose another with {flag}")
    if code == errno.EACCES:
        return DoorError(f"port {port} may not be opened by this user; choose one with {flag}")
    why = os.strerror(code) if code and code > 0 else str(error)
    return DoorError(f"{host} port {port} cannot be opened: {why}")


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
