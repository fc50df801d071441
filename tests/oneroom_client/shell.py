"""The commands as a shell runs them."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.browser import House

ONEROOM = f"{shlex.quote(sys.executable)} -m oneroom_client"


@dataclass(frozen=True, slots=True)
class Done:
    status: int
    out: str
    err: str


async def sh(
    line: str,
    house: House | None = None,
    stdin: bytes = b"",
    *,
    port: int | None = None,
    **variables: str,
) -> Done:
    """Runs a line of bash, in which `oneroom` is ours and comes to `house`, or to `port`."""
    if port is not None:
        variables["ONEROOM_ADDRESS"] = f"127.0.0.1:{port}"
    async with shell(line, house, **variables) as process, asyncio.timeout(30):
        out, err = await process.communicate(stdin)
        return Done(await process.wait(), out.decode(), err.decode())


@asynccontextmanager
async def shell(
    line: str, house: House | None = None, **variables: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The same, as long as the block lasts."""
    address = {"ONEROOM_ADDRESS": f"127.0.0.1:{house.tcp_port}"} if house else {}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ONEROOM")}
    plain["ONEROOM_CONFIG"] = os.devnull
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f'set -o pipefail; oneroom() {{ {ONEROOM} "$@"; }}; {line}',
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
        env={**plain, "LC_ALL": "C.UTF-8", "TZ": "UTC", **address, **variables},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
