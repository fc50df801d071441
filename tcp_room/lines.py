"""Bytes to lines, for every kind of terminal.

`nc` ends a line with LF, `telnet` with CR LF, a terminal in raw mode with CR
alone, and telnet in its network form with CR NUL (RFC 854). Each of them ends
a line at once: we never wait for the byte behind a CR, but swallow a LF or NUL
that follows one, in the next packet too.

A line over the limit is told of once, as soon as it is over, and then
discarded through its end. Its tail must never become a line of its own: that
is how commands are smuggled past a limit. So memory is bounded by the limit.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

_END: Final = re.compile(rb"[\r\n]")


class TooLong(Enum):
    """Stands where a line over the limit was."""

    TOO_LONG = auto()


TOO_LONG: Final = TooLong.TOO_LONG


class LineDecoder:
    """`limit`: bytes that a line may have without its end. It may be changed at any time."""

    __slots__ = ("_after_cr", "_discarding", "_pending", "limit", "sends_bare_lf")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sends_bare_lf: bool | None = None  # None until the first line has ended
        self._pending = b""
        self._after_cr = False
        self._discarding = False

    def peek(self) -> bytes:
        """The beginning of a line that has not ended yet: at most `limit` bytes."""
        return self._pending

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """The lines that end in `data`, without their ends."""
        if not data:
            return []
        if self._after_cr and data[0] in b"\n\0":
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        if self._pending:
            data = self._pending + data
        return self._split(data)

    def finish(self) -> list[bytes | TooLong]:
        """No more bytes come: a last line without an end counts, unless it is too long."""
        pending, self._pending = self._pending, b""
        return [pending] if pending else []

    def _split(self, data: bytes) -> list[bytes | TooLong]:
        if self.sends_bare_lf is None:
            self._note_first_end(data)
        if b"\r" in data:
            # Three passes in C; one regular expression that does it all took twice as long.
            data = data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\n").replace(b"\r", b"\n")
        pieces = data.split(b"\n")
        rest = pieces.pop()
        lines = self._bounded(pieces, len(data))
        if pieces and self._discarding:
            del lines[0]  # the tail of what was told of already
            self._discarding = False
        self._keep(rest, lines)
        return lines

    def _bounded(self, pieces: list[bytes], size: int) -> list[bytes | TooLong]:
        if size <= self.limit:
            return [*pieces]
        return [TOO_LONG if len(piece) > self.limit else piece for piece in pieces]

    def _keep(self, rest: bytes, lines: list[bytes | TooLong]) -> None:
        """Keeps the beginning of the next line, or the fact that it is too long already."""
        if len(rest) > self.limit and not self._discarding:
            lines.append(TOO_LONG)
            self._discarding = True
        self._pending = b"" if self._discarding else rest

    def _note_first_end(self, data: bytes) -> None:
        end = _END.search(data)
        if end:
            self.sends_bare_lf = end.group() == b"\n"
