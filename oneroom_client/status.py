"""How the commands end: the exit statuses, for scripts."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """2 is click's, for flags that make no sense."""

    FINE = 0
    ERROR = 1
    CANNOT_CONNECT = 3
    REFUSED = 4
    UNCONFIRMED = 5
    INTERRUPTED = 130  # as a shell tells of Ctrl-C


class Failure(Exception):
    """The command ends with `status`, and one sentence on stderr."""

    def __init__(self, status: Status, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
