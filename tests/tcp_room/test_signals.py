"""The effects of signals on the program, as a shell or a service manager sends them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tcp_room.signals import Signals

PROGRAM = [sys.executable, "-m", "tcp_room", "--tcp-port", "0", "--data", ":memory:"]


@contextmanager
def running(*before: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """The line door alone, in a session of its own, when it is open."""
    process = subprocess.Popen(
        [*before, *PROGRAM],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=not before,
    )
    try:
        assert process.stdout is not None
        assert "oneroom is open" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=15)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_and_says_nothing_of_it(number: int) -> None:
    with running() as process:
        process.send_signal(number)
        assert ended(process) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_without_a_terminal_it_goes_on(number: int) -> None:
    with running() as process:
        process.send_signal(number)
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "")


def test_it_stops_when_its_terminal_is_closed() -> None:
    ours, its = pty.openpty()
    with running("setsid", "--ctty", stdin=its) as process:
        os.close(its)
        os.close(ours)
        assert ended(process) == (0, "")


def test_what_nohup_has_started_outlives_its_terminal() -> None:
    ours, its = pty.openpty()
    with running("setsid", "--ctty", "nohup", stdin=its) as process:
        os.close(its)
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        code, errors = ended(process)
        assert code == 0
        assert "Traceback" not in errors


def test_a_quit_is_what_the_system_makes_of_it() -> None:
    with running() as process:
        process.send_signal(signal.SIGQUIT)
        assert ended(process)[0] == -signal.SIGQUIT


HANGS = """
import asyncio, os, signal, time
from tcp_room.signals import Signals

async def main():
    signals = Signals(within_s=0.2)
    signals.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    await signals.stopped()
    time.sleep(60)  # a disk that does not answer

asyncio.run(main())
"""


def test_a_loop_that_hangs_does_not_hold_it_up() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "oneroom: it did not stop in time, so it was ended\n",
    )


async def test_all_phases_share_one_deadline() -> None:
    signals = Signals(within_s=1000.0)
    assert (signals.left_s(), signals.left_s(0.25)) == (1000.0, 750.0)
    signals.stop()
    await signals.stopped()
    assert 999.0 < signals.left_s() <= 1000.0
    assert signals.left_s(1.0) == 0.0
