"""WebSocket frames around a view, made once per turn and shared by all who are level.

A server's frames are not masked (RFC 6455, 5.1), so the same bytes serve every
connection. That is why compression is not offered: it would make them differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from tcp_room.events import Event
from tcp_room.views import View

PING: Final = b"\x89\x00"

_FINAL_TEXT: Final = 0x81
_SHORT: Final = Struct("!BB").pack
_MEDIUM: Final = Struct("!BBH").pack
_LONG: Final = Struct("!BBQ").pack


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """A view whose packs are each one text message."""

    inner: View

    @property
    def echoes(self) -> bool:
        return self.inner.echoes

    @property
    def is_text(self) -> bool:
        return self.inner.is_text

    def encode(self, event: Event) -> bytes:
        return self.inner.encode(event)

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return frame(self.inner.pack(parts))


_framed: Final[dict[View, Framed]] = {}


def framed(view: View) -> Framed:
    """The one framed view around that view."""
    found = _framed.get(view)
    if found is None:
        found = _framed[view] = Framed(view)
    return found


def frame(payload: bytes) -> bytes:
    """One whole text message (RFC 6455, 5.2). `payload` must be UTF-8."""
    size = len(payload)
    if size < 126:
        return _SHORT(_FINAL_TEXT, size) + payload
    if size < 1 << 16:
        return _MEDIUM(_FINAL_TEXT, 126, size) + payload
    return _LONG(_FINAL_TEXT, 127, size) + payload
