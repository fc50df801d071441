"""Answers whose every byte is ours, in place of aiohttp's own error pages.

Those name the program and its version, and repeat the client's bytes.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from aiohttp import web

from tcp_room.errors import RoomError
from web_gateway.refusals import STATUS


def bare(error: RoomError, status: int | None = None) -> bytes:
    """A whole answer after which the connection closes. `status` is the code's if it is None."""
    chosen = HTTPStatus(status or STATUS.get(error.code, 400))
    body = msgspec.json.encode({"code": error.code, "text": error.text}) + b"\n"
    head = (
        f"HTTP/1.1 {chosen.value} {chosen.phrase}\r\nContent-Type: application/json\r\n"
        f"X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Bare(web.StreamResponse):
    """A bare answer to a request that aiohttp has read."""

    def __init__(self, error: RoomError, status: int | None = None) -> None:
        """As in `bare`."""
        super().__init__()
        self._bytes = bare(error, status)
        self.force_close()

    async def prepare(self, request: web.BaseRequest) -> None:
        if request.transport is not None:
            request.transport.write(self._bytes)

    async def write_eof(self, data: bytes = b"") -> None:
        return None
