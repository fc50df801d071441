"""The server under the drill: a process of its own, with faults around it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.checker import Served
from tests.faults.finding import Ground


class House(Served):
    """A server that can be stopped, killed, frozen and measured. Its log is in `data`."""

    def __init__(
        self,
        ground: Ground,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        self.data = ground.folder / "data"
        self.data.mkdir(exist_ok=True)
        super().__init__(
            self.data,
            *flags,
            root=ground.root,
            environment=environment or {},
            prefix=prefix,
            complaints=ground.folder / "stderr",
        )

    @property
    def database(self) -> Path:
        return self.data / "oneroom.db"

    @property
    def wal(self) -> Path:
        return self.data / "oneroom.db-wal"

    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def halt(self) -> None:
        """kill -9, and no start after it."""
        self.up.clear()
        self.process.kill()
        await self.process.wait()

    async def terminate(self, patience_s: float = 30.0) -> float:
        """SIGTERM; the seconds until the process ended."""
        self.up.clear()
        started = time.monotonic()
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), patience_s)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        return time.monotonic() - started

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def rss_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    def wal_bytes(self) -> int:
        return self.wal.stat().st_size if self.wal.exists() else 0

    def forget_wal(self) -> None:
        """Removes the write-ahead log and its index, as a restore from a copy does."""
        for end in ("-wal", "-shm"):
            self.data.joinpath(f"oneroom.db{end}").unlink(missing_ok=True)


@asynccontextmanager
async def house(
    ground: Ground,
    *flags: str,
    environment: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
) -> AsyncIterator[House]:
    served = House(ground, *flags, environment=environment, prefix=prefix)
    try:
        await served.start()
        yield served
    finally:
        if served.is_running():
            served.process.kill()
            await served.process.wait()


def another(ground: Ground, name: str) -> Ground:
    """A ground of its own within a scenario's."""
    folder = ground.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Ground(folder, ground.root, ground.short)
