"""The lecture's programs, run as a student runs them."""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

DEMOS = Path(__file__).parents[2] / "demos"
PATIENCE_S = 10


def shown_by(name: str, *arguments: str, typed: str = "", status: int = 0) -> str:
    """All that a program shows that ends by itself."""
    done = subprocess.run(
        [sys.executable, DEMOS / f"{name}.py", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def _with_ctrl_c() -> None:
    """Whoever runs the tests in the background has it ignored, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Program:
    """One that runs on until it is stopped."""

    def __init__(self, name: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, DEMOS / f"{name}.py", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_with_ctrl_c,
        )
        self.shown = ""

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def until(self, text: str) -> str:
        """All up to the line that holds `text`."""
        assert self._process.stdout is not None
        while text not in self.shown:
            line = self._process.stdout.readline()
            assert line, f"it ended before it showed {text!r}: {self.shown}"
            self.shown += line
        return self.shown

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def rest(self) -> tuple[int, str]:
        """Its exit status, when it has ended by itself, and all that it showed."""
        output, _ = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, self.shown + output

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
        return self.rest()


@contextmanager
def serving(name: str) -> Iterator[tuple[Program, int]]:
    """A server on a port that is free."""
    with Program(name, "--port", "0") as server:
        listening = re.search(r"listening on \S+:(\d+)", server.until("listening on"))
        assert listening is not None
        yield server, int(listening[1])


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def line_from(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        data = connection.recv(1)
        assert data, f"the connection ended behind {line!r}"
        line += data
    return line


def is_silent(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(PATIENCE_S)
    return False


def reset(connection: socket.socket) -> None:
    """Breaks off, as a machine does that loses power (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
