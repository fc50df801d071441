"""A real terminal: tmux runs a program on it, types, and tells what the screen shows."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

PATIENCE_S = 15


class Tmux:
    def __init__(self, name: str, written: Path) -> None:
        self._name = name
        self._written = written

    async def run(self, *arguments: str, stdin: str | None = None) -> str:
        """A command of tmux; what it answers."""
        process = await asyncio.create_subprocess_exec(
            "tmux",
            *("-L", self._name, "-f", "/dev/null", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate(stdin.encode() if stdin is not None else None)
        assert process.returncode == 0, (arguments, out)
        return out.decode()

    async def type(self, text: str) -> None:
        await self.run("send-keys", "-l", text)

    async def press(self, *keys: str) -> None:
        await self.run("send-keys", *keys)

    async def paste(self, text: str) -> None:
        """As a terminal does: in brackets, where the program asks for them."""
        await self.run("load-buffer", "-", stdin=text)
        await self.run("paste-buffer", "-p")

    async def screen(self) -> str:
        """What it shows, long lines joined, without blanks at the ends."""
        lines = (await self.run("capture-pane", "-pJ")).splitlines()
        return "\n".join(line.rstrip() for line in lines).rstrip()

    async def everything(self) -> str:
        """And what has scrolled by, long lines joined."""
        return (await self.run("capture-pane", "-pJ", "-S", "-")).rstrip()

    async def until(self, is_so: str | Callable[[str], bool]) -> str:
        """The screen, as soon as it holds that."""
        screen = ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    screen = await self.screen()
                    if is_so in screen if isinstance(is_so, str) else is_so(screen):
                        return screen
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"never {is_so}:\n{screen}") from None

    def written(self) -> bytes:
        """Every byte that the program has written to its terminal."""
        return self._written.read_bytes()


@asynccontextmanager
async def tmux(command: str, folder: Path, **variables: str) -> AsyncIterator[Tmux]:
    """Runs a line of sh in a terminal of 80 x 24, and tells its status when it ends."""
    if shutil.which("tmux") is None:
        pytest.fail("tmux is not installed; .ci/programs installs it")
    terminal = Tmux(f"oneroom-{secrets.token_hex(6)}", folder / "written")
    terminal._written.touch()
    surroundings = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "XDG_STATE_HOME": str(folder), **variables}
    flags = [f"-e{name}={value}" for name, value in surroundings.items()]
    start = f"read go; {command}; status=$?; echo; echo ended with $status; exec sleep 1000"
    await terminal.run("new-session", "-d", "-x80", "-y24", *flags, start)
    try:
        await terminal.run("pipe-pane", f"exec cat > {terminal._written}")
        await terminal.press("Enter")
        yield terminal
    finally:
        await terminal.run("kill-server")
