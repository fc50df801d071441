"""The program as a process that can be killed, and a wire to it that can be cut."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Server:
    """`oneroom serve` on ports that it keeps, with a log that it finds again."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.http_port = self.tcp_port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self) -> None:
        ports = f"--http-port {self.http_port} --tcp-port {self.tcp_port}"
        command = f"-m web_gateway {ports} --rate 0 --data {self._folder}"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *command.split(), stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        sentence = (await asyncio.wait_for(self._process.stdout.readline(), 20)).decode()
        found = re.search(r":(\d+)/ in a browser, nc localhost (\d+)", sentence)
        assert found, sentence
        self.http_port, self.tcp_port = int(found[1]), int(found[2])

    async def kill(self) -> None:
        """As kill -9 does."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()


@asynccontextmanager
async def running_server() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        await server.start()
        try:
            yield server
        finally:
            await server.kill()


class Wire:
    """A TCP proxy. Cut, it swallows what is sent, and says nothing, as a cable does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Wire]:
        wire = cls(port)
        server = await asyncio.start_server(wire._carry, "127.0.0.1", 0)
        wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield wire
        finally:
            server.close()
            wire._whole.set()
            for writer in wire._writers:
                writer.transport.abort()
            await asyncio.gather(*wire._tasks, return_exceptions=True)

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        """What was under way is lost: those connections are dead, though nobody has said so."""
        for writer in self._writers:
            writer.transport.abort()
        self._whole.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        await self._whole.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        for source, target in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                await self._whole.wait()
                target.write(data)
        except OSError:
            pass
        finally:
            target.close()
