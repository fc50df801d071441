"""`oneroom` and `python -m web_gateway`, as a shell starts them. See `oneroom_client.start`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from oneroom_client.start import run


def main() -> None:
    """The program that has every command."""
    run(_program)


def _program() -> Callable[[], Any]:
    from web_gateway.cli import main

    return main


def serve() -> None:
    """The same, and `serve` need not be written."""
    run(_server)


def _server() -> Callable[[], Any]:
    from web_gateway.cli import main

    flags = sys.argv[1:]
    flags = flags if flags[:1] == ["serve"] else ["serve", *flags]
    return lambda: main(flags, prog_name="python -m web_gateway")
