"""A link over a WebSocket: see `link`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType


class WebLink:
    def __init__(self, session: ClientSession, socket: ClientWebSocketResponse[Any]) -> None:
        self._session, self._socket = session, socket
        self._sending: asyncio.Queue[bytes] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send())
        self.farewell = ""

    async def read(self) -> Sequence[bytes]:
        message = await self._socket.receive()
        if message.type is not WSMsgType.TEXT:
            return ()
        return cast(bytes, message.data).split(b"\n")

    def write(self, line: bytes) -> None:
        self._sending.put_nowait(line)

    async def _send(self) -> None:
        """aiohttp waits while the socket is full; who writes need not."""
        try:
            while True:
                line = await self._sending.get()
                await self._socket.send_str(line.decode())
        except (OSError, RuntimeError):
            pass  # it is closed; `read` tells

    async def close(self) -> None:
        self._sender.cancel()
        await self._socket.close()
        await self._session.close()
