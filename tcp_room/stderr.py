"""Lines on stderr: one a second at most, whatever clients send.

- A record becomes one line without control characters. An exception adds its message and the place
  where it was raised: any client could ask for a traceback, and that has forty lines.
- Records that come too fast are counted. The next line says how many they were.
- The log's own records have a separate budget, so no client can silence a full disk.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Final

from tcp_room.limits import Bucket

_LINE_CHARS: Final = 500
_LOGS: Final = "tcp_room.logs"


class OneLine(logging.Formatter):
    """A record as one line of at most 500 characters, without its end."""

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        parts = ["oneroom: ", record.getMessage()]
        if error is not None:
            parts.append(f": {_raised(error)}")
        if missed := getattr(record, "missed", 0):
            parts.append(f" (and {missed} more)")
        line = "".join(parts)
        return "".join(c if c.isprintable() else " " for c in line)[:_LINE_CHARS]


def _raised(error: BaseException) -> str:
    """The exception, and where it was raised. It reads no file: descriptors may have run out."""
    said, step = f"{type(error).__name__}: {error}", error.__traceback__
    if step is None:
        return said
    while step.tb_next is not None:
        step = step.tb_next
    return f"{said}, at {step.tb_frame.f_code.co_filename}:{step.tb_lineno}"


class Throttle(logging.Filter):
    """Lets one record a second pass, and counts the others."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` in monotonic seconds."""
        super().__init__()
        self._clock = clock
        self._budget = Bucket(1, 1)
        self._missed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if not self._budget.take(1, self._clock()):
            self._missed += 1
            return False
        record.missed, self._missed = self._missed, 0
        return True


def write_to_stderr(clock: Callable[[], float]) -> None:
    """Has all loggers of the process write there, each as said above."""
    root, logs = logging.getLogger(), logging.getLogger(_LOGS)
    for logger in (root, logs):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(OneLine())
        handler.addFilter(Throttle(clock))
        logger.handlers = [handler]
    logs.propagate = False
    logging.captureWarnings(True)
