"""From a request to a WebSocket: the handshake, and the connection taken out of aiohttp's hands.

aiohttp routes the request and says whether it is sound. Then the connection is ours alone, with
one protocol and no task: aiohttp's own WebSocket keeps two tasks, a dozen coroutines and the
whole request for as long as it is open (10 of 18 KB), wakes a task for each message, and needs
somebody before it to hear of full sockets. The line door has neither, and nor has this one.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from hashlib import sha1
from typing import Final

from aiohttp import hdrs, web

# RFC 6455, 1.3.
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Upgraded(web.StreamResponse):
    """The answer of a handler whose connection was taken over: nothing is to be written."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


async def check_handshake(request: web.Request) -> None:
    """Raises HTTPException if the request asks for no WebSocket, or not as one must."""
    answer = web.WebSocketResponse(compress=False)
    if not answer.can_prepare(request):
        await answer.prepare(request)


def take_over(request: web.Request, protocol: asyncio.Protocol) -> None:
    """Answers a sound handshake, and gives the connection to `protocol`, which hears at once what
    the client has said already. The handler is to answer with `Upgraded`.

    Raises ConnectionResetError if the client has gone already.
    """
    handler = request.protocol
    transport = handler.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has gone")
    tail = _Tail()
    handler.set_parser(tail)  # type: ignore[arg-type]  # duck-typed: what waits goes to it
    handler.transport = None  # so that the end of aiohttp's part closes nothing
    handler.connection_lost(None)
    transport.write(_answer(request.headers[hdrs.SEC_WEBSOCKET_KEY]))
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    transport.resume_reading()
    if tail.data:
        protocol.data_received(tail.data)


class _Tail:
    """What came behind the request."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        pass


def _answer(key: str) -> bytes:
    """RFC 6455, 4.2.2."""
    accept = b64encode(sha1((key + _GUID).encode(), usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept
    )
