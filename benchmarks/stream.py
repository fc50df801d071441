"""What all members of one kind must be shown, byte for byte.

The judge of losses, doubles and disorder, cheap enough to judge every byte: whoever is ahead
extends the stream, and there each message is looked at; who comes after is compared with it by
one call of memcmp. So what a member costs does not depend on how many messages it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.wires import MARK, NUMBERS

_MARKED: Final = len(MARK) + 8
# What messages end with on the wires that have controls.
_ENDS: Final = (b"\n", b"}")


class Faulty(Exception):
    """A server did not show everybody everything in order."""


class Stream:
    """`shown` is the bytes from `start` on; `got` is what all members together had of it."""

    def __init__(self, members: int, controls: Mapping[bytes, bytes], first: int = 0) -> None:
        """`first` is the number of the first message that is to come."""
        self.members = members
        self.shown = bytearray()
        self.next = first
        self.got = 0
        self._first = first
        self._scanned = 0
        self._controls = controls

    def due(self, sent: int) -> float:
        """How many deliveries are still to come when `sent` messages were said. (In the midst of
        a message a part of one.)"""
        had = self.got * (self.next - self._first) / len(self.shown) if self.shown else 0.0
        return (sent - self._first) * self.members - had

    def take(self, offset: int, data: bytes) -> tuple[int, bytes, bytes]:
        """Bytes that a member got at `offset`, and that are not simply what others had before.

        Returns how many of them belong to the stream, what is to be answered, and what may be the
        beginning of a control, to be put before the next bytes. Raises Faulty.
        """
        taken, answer = 0, b""
        while data:
            new = self._same(offset + taken, data) or self._extend(offset + taken, data)
            taken += new
            data = data[new:]
            if not new:
                control = self._control(data)
                if len(data) < len(control):
                    break
                answer += self._controls[control]
                data = data[len(control) :]
        return taken, answer, data

    def _same(self, offset: int, data: bytes) -> int:
        """How many bytes of `data` are as shown to others before."""
        high = min(len(data), len(self.shown) - offset)
        if self.shown.startswith(data[:high], offset):
            return high
        low = 0
        while low < high:
            middle = (low + high + 1) // 2
            if self.shown.startswith(data[:middle], offset):
                low = middle
            else:
                high = middle - 1
        return low

    def _control(self, data: bytes) -> bytes:
        """What may come at any time, and `data` begins with, or may be the beginning of."""
        for control in self._controls:
            if data.startswith(control) or control.startswith(data):
                return control
        return b""

    def _extend(self, offset: int, data: bytes) -> int:
        """The first to be shown something: it is looked at, up to the next control."""
        if self._control(data):
            return 0
        if offset != len(self.shown):
            raise Faulty(f"members were shown different things, one of them {data[:60]!r}")
        data = data[: self._next_control(data)]
        self.shown += data
        last = self._scanned
        for found in NUMBERS.finditer(self.shown, self._scanned):
            if int(found[1]) != self.next:
                raise Faulty(f"message {int(found[1])} came where {self.next} was due")
            self.next += 1
            last = found.end()
        self._scanned = max(last, len(self.shown) - _MARKED + 1)
        return len(data)

    def _next_control(self, data: bytes) -> int:
        """Where it begins. It comes behind a whole message: such bytes in a length are none."""
        for control in self._controls:
            for end in _ENDS:
                if (at := data.find(end + control)) >= 0:
                    return at + 1
                for half in range(1, len(control)):
                    if data.endswith(end + control[:half]):
                        return len(data) - half
        return len(data)
