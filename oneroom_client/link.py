"""One connection to a room: JSON lines out and in, over TCP, a Unix socket or a WebSocket.

A link knows neither what is said nor how to reconnect. It ends: `read` gives
nothing more, and `why` says why, where the server or its first bytes tell.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect
from oneroom_client.stranger import OPENING_BYTES, recognized, spoken, unreachable

_READ_BYTES: Final = 1 << 16
# A page of history is 64 KiB of text, six times as much in JSON, with its frame at worst.
_LINE_BYTES: Final = 4 << 20
_CONNECT_S: Final = 10.0
_CLOSE_S: Final = 2.0


class Link(Protocol):
    why: Exception | None

    async def read(self) -> Sequence[bytes]:
        """The next lines; none when it has ended. Does not raise."""

    def write(self, line: bytes) -> None:
        """`line` has no end."""

    async def close(self) -> None:
        """Once. Nothing is left open, also when it is cancelled."""


async def open_link(address: Address) -> Link:
    """Raises CannotConnect, Refused."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            return await (_web if address.door == "web" else _line)(address)
    except TimeoutError:
        raise CannotConnect(f"{address} does not answer") from None


async def _line(address: Address) -> Link:
    try:
        if address.door == "tcp":
            return _Line(address, *await asyncio.open_connection(address.where, address.port))
        if sys.platform == "win32":
            raise CannotConnect("there are no Unix sockets here")
        return _Line(address, *await asyncio.open_unix_connection(address.where))
    except (OSError, ValueError) as error:  # a name can be none
        raise unreachable(address, error) from None


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
    def __init__(
        self, address: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._address = address
        self._reader, self._writer = reader, writer
        self._lines = _Lines()
        self._opening = b""
        self.why: Exception | None = None

    async def read(self) -> Sequence[bytes]:
        while True:
            try:
                data = await self._reader.read(_READ_BYTES)
            except OSError:
                return ()
            lines = self._lines.feed(data)
            if not data or self._lines.is_too_long or self._is_a_stranger(data):
                return ()
            for line in lines:
                self.why = spoken(line) or self.why
            if lines:
                return lines

    def _is_a_stranger(self, data: bytes) -> bool:
        """Judges the first bytes."""
        if len(self._opening) >= OPENING_BYTES:
            return False
        self._opening = (self._opening + data)[:OPENING_BYTES]
        self.why = recognized(self._opening, self._address)
        return self.why is not None

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
    from oneroom_client.weblink import opened

    return await opened(address, _LINE_BYTES)
