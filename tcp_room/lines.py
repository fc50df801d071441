"""Bytes to lines, for every kind of terminal.

`nc` ends a line with LF, `telnet` with CR LF, a terminal in raw mode with CR
alone, and telnet in its network form with CR NUL (RFC 854). Each of them ends
a line at once: we never wait for the byte behind a CR, but swallow a LF or NUL
that follows one, in the next packet too.

Input waits here as bytes and is cut into lines when they are taken: lines as
objects would cost many times as much memory.

A line over the limit is told of once, as soon as it is over, and then
discarded through its end. Its tail must never become a line of its own: that
is how commands are smuggled past a limit. So memory is bounded by the limit.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

_ALL: Final = -1


class TooLong(Enum):
    """Stands where a line over the limit was."""

    TOO_LONG = auto()


TOO_LONG: Final = TooLong.TOO_LONG


class LineDecoder:
    """`limit`: bytes that a line may have without its end."""

    __slots__ = ("_after_cr", "_discarding", "_limit", "pending")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # What was pushed and not taken, a line that has not ended included: each line end is one
        # LF, and a line over the limit is cut, and ended.
        self.pending = b""
        self._after_cr = False
        self._discarding = False

    @property
    def has_line(self) -> bool:
        """Whether a whole line waits."""
        return b"\n" in self.pending

    def sole_line(self, data: bytes) -> bytes | None:
        """The line that `data` is, if it is one and nothing waits before it: then there is nothing
        to push. Nearly all input is: to push and take it would take four times as long."""
        if self.pending or self._after_cr or self._discarding or b"\r" in data:
            return None
        size = data.find(b"\n")
        return data[:size] if 0 <= size == len(data) - 1 <= self._limit else None

    def push(self, data: bytes) -> None:
        """More bytes have come."""
        if not data:
            return
        if self._after_cr and data[0] in b"\n\0":
            data = data[1:]
        self._after_cr = False
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            # Three passes in C; one regular expression that does it all took twice as long.
            data = data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\n").replace(b"\r", b"\n")
        if self._discarding:
            data = self._after_discarded(data)
        self.pending = self.pending + data if self.pending else data
        if len(self.pending) > self._limit:
            self._bound_the_last()

    def end(self) -> None:
        """No more bytes come: a last line without an end counts, unless it is too long."""
        if self.pending and not self.pending.endswith(b"\n"):
            self.pending += b"\n"

    def take(self, count: int = _ALL) -> list[bytes | TooLong]:
        """The next lines, without their ends; `count` at the most."""
        pending, limit = self.pending, self._limit
        pieces = pending.split(b"\n", count)
        self.pending = pieces.pop()
        if len(pending) <= limit:
            return [*pieces]
        return [TOO_LONG if len(piece) > limit else piece for piece in pieces]

    def keep(self, count: int) -> None:
        """Forgets what waits after the next `count` lines."""
        rest = self.pending.split(b"\n", count)[-1]
        self.pending = self.pending[: len(self.pending) - len(rest)]

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """All lines that end in `data`."""
        self.push(data)
        return self.take()

    def finish(self) -> list[bytes | TooLong]:
        """The last line, if it has no end."""
        self.end()
        return self.take()

    def _bound_the_last(self) -> None:
        """Ends a line that is over the limit already, and discards what comes of it."""
        begin = self.pending.rfind(b"\n") + 1
        if len(self.pending) - begin > self._limit:
            self.pending = self.pending[: begin + self._limit + 1] + b"\n"
            self._discarding = True

    def _after_discarded(self, data: bytes) -> bytes:
        _, end, rest = data.partition(b"\n")
        self._discarding = not end
        return rest
