"""A link over a WebSocket: see `link`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientSSLError,
    ClientWebSocketResponse,
    ServerDisconnectedError,
    WSMsgType,
    WSServerHandshakeError,
)

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect, Refused
from oneroom_client.stranger import not_a_room, refused, unreachable

# RFC 6455, 1.2. The key is its example: nothing depends on it.
_HANDSHAKE: Final = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
_BODY_BYTES: Final = 1024
_READABLE: Final = ("text/plain", "application/json")


async def opened(address: Address, line_bytes: int) -> WebLink:
    """Raises CannotConnect, Refused."""
    session = ClientSession()
    try:
        return WebLink(session, await _socket(session, address, line_bytes))
    except BaseException:
        await session.close()
        raise


async def _socket(
    session: ClientSession, address: Address, line_bytes: int
) -> ClientWebSocketResponse[Any]:
    try:
        return await session.ws_connect(
            address.where, max_msg_size=line_bytes, compress=0, decode_text=False
        )
    except WSServerHandshakeError as error:
        raise await _refusal(session, address, error) from None
    except ClientResponseError as error:
        raise _no_web_server(address, error) from None
    except ClientConnectorCertificateError as error:
        why = str(error.certificate_error)
        raise CannotConnect(f"{address} has a certificate that is not valid: {why}") from None
    except (ClientError, OSError, ValueError) as error:
        raise _unreachable(address, error) from None


def _no_web_server(address: Address, error: ClientResponseError) -> CannotConnect:
    if r"\x15\x03" in error.message:  # an alert of TLS, as aiohttp quotes it
        secure = str(address).replace("http:", "https:", 1)
        return CannotConnect(f"{address} speaks TLS; try {secure}")
    return CannotConnect(f"{address} answers, but it is no web server")


def _unreachable(address: Address, error: Exception) -> CannotConnect:
    cause = error.os_error if isinstance(error, ClientConnectorError) else error
    is_plain = isinstance(error, ClientSSLError) or isinstance(cause, ConnectionResetError)
    if is_plain and address.where.startswith("wss:"):
        plain = str(address).replace("https:", "http:", 1)
        return CannotConnect(f"{address} does not speak TLS; try {plain}")
    if isinstance(error, ServerDisconnectedError):
        return CannotConnect(f"{address} has closed the connection")
    return unreachable(address, cause)


async def _refusal(
    session: ClientSession, address: Address, error: WSServerHandshakeError
) -> CannotConnect | Refused:
    """aiohttp drops the body of the answer, which says why: so it is asked for again."""
    try:
        async with session.get(
            address.where.replace("ws", "http", 1), headers=_HANDSHAKE, allow_redirects=False
        ) as response:
            if response.status >= 400 and response.content_type in _READABLE:
                body = await response.content.read(_BODY_BYTES)
                return refused(response.status, body, address)
    except (ClientError, OSError, ValueError):
        pass
    return not_a_room(address, f"{error.status} {HTTPStatus(error.status).phrase}")


class WebLink:
    def __init__(self, session: ClientSession, socket: ClientWebSocketResponse[Any]) -> None:
        self._session, self._socket = session, socket
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send())
        self.why: Exception | None = None

    async def read(self) -> Sequence[bytes]:
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            return ()
        return cast(bytes, message.data).split(b"\n")

    def write(self, line: bytes) -> None:
        self._sending.put_nowait(line)

    async def _send(self) -> None:
        """aiohttp waits while the socket is full; whoever writes need not."""
        try:
            while True:
                line = await self._sending.get()
                await self._socket.send_str(line.decode())
        except (OSError, RuntimeError):
            pass  # it is closed; `read` tells
        except Exception as error:
            self.why = error
            await self._socket.close()

    async def close(self) -> None:
        self._sender.cancel()
        try:
            await self._socket.close()
        finally:
            await self._session.close()
