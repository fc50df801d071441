"""A room's doors from outside: what a client says and hears, byte by byte.

One class for each door, without sockets: `knock` are the first bytes, `enter`
those that follow when the door has answered, `say` a post, and `feed` makes
events of what comes. A `Link` moves the bytes. All are lean on purpose: no
library's buffers or clean-up stand between the checker and the socket, so that
a client can stop reading, or break off in the middle of anything.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
import struct
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

Address = tuple[str, int]

READ_BYTES: Final = 1 << 18
# What the kernel keeps for a reader that is to be slow: as little as it can be told to.
SLOW_RECEIVE_BYTES: Final = 4096


class Event(msgspec.Struct):
    """Of any kind: a line of the JSON view, or what one can tell of it at other doors."""

    kind: str = ""
    seq: int = 0
    id: str | None = None
    text: str = ""
    epoch: str = ""
    code: str = ""
    reason: str = ""
    more: bool = False
    first: int | str = msgspec.field(name="from", default=0)
    last: int | str = msgspec.field(name="to", default=0)
    events: list[Event] = []
    oldest: int = msgspec.field(name="first", default=0)
    gaps: list[Any] = []

    @property
    def key(self) -> str:
        """Of the post, by which the checker knows it: the first word of its text."""
        return self.text.partition(" ")[0]

    @property
    def begins(self) -> int:
        """The first seq that a page of the log covers; 0 if it does not say."""
        return int(self.first or 0)

    @property
    def reaches(self) -> int:
        """The last seq that a page of the log covers."""
        return max(int(self.last or 0), self.events[-1].seq if self.events else 0)


_decode: Final = msgspec.json.Decoder(Event).decode
_encode: Final = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes in, and where it reads on."""

    room: str
    nick: str
    session: str
    since: int | None = None
    epoch: str | None = None

    @property
    def hello(self) -> bytes:
        said = {"kind": "hello", "nick": self.nick, "room": self.room, "session": self.session}
        place = {} if self.since is None else {"since": self.since, "epoch": self.epoch}
        return _encode({**said, **place}) + b"\n"


class Refused(Exception):
    """A door that does not open."""


class Door(Protocol):
    """One connection's."""

    name: str
    is_web: bool
    numbered: bool
    window: int  # posts that may be on their way at a time; 0: one cannot write here

    @property
    def is_open(self) -> bool:
        """Whether it has answered the knock."""

    def knock(self, visitor: Visitor) -> bytes: ...
    def enter(self, visitor: Visitor) -> bytes: ...
    def say(self, key: str, text: str) -> bytes: ...
    def send(self, message: bytes) -> bytes: ...

    def feed(self, data: bytes) -> list[Event]:
        """Raises Refused, ConnectionError."""

    def reply(self) -> bytes:
        """What the protocol wants answered."""


class _Lines:
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


class _Head:
    """The head of an HTTP answer."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._rest = b""
        self.is_there = False
        self.is_chunked = False

    def feed(self, data: bytes) -> bytes:
        """What is behind it. Raises Refused if the status is another."""
        if self.is_there:
            return data
        self._rest += data
        head, end, behind = self._rest.partition(b"\r\n\r\n")
        if not end:
            return b""
        if int(head.split(maxsplit=2)[1]) != self._status:
            raise Refused(f"{head.splitlines()[0].decode()}: {behind[:200].decode('utf-8', '?')}")
        self.is_there = True
        self.is_chunked = b"transfer-encoding: chunked" in head.lower()
        return behind


class TcpJson:
    name = "tcp-json"
    is_web = False
    numbered = True
    window = 32
    is_open = True

    def __init__(self) -> None:
        self._lines = _Lines()

    def knock(self, visitor: Visitor) -> bytes:
        return visitor.hello

    def enter(self, visitor: Visitor) -> bytes:
        return b""

    def say(self, key: str, text: str) -> bytes:
        return self.send(_encode({"kind": "say", "text": text, "id": key}))

    def send(self, message: bytes) -> bytes:
        return message + b"\n"

    def feed(self, data: bytes) -> list[Event]:
        return [_decode(line) for line in self._lines.feed(data) if line.startswith(b"{")]

    def reply(self) -> bytes:
        return b""


class TcpText:
    """The people's door. There is no seq on it, and no acknowledgement."""

    name = "tcp-text"
    is_web = False
    numbered = False
    window = 0
    is_open = True
    _say: Final = re.compile(rb"(?:[\d:]+ )?<[^>]+> ([^\r]*)\r?")

    def __init__(self) -> None:
        self._lines = _Lines()
        self._welcome = b""

    def knock(self, visitor: Visitor) -> bytes:
        self._welcome = f"* Welcome to #{visitor.room}:".encode()
        return f"/nick {visitor.nick}\n/join {visitor.room}\n".encode()

    def enter(self, visitor: Visitor) -> bytes:
        return b""

    def say(self, key: str, text: str) -> bytes:
        raise NotImplementedError

    def send(self, message: bytes) -> bytes:
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Event]:
        """Of what is said in its own room; in the lobby it only passes through."""
        events: list[Event] = []
        for line in self._lines.feed(data):
            if self._welcome:
                if line.startswith(self._welcome):
                    self._welcome = b""
                    events.append(Event("welcome"))
            elif said := self._say.fullmatch(line):
                events.append(Event("say", text=said[1].decode()))
            elif b"! " in line:
                events.append(Event("error", text=line.decode(), code="text"))
        return events

    def reply(self) -> bytes:
        return b""


class WsJson:
    name = "ws-json"
    is_web = True
    numbered = True
    window = 32
    _SIZES: Final = {126: struct.Struct("!H"), 127: struct.Struct("!Q")}

    def __init__(self) -> None:
        self._head = _Head(101)
        self._rest = b""
        self._pongs = b""

    @property
    def is_open(self) -> bool:
        return self._head.is_there

    def knock(self, visitor: Visitor) -> bytes:
        key = base64.b64encode(os.urandom(16)).decode()
        return (
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
        ).encode()

    def enter(self, visitor: Visitor) -> bytes:
        return self.send(visitor.hello)

    def say(self, key: str, text: str) -> bytes:
        return self.send(_encode({"kind": "say", "text": text, "id": key}))

    def send(self, message: bytes) -> bytes:
        return self._frame(0x81, message)

    def _frame(self, opcode: int, payload: bytes) -> bytes:
        """Masked, as a client's must be, by zeros, which change nothing."""
        size = len(payload)
        if size < 126:
            return struct.pack("!BB4x", opcode, 0x80 | size) + payload
        return struct.pack("!BBH4x", opcode, 0x80 | 126, size) + payload

    def feed(self, data: bytes) -> list[Event]:
        self._rest += self._head.feed(data)
        events: list[Event] = []
        done = 0
        while frame := self._frame_at(done):
            opcode, start, done = frame
            payload = self._rest[start:done]
            if opcode == 0x81:
                events += [_decode(line) for line in payload.splitlines()]
            elif opcode == 0x89:
                self._pongs += self._frame(0x8A, payload)
            elif opcode == 0x88:
                raise ConnectionResetError(f"closed with {int.from_bytes(payload[:2])}")
            else:
                raise ConnectionResetError(f"a frame that begins with {opcode:#x}")
        self._rest = self._rest[done:]
        return events

    def _frame_at(self, at: int) -> tuple[int, int, int] | None:
        """Its first byte, and where its payload begins and ends; None if it is not all there."""
        rest = self._rest
        if len(rest) < at + 2:
            return None
        start, size = at + 2, rest[at + 1]
        if longer := self._SIZES.get(size):
            start += longer.size
            if len(rest) < start:
                return None
            (size,) = longer.unpack_from(rest, at + 2)
        return (rest[at], start, start + size) if len(rest) >= start + size else None

    def reply(self) -> bytes:
        pongs, self._pongs = self._pongs, b""
        return pongs


class Sse:
    """Server-sent events. Who listens is not told who it is, and cannot write."""

    name = "sse"
    is_web = True
    numbered = True
    window = 0

    def __init__(self) -> None:
        self._head = _Head(200)
        self._chunks = b""
        self._lines = _Lines()
        self._place = ""

    @property
    def is_open(self) -> bool:
        return self._head.is_there

    def knock(self, visitor: Visitor) -> bytes:
        return (
            f"GET /rooms/{visitor.room}/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Last-Event-ID: {_last_event_id(visitor)}\r\n\r\n"
        ).encode()

    def enter(self, visitor: Visitor) -> bytes:
        return b""

    def say(self, key: str, text: str) -> bytes:
        raise NotImplementedError

    def send(self, message: bytes) -> bytes:
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Event]:
        was_open = self.is_open
        body = self._head.feed(data)
        if self._head.is_chunked:
            body = self._unchunked(body)
        events = [] if was_open or not self.is_open else [Event("welcome")]
        for line in self._lines.feed(body):
            if line.startswith(b"id: "):
                self._place = line[4:].decode()
            elif line.startswith(b"data: "):
                events.append(_placed(_decode(line[6:]), self._place))
            elif not line:
                self._place = ""
        return events

    def _unchunked(self, data: bytes) -> bytes:
        """RFC 9112, 7.1: what the chunks that are whole hold."""
        self._chunks += data
        chunks, body, start = self._chunks, [], 0
        while (line_end := chunks.find(b"\r\n", start)) > 0:
            size, begin = int(chunks[start:line_end], 16), line_end + 2
            if len(chunks) < begin + size + 2:
                break
            if size == 0:
                raise ConnectionResetError("the answer is over")
            body.append(chunks[begin : begin + size])
            start = begin + size + 2
        self._chunks = chunks[start:]
        return b"".join(body)

    def reply(self) -> bytes:
        return b""


def _last_event_id(visitor: Visitor) -> str:
    """A plain number is trusted to be of the present epoch."""
    since = visitor.since or 0
    return f"{visitor.epoch}:{since}" if visitor.epoch else str(since)


def _placed(event: Event, place: str) -> Event:
    """The `id:` says by what to resume: it must be where the event stands."""
    event.epoch = place.rpartition(":")[0]
    if event.kind == "say" and place.rpartition(":")[2] != str(event.seq):
        event.text = f"{event.key}(id:{place}) {event.text}"
    return event


class Ndjson(Sse):
    """The JSON view as an answer without an end."""

    name = "ndjson"

    def knock(self, visitor: Visitor) -> bytes:
        place = f"&epoch={visitor.epoch}" if visitor.epoch else ""
        return (
            f"GET /rooms/{visitor.room}/stream?nick={visitor.nick}&since={visitor.since or 0}"
            f"{place} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ).encode()

    def feed(self, data: bytes) -> list[Event]:
        body = self._head.feed(data)
        if self._head.is_chunked:
            body = self._unchunked(body)
        return [_decode(line) for line in self._lines.feed(body) if line.startswith(b"{")]


class HttpPost:
    """Posts alone: each answered with its event."""

    name = "http-post"
    is_web = True
    numbered = True
    window = 4

    def __init__(self) -> None:
        self._rest = b""
        self._path = ""
        self.is_open = False

    def knock(self, visitor: Visitor) -> bytes:
        """Whether one may read there; then one may write."""
        self._path = f"/rooms/{visitor.room}/messages?nick={visitor.nick}"
        return f"GET {self._path}&limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    def enter(self, visitor: Visitor) -> bytes:
        return b""

    def say(self, key: str, text: str) -> bytes:
        body = text.encode()
        return (
            f"POST {self._path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def send(self, message: bytes) -> bytes:
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Event]:
        self._rest += data
        events: list[Event] = []
        while True:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            length = re.search(rb"(?im)^content-length: (\d+)", head)
            size = int(length[1]) if length else 0
            if not found or len(rest) < size:
                return events
            self._rest = rest[size:]
            answer = _answer(head, rest[:size])
            if self.is_open:
                events.append(answer)
            elif answer.kind == "error":
                raise Refused(answer.text)
            self.is_open = True

    def reply(self) -> bytes:
        return b""


def _answer(head: bytes, body: bytes) -> Event:
    status = head.split(maxsplit=2)[1].decode()
    if status in ("200", "201"):
        return _decode(body)
    return Event("error", code=status, text=body.decode("utf-8", "replace"))


DOORS: Final[dict[str, type[TcpText | TcpJson | WsJson | Sse | HttpPost]]] = {
    door.name: door for door in (TcpText, TcpJson, WsJson, Sse, Ndjson, HttpPost)
}


class Link:
    """A connection at a door. Reading is all that makes it read: who does not, is slow."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: Door
    ) -> None:
        self._reader, self._writer = reader, writer
        self.door = door

    @classmethod
    async def open(cls, address: Address, door: Door, visitor: Visitor, *, slow: bool) -> Link:
        """Up to the door's answer. Raises OSError, Refused."""
        sock = socket.socket()
        sock.setblocking(False)
        if slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_RECEIVE_BYTES)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        link = cls(*await asyncio.open_connection(sock=sock), door)
        link.send(door.knock(visitor))
        return link

    async def events(self) -> list[Event]:
        """What comes next; may be nothing whole. Raises ConnectionError, Refused."""
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise ConnectionResetError("the connection is over")
        events = self.door.feed(data)
        if reply := self.door.reply():
            self.send(reply)
        return events

    async def enter(self, visitor: Visitor) -> list[Event]:
        """Waits until the door has answered. Raises ConnectionError, Refused."""
        events: list[Event] = []
        while not self.door.is_open:
            events += await self.events()
        self.send(self.door.enter(visitor))
        return events

    def send(self, data: bytes) -> None:
        """Nothing, if the connection is gone; who reads hears of that in its place."""
        if data and not self._writer.is_closing():
            self._writer.write(data)

    @property
    def port(self) -> int:
        """Our own."""
        port: int = self._writer.get_extra_info("sockname")[1]
        return port

    def pause(self) -> None:
        """Takes no more from the kernel."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def cut(self) -> None:
        """Resets the connection, in the midst of whatever it does."""
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()
