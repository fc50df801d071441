"""WebSocket frames (RFC 6455, 5): a view's packs as frames, and a client's bytes as messages.

A server's frames are not masked, so what is made once per turn serves every
connection. That is why compression is not offered: it would make them differ.
A client's frames are masked, each its own way, and may be parts of a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from tcp_room.events import Event
from tcp_room.views import View

EMPTY_PING: Final = b"\x89\x00"

# Opcodes (5.2). Plain numbers: one of an enumeration costs twice as much to compare.
CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_FINAL: Final = 0x80
_FINAL_TEXT: Final = 0x81
_RESERVED: Final = 0x70
_MASKED: Final = 0x80
# Codes to close with (7.4.1).
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED: Final = 1003
TOO_BIG: Final = 1009
# What a control frame may hold at most (5.5).
_CONTROL_BYTES: Final = 125
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


class Message(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    payload: bytes


def control(opcode: int, payload: bytes = b"") -> bytes:
    """One control frame; `payload` is cut where it must be."""
    payload = payload[:_CONTROL_BYTES]
    return _SHORT(_FINAL | opcode, len(payload)) + payload


def closing(code: int, reason: str = "") -> bytes:
    """The frame that closes (5.5.1). `reason` in ASCII."""
    return control(CLOSE, code.to_bytes(2, "big") + reason.encode())


def answer_to_closing(payload: bytes) -> bytes:
    """The frame that answers one with that payload: its own code, if it is one (7.4)."""
    code = int.from_bytes(payload[:2], "big")
    is_sound = not payload or (len(payload) > 1 and _is_closing_code(code))
    return control(CLOSE, payload[:2]) if is_sound else closing(PROTOCOL_ERROR)


def _is_closing_code(code: int) -> bool:
    """Whether it may go over the wire: some only say what became of a connection."""
    return 3000 <= code < 5000 or (1000 <= code < 1015 and code not in (1004, 1005, 1006))


class FrameDecoder:
    """A client's bytes to messages. What it keeps is bounded by the limit.

    A breach of the protocol sets `broken` to the code with which to close; what came before it
    still counts, and nothing after it does.
    """

    __slots__ = ("_begun", "_limit", "_parts", "_pending", "broken")

    def __init__(self, limit: int) -> None:
        """`limit`: bytes that a message may have."""
        self._limit = limit
        self._pending = b""
        self._begun = 0  # the opcode of a message of which the end is still to come
        self._parts = b""
        self.broken = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that end in `data`."""
        data = self._pending + data if self._pending else data
        messages: list[Message] = []
        start, end = 0, len(data)
        while end - start >= 2:
            first, second = data[start], data[start + 1]
            at, size = start + 2, second & 0x7F
            if size > 125:
                at += 2 if size == 126 else 8
                if end < at:
                    break
                size = int.from_bytes(data[start + 2 : at], "big")
            # Nearly all are short, whole and text.
            is_plain = first == _FINAL_TEXT and not self._begun
            if not (is_plain and second & _MASKED and size <= self._limit):
                self.broken = self.broken or self._breach(first, second, size)
            stop = at + 4 + size
            if stop > end or self.broken:
                break
            payload = _unmasked(data[at : at + 4], data[at + 4 : stop])
            start = stop
            if is_plain:
                messages.append(Message(TEXT, payload))
            else:
                self._take(first, payload, messages)
        self._pending = b"" if self.broken else data[start:]
        return messages

    def _breach(self, first: int, second: int, size: int) -> int:
        """The code of what is wrong with a frame's head, or 0 (5.1 to 5.5)."""
        opcode, is_final = first & 0x0F, first & _FINAL
        if opcode in (CLOSE, PING, PONG):
            is_sound = bool(is_final) and size <= _CONTROL_BYTES
        elif opcode == CONTINUATION:
            is_sound = bool(self._begun)
        else:
            is_sound = opcode in (TEXT, BINARY) and not self._begun
        if not (is_sound and second & _MASKED) or first & _RESERVED:
            return PROTOCOL_ERROR
        return TOO_BIG if len(self._parts) + size > self._limit else 0

    def _take(self, first: int, payload: bytes, messages: list[Message]) -> None:
        opcode = first & 0x0F
        if opcode >= CLOSE:
            messages.append(Message(opcode, payload))
            return
        self._begun = opcode or self._begun
        self._parts += payload
        if first & _FINAL:
            messages.append(Message(self._begun, self._parts))
            self._begun, self._parts = 0, b""


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """5.3. As one number: a loop over bytes would cost a hundred times as much."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(
        size, "little"
    )
