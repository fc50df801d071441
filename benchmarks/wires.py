"""What a client says to each server, as bytes, and what it hears beside the messages.

A message's body begins with a mark and its number, so that whoever reads can tell what is
missing. Nothing here is a client library: the generator must cost less than any server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

MARK: Final = b"MARK"
NUMBERS: Final = re.compile(rb"MARK(\d{8})")


def body(number: int, size: int) -> bytes:
    """`size` bytes, of which the first twelve are mark and number."""
    return (MARK + b"%08d" % number).ljust(size, b"x")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of coming in: say this, and go on when that was heard (nothing: at once)."""

    say: bytes
    until: bytes = b""


class Wire(Protocol):
    """A server's protocol, from the client's side."""

    @property
    def controls(self) -> Mapping[bytes, bytes]:
        """What may come between messages at any time, and what must be answered to it."""

    def join(self, name: str) -> Sequence[Step]:
        """How a member of that name comes in."""

    def say(self, body: bytes) -> bytes:
        """One message."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A line is a message; the rooms of a hundred tutorials."""

    controls: Mapping[bytes, bytes] = field(default_factory=dict)

    def join(self, name: str) -> Sequence[Step]:
        return [Step(b"")]

    def say(self, body: bytes) -> bytes:
        return body + b"\n"


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """The server sends on what it gets as it is, so it gets what the room would have sent."""

    before: bytes
    after: bytes
    controls: Mapping[bytes, bytes] = field(default_factory=dict)

    def join(self, name: str) -> Sequence[Step]:
        return [Step(b"")]

    def say(self, body: bytes) -> bytes:
        return self.before + body + self.after


def floor_text() -> Floor:
    return Floor(b"12:01 <m0> ", b"\r\n")


def floor_ws(size: int) -> Floor:
    """As many bytes as the room's frame has with a body of `size`."""
    event = (
        b'{"kind":"say","seq":123456,"id":null,"at":1732345678901,"nick":"m0","door":"web","text":"'
    )
    after = b'"}\n'
    return Floor(_head(0x81, 0, len(event) + size + len(after)) + event, after)


@dataclass(frozen=True, slots=True, eq=False)
class RoomText:
    """The room's TCP door, as a person uses it."""

    room: str = ""
    controls: Mapping[bytes, bytes] = field(default_factory=dict)

    def join(self, name: str) -> Sequence[Step]:
        steps = [Step(b"/nick %b\n" % name.encode(), b"\n")]
        if self.room:
            steps.append(Step(b"/join %b\n" % self.room.encode(), self.room.encode()))
        return steps

    def say(self, body: bytes) -> bytes:
        return body + b"\n"


@dataclass(frozen=True, slots=True, eq=False)
class RoomJson:
    """The room's TCP door, as a program uses it."""

    room: str = "lobby"
    since: int | None = None
    controls: Mapping[bytes, bytes] = field(default_factory=dict)

    def join(self, name: str) -> Sequence[Step]:
        since = b"" if self.since is None else b',"since":%d' % self.since
        hello = b'{"kind":"hello","nick":"%b","room":"%b"%b}\n'
        return [Step(hello % (name.encode(), self.room.encode(), since), b'"kind":"live"')]

    def say(self, body: bytes) -> bytes:
        return b'{"kind":"say","text":"%b"}\n' % body


_PINGS: Final = {b"\x89\x00": b"\x8a\x80\0\0\0\0"}


@dataclass(frozen=True, slots=True, eq=False)
class RoomWs:
    """The room's WebSocket."""

    controls: Mapping[bytes, bytes] = field(default_factory=lambda: _PINGS)

    def join(self, name: str) -> Sequence[Step]:
        return [Step(_upgrade(f"/ws?nick={name}"), b'"kind":"live"')]

    def say(self, body: bytes) -> bytes:
        return _frame(0x81, b'{"kind":"say","text":"%b"}' % body)


@dataclass(frozen=True, slots=True, eq=False)
class Ws:
    """A WebSocket that repeats to all what one says; the same JSON as to the room."""

    controls: Mapping[bytes, bytes] = field(default_factory=lambda: _PINGS)

    def join(self, name: str) -> Sequence[Step]:
        return [Step(_upgrade("/"), b"\r\n\r\n")]

    def say(self, body: bytes) -> bytes:
        return _frame(0x81, b'{"kind":"say","text":"%b"}' % body)


@dataclass(frozen=True, slots=True, eq=False)
class Nats:
    controls: Mapping[bytes, bytes] = field(default_factory=lambda: {b"PING\r\n": b"PONG\r\n"})

    def join(self, name: str) -> Sequence[Step]:
        connect = b'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n'
        return [Step(connect + b"SUB room 1\r\nPING\r\n", b"PONG\r\n")]

    def say(self, body: bytes) -> bytes:
        return b"PUB room %d\r\n%b\r\n" % (len(body), body)


@dataclass(frozen=True, slots=True, eq=False)
class Mqtt:
    """MQTT 3.1.1, QoS 0, no keep-alive."""

    controls: Mapping[bytes, bytes] = field(default_factory=dict)

    def join(self, name: str) -> Sequence[Step]:
        client = name.encode()
        connect = b"\0\4MQTT\4\2\0\0" + len(client).to_bytes(2, "big") + client
        subscribe = b"\0\1\0\4room\0"
        return [
            Step(_packet(0x10, connect), b"\x20\2\0\0"),
            Step(_packet(0x82, subscribe), b"\x90\3\0\1"),
        ]

    def say(self, body: bytes) -> bytes:
        return _packet(0x30, b"\0\4room" + body)


@dataclass(frozen=True, slots=True, eq=False)
class MqttWs:
    """The same in WebSocket frames."""

    inner: Mqtt = field(default_factory=Mqtt)
    controls: Mapping[bytes, bytes] = field(default_factory=lambda: _PINGS)

    def join(self, name: str) -> Sequence[Step]:
        upgrade = _upgrade("/mqtt", b"Sec-WebSocket-Protocol: mqtt\r\n")
        steps = [Step(_frame(0x82, step.say), step.until) for step in self.inner.join(name)]
        return [Step(upgrade, b"\r\n\r\n"), *steps]

    def say(self, body: bytes) -> bytes:
        return _frame(0x82, self.inner.say(body))


def _packet(kind: int, payload: bytes) -> bytes:
    """An MQTT control packet (2.2.3: the length seven bits at a time)."""
    length = bytearray()
    rest = len(payload)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes([kind]) + length + payload


def _upgrade(path: str, more: bytes = b"") -> bytes:
    return (
        b"GET %b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%b\r\n"
    ) % (path.encode(), more)


def _frame(first: int, payload: bytes) -> bytes:
    """A client's frame. Its mask is zero, which servers unmask like any other."""
    return _head(first, 0x80, len(payload)) + b"\0\0\0\0" + payload


def _head(first: int, masked: int, size: int) -> bytes:
    if size < 126:
        return bytes([first, masked | size])
    if size < 1 << 16:
        return bytes([first, masked | 126]) + size.to_bytes(2, "big")
    return bytes([first, masked | 127]) + size.to_bytes(8, "big")
