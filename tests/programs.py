"""The programs with which people come in: `nc`, `telnet`, `curl` and others, run for real."""

from __future__ import annotations

import asyncio
import codecs
import os
import pty
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

PATIENCE_S = 10


class Program:
    """A running program: what it is told on its standard input, and what it shows."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, terminal: int
    ) -> None:
        self._process = process
        self._reader = reader
        self._terminal = terminal  # our end of its terminal, -1 if it has none
        self.shown = ""
        # What comes at once may end in the midst of a character.
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def type(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        if self._terminal >= 0:
            os.write(self._terminal, data)
        else:
            assert self._process.stdin is not None
            self._process.stdin.write(data)

    def end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def until(self, text: str) -> str:
        """Everything shown, as soon as `text` is in it."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.shown:
                data = await self._reader.read(1 << 16)
                assert data, f"it ended before it showed {text!r}: {self.shown}"
                self.shown += self._decode(data)
        return self.shown

    async def until_end(self) -> str:
        """Everything it shows until it ends by itself."""
        async with asyncio.timeout(PATIENCE_S):
            while data := await self._reader.read(1 << 16):
                self.shown += self._decode(data)
            await self._process.wait()
        return self.shown

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


@asynccontextmanager
async def running(*command: str, in_terminal: bool = False) -> AsyncIterator[Program]:
    """Runs a program as long as the block lasts. The test fails if it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is not installed; .ci/programs installs it")
    program = await (_in_terminal(*command) if in_terminal else _with_pipes(*command))
    try:
        yield program
    finally:
        program.kill()
        await program._process.wait()
        if program._terminal >= 0:
            os.close(program._terminal)


async def _with_pipes(*command: str) -> Program:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    return Program(process, process.stdout, -1)


async def _in_terminal(*command: str) -> Program:
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(*command, stdin=its, stdout=its, stderr=its)
    os.close(its)
    reader = asyncio.StreamReader()
    os.set_blocking(ours, False)
    asyncio.get_running_loop().add_reader(ours, _read, ours, reader)
    return Program(process, reader, ours)


def _read(terminal: int, reader: asyncio.StreamReader) -> None:
    try:
        data = os.read(terminal, 1 << 16)
    except OSError:  # EIO: the program has closed its end
        data = b""
    if data:
        reader.feed_data(data)
    else:
        asyncio.get_running_loop().remove_reader(terminal)
        reader.feed_eof()
