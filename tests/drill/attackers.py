"""One attack as a process of its own, with a low priority.

`python -m tests.drill.attackers NAME SOURCE TCP_PORT HTTP_PORT SECONDS` says `on` when its first
wave has been sent, and prints what it came to as JSON. SIGTERM ends the attack early.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import Final

import msgspec

from tests.drill.attacks import BY_NAME
from tests.drill.server import ROOT
from tests.drill.streams import Attackers, Door, Spent

# The members' process is to be scheduled before this one.
_NICE: Final = 10
_ENDS_WITHIN_S: Final = 30.0


class Raid:
    """The process of the attackers, from outside."""

    def __init__(
        self, name: str, source: str, tcp_port: int, http_port: int, seconds: float
    ) -> None:
        arguments = [name, source, str(tcp_port), str(http_port), str(seconds)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments], cwd=ROOT, stdout=subprocess.PIPE
        )

    def wait(self) -> None:
        """Returns when the first wave has been sent."""
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def stop(self) -> None:
        self._process.terminate()

    @property
    def is_on(self) -> bool:
        return self._process.poll() is None

    def end(self) -> Spent:
        """What it came to."""
        try:
            said, _ = self._process.communicate(timeout=_ENDS_WITHIN_S)
            return msgspec.json.decode(said.removeprefix(b"on\n"), type=Spent)
        finally:
            self._process.kill()


def main() -> None:
    name, source, tcp_port, http_port, seconds = sys.argv[1:]
    os.nice(_NICE)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ports: dict[Door, int] = {"tcp": int(tcp_port), "http": int(http_port)}
    attackers = Attackers(BY_NAME[name].gangs, source, ports)
    signal.signal(signal.SIGTERM, lambda *_: attackers.stop())
    spent = attackers.attack(float(seconds), lambda: print("on", flush=True))
    sys.stdout.buffer.write(msgspec.json.encode(spent))


if __name__ == "__main__":
    main()
