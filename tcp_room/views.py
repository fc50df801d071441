"""A view is an encoding of the log: events in, bytes out.

An event is encoded once per view, never once per member, so a view may not
look at who reads it. What one reader chose (clock, colour, quiet) makes
another view, and all who chose the same share it: views are values.

A door wraps a view when its wire has frames (`web_gateway.frames`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from tcp_room.events import Event


class View(Protocol):
    """1. The results depend on the arguments alone.

    2. Views are compared by identity: who makes them makes each but once. (Hashing fields cost
    half a microsecond for each event of each view.)
    """

    @property
    def echoes(self) -> bool:
        """Whether members are sent what they themselves posted."""

    @property
    def is_text(self) -> bool:
        """Whether a person reads it as it stands: a shorter look back, no echo of commands."""

    def encode(self, event: Event, /) -> bytes:
        """One event as bytes that end a line; no bytes if this view does not show it."""

    def pack(self, parts: Sequence[bytes], /) -> bytes:
        """Encoded events as they go over the wire in one write."""


@dataclass(frozen=True, slots=True, eq=False)
class JsonView:
    """JSON lines, for programs and the page. The echo of an own event is its acknowledgement."""

    echoes: bool = True
    is_text: bool = False

    def encode(self, event: Event) -> bytes:
        return _encode(event) + b"\n"

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return b"".join(parts)


_encode: Final = msgspec.json.Encoder().encode
JSON: Final = JsonView()
