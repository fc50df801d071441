"""The first and last lines of the program.

Ctrl-C is silent while everything else is being imported, so this imports nothing that takes
time, and nor does the package. A disk that is full when help is printed is a sentence.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_INTERRUPTED = 130  # see `status`


def run(imported: Callable[[], Callable[[], Any]]) -> None:
    """Runs the program that `imported` imports and returns.

    From here on Ctrl-C ends the process at once, and prints nothing. A prompt and a server catch
    it themselves while they run.
    """
    signal.signal(signal.SIGINT, lambda number, frame: os._exit(_INTERRUPTED))
    program = imported()
    try:
        program()
    except OSError as error:
        _end(error)


def _end(error: OSError) -> None:
    """Standard output is full, or it is a bug."""
    from oneroom_client import stdio
    from oneroom_client.status import Failure

    try:
        stdio.write(stdio.STDOUT, b"\n")
    except Failure as failure:
        stdio.complain(str(failure))
        sys.stdout = None  # or the interpreter would try again
        sys.exit(failure.status)
    raise error


def main() -> None:
    """The client alone: `python -m oneroom_client`."""
    run(_client)


def _client() -> Callable[[], Any]:
    from oneroom_client.cli import main

    return lambda: main(prog_name="oneroom")
