"""The attacks: what a stranger sends, and the old log over which it is sent.

Their names follow the list of findings that they come from: A1 long lines that are dear to
normalize, A2 a poisoned log, A3 bytes that make no message, A4 connections that are gone, A5
searches, A6 unpaced requests, A7 rooms that stay open, A12 noise on stderr, A13 descriptors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.drill import seeds
from tests.drill.streams import Gang, Stream

_LOBBY_MESSAGES: Final = 200_000
_POISONED_MESSAGES: Final = 3_000
_FULL_ROOMS: Final = 30
_MESSAGES_IN_A_ROOM: Final = 2_000
_LONG_LINE: Final = 30_000
_LONG_FRAME: Final = 128_000
_KEY: Final = "AAAAAAAAAAAAAAAAAAAAAA=="
_PLAIN_HOST: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Attack:
    """`open_files` is the server's limit of descriptors, if it is to be a low one."""

    name: str
    title: str
    gangs: tuple[Gang, ...]
    logs: tuple[str, ...] = ()
    open_files: int = 0


def write_logs(names: Iterable[str], folder: Path) -> None:
    """The old log of an attack."""
    seeds.seed(folder, *(_log(name) for name in names))


def _log(name: str) -> Mapping[str, Iterable[str]]:
    if name == "old":
        return {"lobby": seeds.plain(_LOBBY_MESSAGES)}
    if name == "poisoned":
        return {"lobby": seeds.poison(_POISONED_MESSAGES)}
    return {f"full{nth}": seeds.pages(_MESSAGES_IN_A_ROOM) for nth in range(_FULL_ROOMS)}


# -- what goes over the wire


def _get(path: str, *headers: str, host: str = _PLAIN_HOST) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]).encode()


_UPGRADE: Final = _get(
    "/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {_KEY}",
)  # fmt: skip
_HELLO: Final = b'{"kind":"hello"}\n'


def _frame(payload: bytes, first: int = 0x81) -> bytes:
    """Masked by zeros, which change nothing."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB4x", first, 0x80 | size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH4x", first, 0x80 | 126, size) + payload
    return struct.pack("!BBQ4x", first, 0x80 | 127, size) + payload


def _tcp(blob: bytes = b"", opening: bytes = b"", **more: object) -> Stream:
    return replace(Stream("tcp", opening=opening, blob=blob), **more)  # type: ignore[arg-type]


def _http(blob: bytes = b"", opening: bytes = b"", **more: object) -> Stream:
    return replace(Stream("http", opening=opening, blob=blob), **more)  # type: ignore[arg-type]


def _websocket(blob: bytes, first: bytes = b"", **more: object) -> Stream:
    hello = _frame(_HELLO)
    return _http(blob, _UPGRADE, waits=True, first=hello + first, **more)


# -- A1


_MARKS: Final = seeds.marks(_LONG_LINE)
_LONG_JOIN: Final = f'{{"kind":"join","room":"{_MARKS}"}}\n'.encode()
_LONG_HELLO: Final = f'{{"kind":"hello","room":"{_MARKS}"}}\n'.encode()
_LONG_QUERY: Final = quote(seeds.marks(2_400))
LINES: Final = Attack(
    "A1 lines",
    "30 KB of combining marks by /join, /search, join and hello",
    (
        Gang(1, _tcp(f"/join {_MARKS}\n".encode(), every_s=0.2)),
        Gang(1, _tcp(f"/search {_MARKS}\n".encode(), every_s=0.2)),
        Gang(1, _tcp(_LONG_JOIN, _HELLO, every_s=0.2)),
        Gang(1, _tcp(_LONG_HELLO, every_s=0.2)),
        Gang(1, _tcp(60 * f"/join {_MARKS}\n".encode(), every_s=2.0)),
    ),
)
FRAMES: Final = Attack(
    "A1 frames",
    "WebSocket frames of 128 KB of combining marks; ?room= of them",
    (
        Gang(
            1,
            _websocket(
                _frame(f'{{"kind":"join","room":"{seeds.marks(_LONG_FRAME - 100)}"}}\n'.encode()),
                every_s=0.5,
            ),
        ),
        Gang(1, _http(_get(f"/rooms/{_LONG_QUERY}/messages"), every_s=0.02)),
        Gang(
            4,
            _http(
                opening=_UPGRADE.replace(b"/ws", f"/ws?room={_LONG_QUERY}".encode()),
                times=1,
                waits=True,
                closes=True,
            ),
            opens_per_s=50,
        ),
    ),
)

# -- A2

_POISON: Final = seeds.marks(seeds.POISON_BYTES).encode() + b"\n"
POISON: Final = Attack(
    "A2 poison",
    "an old log with 3,000 messages of combining marks, and one search a second; ten post more",
    (
        Gang(1, _tcp(b"/search zebra\n", every_s=1.0)),
        Gang(10, _tcp(_POISON, every_s=0.2)),
    ),
    logs=("poisoned",),
)

# -- A3

_FRAGMENTS: Final = _frame(b"x", 0x01) + 29_998 * _frame(b"x", 0x00) + _frame(b"x", 0x80)
FRAGMENTS: Final = Attack(
    "A3 fragments", "1 WebSocket: fragments of one byte", (Gang(1, _websocket(_FRAGMENTS)),)
)
PINGS: Final = Attack(
    "A3 pings", "1 WebSocket: pings", (Gang(1, _websocket(40_000 * _frame(b"", 0x89))),)
)
EMPTY: Final = Attack(
    "A3 empty",
    "10 WebSockets: continuation frames that are empty",
    (Gang(10, _websocket(40_000 * _frame(b"", 0x00), first=_frame(b"", 0x01))),),
)
_TIMING_MARKS: Final = 80_000 * b"\xff\xfd\x06"
TELNET: Final = Attack("A3 telnet", "1 TCP: IAC DO TIMING-MARK", (Gang(1, _tcp(_TIMING_MARKS)),))
TELNETS: Final = Attack(
    "A3 telnet x50", "50 TCP: IAC DO TIMING-MARK", (Gang(50, _tcp(_TIMING_MARKS)),)
)
ENDLESS: Final = Attack(
    "A3 no end", "10 TCP: bytes without a line end", (Gang(10, _tcp((1 << 18) * b"x")),)
)

# -- A4

GHOSTS: Final = Attack(
    "A4 ghosts",
    "200 connections a second, 400 short lines each, closed at once",
    (Gang(200, _tcp(400 * b"hi\n", times=1, closes=True), opens_per_s=200),),
)
CROWD: Final = Attack(
    "A4 crowd",
    "100 connections that stay, 85,000 short lines each",
    (Gang(100, _tcp(85_000 * b"ab\n", times=1), opens_per_s=100),),
)
HOARD: Final = Attack(
    "A4 hoard",
    "25 connections a second, 240 KB of short lines each, closed at once",
    (Gang(100, _tcp(80_000 * b"ab\n", times=1, closes=True), opens_per_s=25),),
)

# -- A5

_SEARCH: Final = b'{"kind":"search","text":"zebra"}\n'
SEARCHES: Final = Attack(
    "A5 search",
    "50 members, 10 searches each and 5 a second, over 200,000 messages",
    (Gang(50, _tcp(_SEARCH, _HELLO, first=10 * _SEARCH, every_s=0.2)),),
    logs=("old",),
)

# -- A6

_LONG_HOST: Final = 2_900 * "a"
QR: Final = Attack(
    "A6 qr",
    "10 connections ask for QR codes: 5 with a Host of 2,900 characters, 5 of new rooms",
    (
        Gang(5, _http(20 * _get("/qr.svg", host=_LONG_HOST))),
        Gang(5, _http(b"".join(_get(f"/qr.svg?room=r{nth}") for nth in range(2_000)))),
    ),
)
PAGES: Final = Attack(
    "A6 pages",
    "10 connections ask for pages of 500 messages; 20 say hello since 0, again and again",
    (
        Gang(10, _http(100 * _get("/rooms/lobby/messages?limit=500"))),
        Gang(
            20,
            _tcp(b'{"kind":"hello","since":0}\n', times=2, every_s=2.0, closes=True),
            opens_per_s=10,
        ),
    ),
    logs=("old",),
)
NEW_ROOMS: Final = Attack(
    "A6 new rooms",
    "4 connections ask for rooms that nobody has seen",
    (Gang(4, _http(b"".join(_get(f"/rooms/new{nth}/messages") for nth in range(20_000)))),),
)

# -- A7

_ALL_ROOMS: Final = [f"full{nth}" for nth in range(_FULL_ROOMS)] + [f"r{nth}" for nth in range(970)]
ROOMS: Final = Attack(
    "A7 rooms",
    "4 connections ask for 1,000 rooms, 30 of them with 2,000 messages of 4 KB",
    (
        Gang(4, _http(b"".join(_get(f"/rooms/{room}/messages?limit=1") for room in _ALL_ROOMS))),
        Gang(
            1,
            _tcp(
                b"".join(b'{"kind":"join","room":"full%d"}\n' % nth for nth in range(_FULL_ROOMS)),
                _HELLO,
            ),
        ),
    ),
    logs=("full",),
)

# -- A12

NOISE: Final = Attack(
    "A12 noise",
    "two Hosts, a key that is no ASCII, a body that is no gzip: some hundred requests a second",
    (
        Gang(4, _http(_get("/", "Host: another"), times=1, every_s=0.02, closes=True), 150),
        Gang(
            2,
            _http(
                _UPGRADE.replace(_KEY.encode(), b"\xff" + _KEY[1:].encode()),
                times=1,
                every_s=0.02,
                closes=True,
            ),
            75,
        ),
        Gang(
            2,
            _http(
                b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
                times=1,
                every_s=0.02,
                closes=True,
            ),
            75,
        ),
    ),
)

# -- A13

_SLOW_POST: Final = (
    b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000\r\n\r\n"
)
BODIES: Final = Attack(
    "A13 bodies",
    "200 requests whose bodies come a byte a second",
    (Gang(200, _http(b"x", _SLOW_POST, every_s=1.0), opens_per_s=100),),
)
IDLE: Final = Attack(
    "A13 idle",
    "400 idle connections, 256 descriptors",
    (Gang(200, _tcp(), opens_per_s=200), Gang(200, _http(), opens_per_s=200)),
    open_files=256,
)

EACH: Final = (
    LINES, FRAMES, POISON, FRAGMENTS, PINGS, EMPTY, TELNET, TELNETS, ENDLESS, GHOSTS, CROWD, HOARD,
    SEARCHES, QR, PAGES, NEW_ROOMS, ROOMS, NOISE, BODIES, IDLE,
)  # fmt: skip
TOGETHER: Final = Attack(
    "all together",
    "all of these at once",
    tuple(gang for attack in EACH for gang in attack.gangs),
    logs=tuple(dict.fromkeys(log for attack in EACH for log in attack.logs)),
)
ALL: Final = (*EACH, TOGETHER)
# One for each finding.
QUICK: Final = (LINES, POISON, PINGS, TELNET, GHOSTS, SEARCHES, QR, ROOMS, NOISE, IDLE, TOGETHER)
BY_NAME: Final = {attack.name: attack for attack in ALL}
