"""Server-sent events, and the chunks of HTTP/1.1: bytes that all listeners share.

    id: 8f3a2c19d0e4b756:1235
    event: say
    data: {"kind":"say","seq":1235,...}

An `id` is where its reader stands: the log's epoch and the seq. A browser sends
the last one back when it reconnects, and so reads on without a gap; of another
epoch, it is told so by a `gap`. Shown are the events of the log, `gap` and
`presence`. The answer to a ping is a comment, which keeps the connection alive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tcp_room import events
from tcp_room.errors import RoomError
from tcp_room.views import JSON, View
from web_gateway.frames import Framed

# The browser's own default differs from one to the next.
RETRY: Final = b"retry: 2000\n\n"
_COMMENT: Final = b":\n\n"
# Fewer digits than what JavaScript can count to.
_SEQ_DIGITS: Final = 15


@dataclass(frozen=True, slots=True, eq=False)
class SseView:
    """Of one epoch, since its ids carry it."""

    epoch: str
    echoes: bool = True
    is_text: bool = False

    def encode(self, event: events.Event) -> bytes:
        match event:
            case events.Logged(seq=seq) | events.Gap(last=seq, reason=events.TRIMMED | events.LOST):
                return f"id: {self.epoch}:{seq}\n".encode() + _named(event)
            case events.Live(seq=seq):  # no event, for the browser: only where it stands
                return f"id: {self.epoch}:{seq}\n\n".encode()
            case events.Gap() | events.Presence():
                return _named(event)
            case events.Pong():
                return _COMMENT
        return b""

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return b"".join(parts)


def _named(event: events.Event) -> bytes:
    """JSON has no line breaks of its own, so that it is one line of data."""
    kind = event.__struct_config__.tag
    return f"event: {kind}\ndata: ".encode() + JSON.encode(event) + b"\n"


_views: Final[dict[str, SseView]] = {}


def sse(epoch: str) -> SseView:
    """The one view of that epoch."""
    return _views.setdefault(epoch, SseView(epoch))


@dataclass(frozen=True, slots=True, eq=False)
class Chunked(Framed):
    """A view whose packs are each one chunk of an HTTP/1.1 body."""

    def pack(self, parts: Sequence[bytes]) -> bytes:
        return chunk(self.inner.pack(parts))


_chunked: Final[dict[View, Chunked]] = {}


def chunked(view: View) -> Chunked:
    """The one chunked view around that view."""
    found = _chunked.get(view)
    if found is None:
        found = _chunked[view] = Chunked(view)
    return found


def chunk(payload: bytes) -> bytes:
    """One chunk (RFC 9112, 7.1). `payload` must not be empty: that would be the last one."""
    assert payload
    return b"%x\r\n%b\r\n" % (len(payload), payload)


class Position(NamedTuple):
    """Where a reader stands. Without an epoch, it trusts that the log is still the same."""

    since: int
    epoch: str | None


def position(raw: str) -> Position:
    """`EPOCH:SEQ`, as in the ids, or SEQ alone. Raises RoomError (bad_message)."""
    epoch, _, seq = raw.rpartition(":")
    return Position(whole(seq, "since"), epoch or None)


def whole(raw: str, name: str) -> int:
    """A number of the query. Raises RoomError (bad_message)."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= _SEQ_DIGITS):
        raise RoomError("bad_message", f"{name} is a whole number, not {raw[:_SEQ_DIGITS]!r}")
    return int(raw)
