"""The web door on a real socket, and clients of it that see every byte."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tcp_room.config import Config
from tcp_room.events import Say
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.logs.memory import MemoryEngine
from tcp_room.logs.port import Engine, Outcome
from tcp_room.member import Member
from web_gateway.app import create_app, make_runner
from web_gateway.hooks import NONE, Hooks

KEY = b"k" * 32


class Served:
    """A hall, its web door, and whoever listens at it."""

    def __init__(self, hall: Hall, turnstile: Turnstile, client: TestClient[Any, Any]) -> None:
        self.hall = hall
        self.turnstile = turnstile
        self.client = client
        self.listeners: list[Listener] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"

    async def post(
        self,
        body: bytes | str,
        query: str = "",
        *,
        room: str = "lobby",
        key: str | None = None,
        **headers: str,
    ) -> Answer:
        """`Content_Type=` and the like are headers; without one the body is plain text."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "text/plain")
        if key is not None:
            sent["Idempotency-Key"] = key
        return await self.ask("POST", f"/rooms/{room}/messages{query}", data=body, headers=sent)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def ask(self, method: str, path: str, **more: Any) -> Answer:
        async with self.client.request(method, path, **more) as response:
            return Answer(response.status, response.headers, await response.read())

    async def page(self, query: str = "", room: str = "lobby") -> dict[str, Any]:
        answer = await self.get(f"/rooms/{room}/messages{query}")
        assert answer.status == 200, answer.body
        return answer.json

    async def texts(self, room: str = "lobby") -> list[str]:
        return [event["text"] for event in (await self.page("?limit=500", room))["events"]]

    async def listen(self, path: str, *, version: str = "1.1", **headers: str) -> Listener:
        assert self.client.port is not None
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        listener = await Listener.open(self.client.port, path, version, sent)
        self.listeners.append(listener)
        return listener

    async def said(self, text: str, room: str = "lobby", nick: str = "robot") -> None:
        """Somebody says that, and it is settled."""
        settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.hall.post(
            room,
            Say,
            text,
            door="test",
            author="test",
            nick=nick,
            id=None,
            settled=lambda outcome, is_new: settled.set_result(outcome),
        )
        await settled

    def member(self, nick: str) -> Member:
        return self.hall.find(nick)

    @property
    def connections(self) -> int:
        """How many there are, those included that only wait to be closed."""
        runner = self.client.server.runner
        assert runner is not None and runner.server is not None
        return len(runner.server.connections)

    @property
    def handlers(self) -> list[Any]:
        """aiohttp's of each connection."""
        runner = self.client.server.runner
        assert runner is not None and runner.server is not None
        return runner.server.connections

    @property
    def requests(self) -> int:
        """How many have begun to be handled."""
        runner = self.client.server.runner
        assert runner is not None and runner.server is not None
        return runner.server.requests_count


class Answer:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/json", self.body
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code, of a body that is a refusal and nothing else."""
        assert self.json.keys() == {"code", "text"}
        assert self.json["text"]
        return self.status, self.json["code"]


class Listener:
    """Reads chunks as they come, and no more than it is asked to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self._body = b""
        self.chunks = 0
        self.is_over = False

    @classmethod
    async def open(cls, port: int, path: str, version: str, headers: Mapping[str, str]) -> Listener:
        # A small limit: what is not read stays with the kernel.
        listener = cls(*await asyncio.open_connection("127.0.0.1", port, limit=4096))
        lines = [f"GET {path} HTTP/{version}", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        listener.writer.write("\r\n".join([*lines, "", ""]).encode())
        await listener._read_head()
        return listener

    async def _read_head(self) -> None:
        reader = self._reader
        self.status = int((await reader.readline()).split()[1])
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            self.headers[name.lower()] = value

    async def refusal(self) -> tuple[int, str]:
        body = await self._reader.readexactly(int(self.headers["content-length"]))
        return self.status, msgspec.json.decode(body)["code"]

    async def chunk(self) -> bytes:
        """The next one; empty if it is the last."""
        size = int(await self._reader.readline(), 16)
        data = await self._reader.readexactly(size)
        assert await self._reader.readexactly(2) == b"\r\n"
        self.chunks += 1
        self.is_over = not size
        return data

    async def _through(self, end: bytes) -> bytes:
        while end not in self._body:
            chunk = await self.chunk()
            if not chunk:
                raise EOFError(self._body)
            self._body += chunk
        found, _, self._body = self._body.partition(end)
        return found

    async def line(self) -> dict[str, Any]:
        """The next event of an NDJSON stream."""
        decoded: dict[str, Any] = msgspec.json.decode(await self._through(b"\n"))
        return decoded

    async def event(self) -> dict[str, Any]:
        """The fields of the next server-sent event, `data` decoded, by the rules of the HTML
        standard as far as they matter here."""
        fields: dict[str, Any] = {}
        for line in (await self._through(b"\n\n")).decode().split("\n"):
            name, _, value = line.partition(":")
            assert name not in fields
            fields[name] = value.removeprefix(" ")
        if "data" in fields:
            fields["data"] = msgspec.json.decode(fields["data"])
        return fields

    async def lines_until(self, text: str) -> list[dict[str, Any]]:
        """Events of an NDJSON stream, up to the one that says this."""
        got = [await self.line()]
        while got[-1].get("text") != text:
            got.append(await self.line())
        return got

    async def events_until(self, text: str) -> list[dict[str, Any]]:
        """Server-sent events, up to the one that says this."""
        got = [await self.event()]
        while got[-1].get("data", {}).get("text") != text:
            got.append(await self.event())
        return got

    async def rest(self) -> bytes:
        """Whatever there still is, to the end of the connection."""
        return await self._reader.read()

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class _Server(TestServer):
    """Run as the program runs it. (aiohttp's own would cancel who serves a client that is gone.)"""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return make_runner(self.app)


@asynccontextmanager
async def served(
    engine: Engine | None = None, hooks: Hooks = NONE, **config: Any
) -> AsyncIterator[Served]:
    """A web door on a port of its own, until it is closed."""
    chosen = Config(
        **{"rate": 0.0, "leave_grace_s": 0.0, "presence_gather_s": 0.0, "listing_s": 0.0, **config}
    )
    turnstile = Turnstile(chosen.per_address, 0)
    kept = engine or MemoryEngine("e1", chosen.memory_events)
    hall = Hall(kept, asyncio.get_running_loop(), _now, secrets.token_hex, chosen)
    async with TestClient(_Server(create_app(hall, turnstile, hooks, KEY))) as client:
        house = Served(hall, turnstile, client)
        try:
            yield house
        finally:
            for listener in house.listeners:
                await listener.close()
            hall.close()


def _now() -> int:
    return time.time_ns() // 1_000_000


async def until(is_so: Any, within_s: float = 20.0) -> None:
    """Lets the loop go round until that is so."""
    async with asyncio.timeout(within_s):
        while not is_so():
            await asyncio.sleep(0)
