"""A real Chromium for the tests of the page, and the house it visits."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import pytest
from aiohttp import web
from playwright.async_api import Browser, async_playwright, expect

from tcp_room.cli import make_turnstile, opened_hall
from tcp_room.config import Config
from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.server import Addresses, open_tcp_door, port_of
from web_gateway.app import create_app, make_runner
from web_gateway.bridge import BRIDGES, Bridge

# A leave is told after five seconds.
expect.set_options(timeout=10_000)

PROGRAMS: Final = ("chromium", "google-chrome", "google-chrome-stable")
# A name of this machine, which the browser does not trust as it trusts localhost.
NAME: Final = f"{socket.gethostname().partition('.')[0].lower()}.local"
# A browser that calls nobody but us, and needs neither a screen nor privileges.
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
]


def chromium(of_playwright: str) -> str | None:
    """The path of a Chromium on this machine: the chosen one, the system's, or Playwright's."""
    wanted = os.environ.get("ONEROOM_CHROMIUM")
    programs = [wanted] if wanted else [*PROGRAMS, of_playwright]
    return next(filter(None, map(shutil.which, programs)), None)


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A running browser. The test fails if there is none."""
    async with async_playwright() as playwright:
        program = chromium(playwright.chromium.executable_path)
        if program is None:
            pytest.fail("No Chromium: .ci/programs installs one, ONEROOM_CHROMIUM names one")
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True, slots=True)
class House:
    """Both doors, open on free ports of this machine."""

    hall: Hall
    turnstile: Turnstile
    addresses: Addresses
    app: web.Application
    http_port: int
    tcp_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def bridges(self) -> set[Bridge]:
        """The WebSockets that are open."""
        return self.app[BRIDGES]

    def said(self, room: str = "lobby") -> int:
        """How many events the log of a room has."""
        return self.hall.room(room).head


@asynccontextmanager
async def opened(**config: object) -> AsyncIterator[House]:
    """The real program's two doors, in this process. Fast by default: nobody is held back."""
    fast = {"rate": 0.0, "http_port": 0, "tcp_port": 0, "data": ":memory:"}
    settings = Config(**{**fast, **config})  # type: ignore[arg-type]
    with opened_hall(settings) as hall:
        async with _both_doors(hall, settings) as house:
            yield house


@asynccontextmanager
async def _both_doors(hall: Hall, settings: Config) -> AsyncIterator[House]:
    turnstile = make_turnstile(settings)
    addresses = Addresses(nc="nc localhost 9000")
    server = await open_tcp_door(hall, turnstile, addresses, settings.host, settings.tcp_port)
    app = create_app(hall, turnstile)
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.http_port).start()
        hall.advertise(port_of(server))
        yield House(hall, turnstile, addresses, app, runner.addresses[0][1], port_of(server))
    finally:
        server.close()
        hall.close()
        await runner.cleanup()


@asynccontextmanager
async def terminal(house: House, nick: str = "") -> AsyncIterator[Terminal]:
    """Somebody on the line door, as with nc."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.tcp_port)
    try:
        person = Terminal(reader, writer)
        if nick:
            await person.type(f"/nick {nick}")
        yield person
    finally:
        writer.close()
        await writer.wait_closed()


@dataclass(frozen=True, slots=True)
class Terminal:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def type(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\n" for line in lines).encode())
        await self.writer.drain()

    async def until(self, text: str) -> str:
        """Everything up to the line that holds `text`."""
        read = [""]
        while text not in read[-1]:
            line = await self.reader.readline()
            assert line, f"the line ended before {text!r}: {read[-20:]}"
            read.append(line.decode())
        return "".join(read)
