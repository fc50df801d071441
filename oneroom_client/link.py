"""One connection to a room: JSON lines out and in, over TCP, a Unix socket or a WebSocket.

A link knows neither what is said nor how to reconnect. It ends: `read` gives
nothing more, and `farewell` is what the server said in words a program cannot
read (a full server turns people away before it knows who they are).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect

_READ_BYTES: Final = 1 << 16
# A page of history is 64 KiB of text, six times as much in JSON, with its frame at worst.
_LINE_BYTES: Final = 4 << 20
_CONNECT_S: Final = 10.0
_CLOSE_S: Final = 2.0


class Link(Protocol):
    farewell: str

    async def read(self) -> Sequence[bytes]:
        """The next lines; none when it has ended. Does not raise."""

    def write(self, line: bytes) -> None:
        """`line` has no end."""

    async def close(self) -> None: ...


async def open_link(address: Address) -> Link:
    """Raises CannotConnect."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            return await (_web if address.door == "web" else _line)(address)
    except TimeoutError:
        raise CannotConnect(f"{address} does not answer") from None


async def _line(address: Address) -> Link:
    try:
        if address.door == "tcp":
            return _Line(*await asyncio.open_connection(address.where, address.port))
        if sys.platform == "win32":
            raise CannotConnect("there are no Unix sockets here")
        return _Line(*await asyncio.open_unix_connection(address.where))
    except OSError as error:
        raise CannotConnect(f"{address} cannot be reached: {_words(error)}") from None


def _words(error: OSError) -> str:
    """asyncio puts all addresses that it tried into one sentence; the reason is enough."""
    if error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return (error.strerror or str(error)).splitlines()[0]


class _Lines:
    """Bytes to lines, without their ends."""

    def __init__(self) -> None:
        self._rest = b""
        self.is_too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.is_too_long = len(self._rest) > _LINE_BYTES
        return [line.rstrip(b"\r") for line in lines]


class _Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._lines = _Lines()
        self.farewell = ""

    async def read(self) -> Sequence[bytes]:
        while True:
            try:
                data = await self._reader.read(_READ_BYTES)
            except OSError:
                return ()
            lines = self._lines.feed(data)
            if not data or self._lines.is_too_long:
                return ()
            if spoken := [line for line in lines if line.startswith(b"! ")]:
                self.farewell = spoken[-1].decode("utf-8", "replace")[2:]
            if lines:
                return lines

    def write(self, line: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(line + b"\n")

    async def close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()


async def _web(address: Address) -> Link:
    # Not for those who come by the line door: it takes longer than they do.
    from aiohttp import ClientError, ClientSession, WSServerHandshakeError

    from oneroom_client.weblink import WebLink

    session = ClientSession()
    try:
        socket = await session.ws_connect(
            address.where, max_msg_size=_LINE_BYTES, compress=0, decode_text=False
        )
    except WSServerHandshakeError as error:
        await session.close()
        raise CannotConnect(
            f"{address} answers, but not as a room: {error.status} {error.message}"
        ) from None
    except (ClientError, OSError, ValueError) as error:
        await session.close()
        raise CannotConnect(f"{address} cannot be reached: {error}") from None
    except BaseException:
        await session.close()
        raise
    return WebLink(session, socket)
