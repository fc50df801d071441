"""From a request to a WebSocket: the handshake, and the connection taken out of aiohttp's hands.

aiohttp parses and routes the request. Then the connection is ours alone, with one protocol and no
task: aiohttp's own WebSocket keeps two tasks, a dozen coroutines and the whole request for as long
as it is open (10 of 18 KB), wakes a task for each message, and needs somebody before it to hear of
full sockets. The line door has neither, and nor has this one.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha1
from typing import Final

from aiohttp import HttpVersion11, hdrs, web

from tcp_room.errors import RoomError

# RFC 6455, 1.3 and 4.1.
_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION: Final = "13"
# 16 bytes in base64 (4.1).
_KEY: Final = re.compile("[A-Za-z0-9+/]{22}==")


class Upgraded(web.StreamResponse):
    """The answer of a handler whose connection was taken over: nothing is to be written."""

    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None


def check_handshake(request: web.Request) -> None:
    """Raises RoomError (bad_handshake, bad_version) unless it is one of RFC 6455, 4.2.1."""
    if request.version < HttpVersion11:
        raise _bad("a WebSocket begins with HTTP/1.1 or later")
    if not _asks_for_a_websocket(request):
        raise _bad("/ws is a WebSocket: a program connects with a WebSocket library")
    if request.headers.get(hdrs.SEC_WEBSOCKET_VERSION) != VERSION:
        raise RoomError("bad_version", f"the WebSocket protocol here is version {VERSION}")
    keys = request.headers.getall(hdrs.SEC_WEBSOCKET_KEY, [])
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        raise _bad("Sec-WebSocket-Key is 16 bytes in base64, once")
    # What is a body, and what are frames already, would depend on how the bytes were cut.
    if _has_body(request):
        raise _bad("the handshake of a WebSocket has no body")


def _bad(sentence: str) -> RoomError:
    return RoomError("bad_handshake", sentence)


def _asks_for_a_websocket(request: web.Request) -> bool:
    """As we read it, and as aiohttp's parser does, which else goes on to read HTTP."""
    asks = "upgrade" in _tokens(request, hdrs.CONNECTION)
    return asks and "websocket" in _tokens(request, hdrs.UPGRADE) and request._message.upgrade


def _tokens(request: web.Request, name: str) -> Iterator[str]:
    for line in request.headers.getall(name, []):
        yield from (token.strip().lower() for token in line.split(","))


def _has_body(request: web.Request) -> bool:
    length = request.headers.get(hdrs.CONTENT_LENGTH, "0")
    return length != "0" or hdrs.TRANSFER_ENCODING in request.headers


def take_over(request: web.Request, protocol: asyncio.BufferedProtocol) -> bytes:
    """Answers a sound handshake, and gives the connection to `protocol`. The handler is to answer
    with `Upgraded`.

    Returns what the client has sent after its request. Raises ConnectionResetError if the client
    has gone already.
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
    transport.pause_reading()  # uvloop changes how it reads when reading begins
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    transport.resume_reading()
    return tail.data


class _Tail:
    """What came after the request."""

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
