"""The server under attack: a process of its own, watched from outside."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_START_WITHIN_S: Final = 60.0
_STOP_WITHIN_S: Final = 2.0
_PAGE_MIB: Final = resource.getpagesize() / (1 << 20)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Server:
    """A running one, with default flags. Leaving it ends it."""

    def __init__(self, checkout: Path, data: Path, open_files: int) -> None:
        """`open_files` limits its descriptors; 0 does not. Raises RuntimeError."""
        self._folder = tempfile.TemporaryDirectory(prefix="oneroom-drill-")
        self._output = Path(self._folder.name, "stdout")
        self._errors = Path(self._folder.name, "stderr")
        own = checkout / ".venv" / "bin" / "python"
        command = [str(own) if own.exists() else sys.executable, "-m", "web_gateway", "serve"]
        flags = ["--http-port", "0", "--tcp-port", "0", "--data", str(data)]
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [*command, *flags],
                cwd=checkout,
                stdout=output,
                stderr=errors,
                preexec_fn=lambda: _limit(open_files),
            )
        self.tcp_port, self.http_port = self._wait()

    def _wait(self) -> tuple[int, int]:
        deadline = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            said = self._output.read_text()
            tcp = re.search(r"nc \S+ (\d+)", said)
            http = re.search(r"http://\S+?:(\d+)", said)
            if tcp and http:
                return int(tcp[1]), int(http[1])
            time.sleep(0.05)
        errors = self.errors[-500:]
        self.close()
        raise RuntimeError(f"the server did not start: {errors}")

    @property
    def errors(self) -> str:
        """All that it has written to stderr."""
        return self._errors.read_text(errors="replace")

    @property
    def error_lines(self) -> int:
        with self._errors.open("rb") as errors:
            return sum(block.count(b"\n") for block in iter(lambda: errors.read(1 << 20), b""))

    @property
    def resident_mib(self) -> float:
        """Zero if it has ended."""
        fields = self._proc("statm").split()
        return int(fields[1]) * _PAGE_MIB if fields else 0.0

    @property
    def processor_s(self) -> float:
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0

    def _proc(self, name: str) -> str:
        try:
            return Path(f"/proc/{self._process.pid}/{name}").read_text()
        except OSError:
            return ""

    @property
    def is_up(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def _limit(open_files: int) -> None:
    if open_files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
