"""Bytes to lines, for every kind of terminal.

`nc` ends a line with LF, `telnet` with CR LF, a terminal in raw mode with CR
alone, and telnet in its network form with CR NUL. Each of them ends a line at
once: we never wait for the byte behind a CR, but swallow a LF or NUL that
follows one, in the next packet too.

A line over the limit is told of once, as soon as it is over, and then
discarded through its end. Its tail must never become a line of its own: that
is how commands are smuggled past a limit. So memory is bounded by the limit.
"""

from __future__ import annotations

import re
from typing import Final

_ENDS: Final = re.compile(rb"\r\n|\r\0|\r|\n")


class TooLong:
    """Stands where a line over the limit was."""


TOO_LONG: Final = TooLong()


class LineDecoder:
    """`limit`: bytes that a line may have without its end."""

    __slots__ = ("_after_cr", "_discarding", "_pending", "limit", "sends_bare_lf")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sends_bare_lf: bool | None = None  # None until the first line has ended
        self._pending = b""
        self._after_cr = False
        self._discarding = False

    def peek(self) -> bytes:
        """The beginning of a line that has not ended yet."""
        return self._pending

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """The lines that end in `data`, without their ends."""
        if not data:
            return []
        if self._after_cr and data[0] in b"\n\0":
            data = data[1:]
            self._note(b"\r\n")
        self._after_cr = data.endswith(b"\r")
        if self._pending:
            data = self._pending + data
        return self._split(data)

    def finish(self) -> list[bytes | TooLong]:
        """No more bytes come: a last line without an end counts, unless it is too long."""
        pending, self._pending = self._pending, b""
        return [pending] if pending and not self._discarding else []

    def _split(self, data: bytes) -> list[bytes | TooLong]:
        if b"\r" in data:
            self._note_first(data)
            *ended, rest = _ENDS.split(data)
        else:
            *ended, rest = data.split(b"\n")
            if ended:
                self._note(b"\n")
        lines = self._bounded(ended)
        self._keep(rest, lines)
        return lines

    def _bounded(self, ended: list[bytes]) -> list[bytes | TooLong]:
        lines: list[bytes | TooLong] = [*ended]
        if ended and self._discarding:
            del lines[0]  # the tail of what was told of already
            self._discarding = False
        if any(len(line) > self.limit for line in ended):
            return [TOO_LONG if len(line) > self.limit else line for line in lines]  # type: ignore[arg-type]
        return lines

    def _keep(self, rest: bytes, lines: list[bytes | TooLong]) -> None:
        """Keeps the beginning of the next line, or the fact that it is too long already."""
        if self._discarding:
            rest = b""
        elif len(rest) > self.limit:
            lines.append(TOO_LONG)
            self._discarding = True
            rest = b""
        self._pending = rest

    def _note_first(self, data: bytes) -> None:
        end = _ENDS.search(data)
        if end:
            self._note(end.group())

    def _note(self, end: bytes) -> None:
        if self.sends_bare_lf is None:
            self.sends_bare_lf = end == b"\n"
