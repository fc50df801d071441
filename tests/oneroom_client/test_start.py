"""The first lines of the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# Stands in the place of a package that the program imports, and waits.
SLOW = "import sys; print('importing', flush=True); sys.stdin.read()"


@pytest.mark.parametrize("module", ["oneroom_client", "web_gateway"])
def test_ctrl_c_while_it_is_being_imported_is_silent(module: str, tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"},
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == b"importing\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, b"")
