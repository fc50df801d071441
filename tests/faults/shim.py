"""Steers the disk of a server that runs with `shim.c` preloaded."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

from tests.faults.finding import Ground, NotTested

_SOURCE: Final = Path(__file__).with_name("shim.c")
_RULE: Final = struct.Struct("5i")
_CALLS: Final = ("read", "write", "sync")
_COMPILER: Final = shutil.which("cc")


class Disk:
    """The rules of one shim. Every change holds from the next call on."""

    def __init__(self, folder: Path) -> None:
        """Builds the shim in `folder`, outside the data folder. Raises CalledProcessError."""
        assert _COMPILER is not None
        library, control = folder / "shim.so", folder / "shim.rules"
        command = [_COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library)]
        subprocess.run([*command, str(_SOURCE), "-ldl"], check=True, capture_output=True)
        control.write_bytes(bytes(_RULE.size * len(_CALLS)))
        with control.open("r+b") as file:
            self._rules = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(library), "FAULTS_CONTROL": str(control)}

    def rule(
        self, call: str, *, error: int = 0, delay_ms: int = 0, hold: bool = False, times: int = -1
    ) -> None:
        """What happens to `read`, `write` or `sync` of the log's files."""
        at = _CALLS.index(call) * _RULE.size
        self._rules[at : at + _RULE.size] = _RULE.pack(error, delay_ms, hold, times, 0)

    def struck(self, call: str) -> int:
        """How many calls the present rule has touched."""
        struck: int = _RULE.unpack_from(self._rules, _CALLS.index(call) * _RULE.size)[4]
        return struck

    def heal(self) -> None:
        for call in _CALLS:
            self.rule(call)


def preloaded(ground: Ground) -> Disk:
    """A disk for a server on this ground. Raises NotTested."""
    if _COMPILER is None:
        raise NotTested("there is no C compiler (cc) to build the shim with")
    return Disk(ground.folder)
