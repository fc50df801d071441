"""The program as a shell starts it. See also tests/oneroom_client/test_start.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.web_gateway.test_cli import run


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["web_gateway", "--help"], "Usage: python -m web_gateway serve [OPTIONS]"),
        (["web_gateway", "serve", "--help"], "Usage: python -m web_gateway serve [OPTIONS]"),
    ],
)
def test_python_m_is_serve(arguments: list[str], usage: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, usage)


def test_the_script_has_every_command() -> None:
    script = Path(sys.executable).parent / "oneroom"
    done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    for command in ("serve", "join", "say", "tail", "who", "config"):
        assert f"\n  {command} " in done.stdout
