from __future__ import annotations

import asyncio
import socket
import struct

import aiohttp
import pytest

from tests.browser import opened


async def test_who_is_still_at_the_door_when_the_house_closes_is_told() -> None:
    async with aiohttp.ClientSession() as session:
        async with opened(hello_wait_s=60.0, linger_s=0.2) as house:
            socket = await session.ws_connect(f"{house.url}/ws")
            assert len(house.hall) == 0
        notice = await asyncio.wait_for(socket.receive_json(), timeout=10)
        assert (notice["kind"], notice["text"][:22]) == ("notice", "the server is stopping")
        message = await asyncio.wait_for(socket.receive(), timeout=10)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        await socket.close()


async def test_a_silent_http_connection_is_closed() -> None:
    async with opened(http_idle_s=0.3) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.http_port)
        writer.write(b"GET / HTTP/1.1\r\nHost: local")
        assert await asyncio.wait_for(reader.read(), timeout=10) is not None
        writer.close()


async def test_who_goes_before_the_answer_begins_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    requests = ["/ws", "/rooms/lobby/events", "/rooms/lobby/stream", "/rooms/lobby/messages", "/"]
    async with opened() as house:
        for path in requests * 40:
            with socket.create_connection(("127.0.0.1", house.http_port)) as client:
                extra = upgrade + key if path == "/ws" else ""
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode())
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            async with aiohttp.ClientSession() as session:
                await session.get(f"{house.url}/rooms")
            while len(house.hall):
                await asyncio.sleep(0)
    assert caplog.records == []
