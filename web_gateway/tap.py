"""Between a connection and aiohttp's protocol: who listens, and is not in the way.

Doors write the room's bytes straight to a connection's transport. Whether the
socket is full, or gone, the loop tells the connection's protocol, which is
aiohttp's; a tap stands before it, tells the room, and passes everything on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from tcp_room.member import Member


class Tap(asyncio.BaseProtocol):
    """Tells the room whether the member's socket is full."""

    __slots__ = ("_behind", "_lost", "_member", "buffer_updated", "eof_received", "get_buffer")

    def __init__(
        self,
        behind: asyncio.BufferedProtocol,
        member: Member,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        """`lost` is called when the connection is; who reads from it need not be told."""
        self._behind = behind
        self._member = member
        self._lost = lost
        # Not wrapped: reading costs nothing more than it did.
        self.get_buffer = behind.get_buffer
        self.buffer_updated = behind.buffer_updated
        self.eof_received = behind.eof_received

    def connection_lost(self, error: Exception | None) -> None:
        self._behind.connection_lost(error)
        self._lost()

    def pause_writing(self) -> None:
        self._member.full = True
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        self._behind.resume_writing()
        self._member.full = False
        if self._member.room is not None:
            self._member.room.drained(self._member)


def transport_of(request: web.Request) -> asyncio.Transport:
    """What the request came by. Raises ConnectionResetError if its client has gone already."""
    if request.transport is None:
        raise ConnectionResetError("the client has gone")
    return request.transport


def cut_later(transport: asyncio.Transport, after_s: float) -> None:
    """Cuts a connection whose client has not read what waits for it by then."""
    if transport.get_write_buffer_size():
        asyncio.get_running_loop().call_later(after_s, _cut, transport)


def _cut(transport: asyncio.Transport) -> None:
    if transport.get_write_buffer_size():  # what is closed already, not every loop can abort
        transport.abort()
