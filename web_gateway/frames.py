"""WebSocket frames (RFC 6455, 5): a view's packs as frames, and a client's bytes as messages.

A server's frames are not masked, so what is made once per turn serves every
connection. That is why compression is not offered: it would make them differ.
A client's frames are masked, each its own way, and may be parts of a message.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder
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
_CONTROL: Final = 0x08
_MASKED: Final = 0x80
# Codes to close with (7.4.1).
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED: Final = 1003
NOT_UTF_8: Final = 1007
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
    """The frame that answers one with that payload: its own code, if it is one (7.4), and if its
    reason is UTF-8 (7.5.1)."""
    code = int.from_bytes(payload[:2], "big")
    if payload and (len(payload) < 2 or not _is_closing_code(code)):
        return closing(PROTOCOL_ERROR)
    return control(CLOSE, payload[:2]) if _is_utf_8(payload[2:]) else closing(NOT_UTF_8)


def _is_closing_code(code: int) -> bool:
    """Whether it may go over the wire: some only say what became of a connection."""
    return 3000 <= code < 5000 or (1000 <= code < 1015 and code not in (1004, 1005, 1006))


class FrameDecoder:
    """A client's bytes to messages.

    - It keeps at most a message's `limit`, and the head of a frame or one control frame.
    - A breach of the protocol sets `broken` to the code to close with. What came before it still
      counts, and nothing after it does. Text that is not UTF-8 is one, as soon as it is certain
      (8.1): in the midst of a frame, too.
    - A frame that ends no message takes one from `allowance`, and so does an empty message. At 0 it
      decodes no further: what has come waits until there is more allowance and `feed` is called.
    """

    __slots__ = (
        "_begun",
        "_fragments",
        "_fragments_limit",
        "_is_final",
        "_left",
        "_limit",
        "_mask",
        "_parts",
        "_pending",
        "_utf_8",
        "allowance",
        "broken",
    )

    def __init__(self, limit: int, fragments_limit: int, allowance: int) -> None:
        """`limit`: bytes that a message may have; `fragments_limit`: frames that it may come in."""
        self._limit = limit
        self._fragments_limit = fragments_limit
        self._pending = b""  # not decoded yet; begins with a frame
        self._begun = 0  # the opcode of a message of which the end is still to come
        self._parts = bytearray()  # what has come of it,
        self._fragments = 0  # in so many frames
        self._left = 0  # bytes to come of the last one
        self._mask = b""  # of the next byte of it, and the three after that
        self._is_final = False
        self._utf_8 = _UTF_8
        self.allowance = allowance
        self.broken = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that end in `data`."""
        messages: list[Message] = []
        if self.broken:
            return messages
        start = self._go_on(data, 0, messages) if self._left else 0
        data = self._pending + data if self._pending else data
        end = len(data)
        while end - start >= 2:
            first, second = data[start], data[start + 1]
            at, size = start + 2, second & 0x7F
            if size > 125:
                at += 2 if size == 126 else 8
                if end < at:
                    break
                size = int.from_bytes(data[start + 2 : at], "big")
            stop = at + 4 + size
            # Nearly all are short, whole and text.
            is_plain = first == _FINAL_TEXT and second & _MASKED and not self._begun
            if is_plain and stop <= end and 0 < size <= self._limit:
                payload = _unmasked(data[at : at + 4], data[at + 4 : stop])
                if not (payload.isascii() or _is_utf_8(payload)):
                    self.broken = NOT_UTF_8
                    break
                messages.append(Message(TEXT, payload))
                start = stop
                continue
            self.broken = self._breach(first, second, size)
            is_cut = end < at + 4 or (first & _CONTROL and end < stop)
            if self.broken or is_cut or self.allowance <= 0:
                break
            start = self._take(first, size, data, at, messages)
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
        if opcode & _CONTROL:
            return 0
        is_too_big = len(self._parts) + size > self._limit
        return TOO_BIG if is_too_big or self._fragments == self._fragments_limit else 0

    def _take(self, first: int, size: int, data: bytes, at: int, messages: list[Message]) -> int:
        """Takes the frame whose mask is at `at`, as far as it has come; returns where it stops."""
        opcode, mask, start = first & 0x0F, data[at : at + 4], at + 4
        if opcode & _CONTROL:
            self.allowance -= 1
            messages.append(Message(opcode, _unmasked(mask, data[start : start + size])))
            return start + size
        if opcode == TEXT:
            self._utf_8 = _new_utf_8()
        self._begun = opcode or self._begun
        self._fragments += 1
        self._is_final = bool(first & _FINAL)
        self._left, self._mask = size, mask
        return self._go_on(data, start, messages)

    def _go_on(self, data: bytes, start: int, messages: list[Message]) -> int:
        """Takes what has come of the frame; returns where to go on."""
        part = _unmasked(self._mask, data[start : start + self._left])
        size = len(part)
        self._left -= size
        self._mask = self._mask[size % 4 :] + self._mask[: size % 4]
        self._parts += part
        is_whole = self._is_final and not self._left
        if self._begun == TEXT and not _goes_on(self._utf_8, part, is_whole):
            self.broken = NOT_UTF_8
            return len(data)
        if not self._left:
            self._end_frame(messages)
        return start + size

    def _end_frame(self, messages: list[Message]) -> None:
        if not (self._is_final and self._parts):
            self.allowance -= 1
        if self._is_final:
            messages.append(Message(self._begun, bytes(self._parts)))
            self._begun = self._fragments = 0
            self._parts = bytearray()


_new_utf_8: Final = getincrementaldecoder("utf-8")
_UTF_8: Final = _new_utf_8()


def _goes_on(decoder: IncrementalDecoder, part: bytes, is_last: bool) -> bool:
    """Whether UTF-8 can go on with that, or end with it."""
    try:
        decoder.decode(part, is_last)
    except UnicodeDecodeError:
        return False
    begun: bytes = decoder.getstate()[0]
    return not (begun[:1] == b"\xed" and begun[1:] >= b"\xa0")  # Python waits for a surrogate's end


def _is_utf_8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """5.3. As one number: a loop over bytes would cost a hundred times as much."""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(
        size, "little"
    )
