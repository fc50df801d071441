"""The signals of the operating system, and their effects.

| signal | effect |
|---|---|
| SIGTERM, SIGINT | the house stops within `shutdown_s` in total; a second one ends it at once |
| SIGHUP | with a controlling terminal: as SIGTERM; without: the hooks are read again |
| SIGUSR1, SIGUSR2 | ignored |

A SIGHUP that was ignored at the start (`nohup`) stays ignored. The others keep their default.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

# A stop that takes longer than this is worth a line.
_MOMENT_S: Final = 1.0
_OVERDUE_STATUS: Final = 1


class Signals:
    """The operator's signals to the running program. Made on its loop."""

    def __init__(self, within_s: float) -> None:
        """A signal to stop ends the process within `within_s`, whatever hangs."""
        self._loop = asyncio.get_running_loop()
        self._within_s = within_s
        self._stop = asyncio.Event()
        self._deadline = 0.0
        self.on_reload: Callable[[], None] | None = None

    def listen(self) -> None:
        """Takes the signals from the system."""
        if sys.platform == "win32":
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end, number)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            if has_terminal():
                self._loop.add_signal_handler(signal.SIGHUP, self._end, signal.SIGHUP)
            else:
                self._loop.add_signal_handler(signal.SIGHUP, self._reload)
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)

    def stop(self) -> None:
        """The house is to stop."""
        self._deadline = self._loop.time() + self._within_s
        self._stop.set()

    def _end(self, number: int) -> None:
        """The house is to stop; the second time, the process ends at once."""
        if self._stop.is_set():
            os._exit(128 + number)
        self.stop()
        self._loop.call_later(_MOMENT_S, _say, "oneroom: stopping; Ctrl-C again stops at once\n")
        overdue = threading.Timer(self._within_s, _end_overdue)
        overdue.daemon = True
        overdue.start()

    async def stopped(self) -> None:
        """Returns when the house is to stop."""
        await self._stop.wait()

    def left_s(self, reserve: float = 0.0) -> float:
        """Seconds until everything must have ended, less a `reserve` (0 to 1) of the whole time."""
        whole = self._within_s
        left = self._deadline - self._loop.time() if self._stop.is_set() else whole
        return max(left - reserve * whole, 0.0)

    def _reload(self) -> None:
        if self.on_reload is not None:
            self.on_reload()


def has_terminal() -> bool:
    """Whether the process has a controlling terminal, whose end is a SIGHUP."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _end_overdue() -> None:
    """Runs on a thread, since the loop itself may hang in a disk that does not answer. Everything
    that was acknowledged is in the log."""
    _say("oneroom: it did not stop in time, so it was ended\n")
    os._exit(_OVERDUE_STATUS)


def _say(line: str) -> None:
    with suppress(OSError):
        os.write(2, line.encode())
