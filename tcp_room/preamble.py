"""Recognizes programs that came to the wrong door by the first line they send.

Any web page that somebody opens can make the browser post to any port of that
person's machine, and whole lines of it would be said in the room ("cross
protocol scripting"). Scanners of open ports send a line of each protocol they
know. So the first line that is not blank decides, before the room sees a byte.

People's first words are never taken for a protocol: a pattern names what only
a program sends, in its exact case and shape. What cannot be told apart (a bare
PING or HELP) is said in the room.
"""

from __future__ import annotations

import re
from typing import Final, Literal, cast

Stranger = Literal[
    "HTTP", "RTSP", "SIP", "SMTP", "IRC", "Redis", "memcached", "PROXY", "SSH", "TLS", "binary"
]
Verdict = Stranger | Literal["person"]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LINE_END: Final = re.compile(rb"[\r\n]")
_OPENING_BYTES: Final = 16
# Without one of these, more of a line that has begun tells nothing.
_TELLING: Final = re.compile(rb"[\r\n\0]")
# A CR at the end may still get its LF or NUL.
# The group is not possessive: before Python 3.11.5 a part that fails leaves its mark there.
_BLANK_LINES: Final = re.compile(rb"(?:[ \t]*+(?:\r[\n\0]|\r(?!\Z)|\n))*")
# The PROXY protocol, 2.2.
_PROXY_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
# Before any line has ended: RFC 8446, 5.1; RFC 4253, 4.2; and a NUL, which nobody types.
_BY_BYTES: Final = re.compile(rb"(?P<TLS>\x16\x03)|(?P<SSH>SSH-)|(?P<binary>[^\0]*+\0)")
# RFC 9112, 3.2: a target is a path, `*`, or has a colon.
_TARGET: Final = rb"[A-Z]+ (?:[/*]\S*|[^\s:]+:\S*) "
# By the whole first line. RFC 9112 and HTTP/0.9; RFC 7826; RFC 3261; RFC 5321; the PROXY protocol,
# 2.1; RFC 2812 and IRCv3's CAP; Redis's inline commands; memcached's protocol.txt.
_BY_LINE: Final = re.compile(
    rb"(?P<HTTP>" + _TARGET + rb"HTTP/\d|GET /\S*$)"
    rb"|(?P<RTSP>" + _TARGET + rb"RTSP/\d)"
    rb"|(?P<SIP>" + _TARGET + rb"SIP/\d)"
    rb"|(?P<SMTP>(?i:EHLO)(?: \S+)?$|HELO (?:[\w-]+\.[\w.-]+|\[\S+\]|localhost)$)"
    rb"|(?P<PROXY>PROXY (?:TCP4|TCP6|UNKNOWN)\b)"
    rb"|(?P<IRC>CAP (?:LS|REQ|LIST|END)\b|PASS (?:\S+|:.+)$|USER \S+ (?:\d+ \S+|\S+ \*) :)"
    rb"|(?P<Redis>(?:INFO|AUTH \S+|CONFIG GET \S+)$)"
    rb"|(?P<memcached>(?:stats|version|(?:set|add|replace) \S+ \d+ \d+ \d+(?: noreply)?)$)"
)
# By two lines, of which the first alone may be a person's.
_FIRST_OF_TWO: Final = re.compile(rb"(?:NICK|PASS|USER) \S|\*\d+$")
_BY_TWO: Final = re.compile(
    rb"(?P<IRC>(?:NICK|PASS|USER) [^\r\n]+[\r\n]+(?:NICK|USER|PASS|CAP) )"
    rb"|(?P<Redis>\*\d+[\r\n]+\$\d)"
)
_LONG_REQUEST: Final = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) [/*h]")


class Preamble:
    """What a connection sends until its first line is judged: at most `limit` bytes and a read."""

    __slots__ = ("_held", "_limit", "ends_bare", "verdict")

    def __init__(self, limit: int) -> None:
        self._held = b""
        self._limit = limit
        self.ends_bare: bool | None = None  # whether its lines end with LF alone, once one ended
        self.verdict: Verdict | None = None

    @property
    def has_line(self) -> bool:
        """Whether a first line has come that only the next one can tell."""
        return bool(_LINE_END.search(self._held))

    def feed(self, data: bytes, *, is_all: bool = False) -> bytes:
        """More has come; `is_all`: and no more will come, or is waited for.

        Returns what is for the room: all of it but blank lines and a byte order mark, as soon as
        the verdict is "person".
        """
        was_judged = _OPENING_BYTES <= len(self._held) < self._limit - len(data)
        self._held = held = self._held + data
        if was_judged and not (is_all or _TELLING.search(data)):
            return b""
        end = self.ends_bare is None and _LINE_END.search(held)
        if end:
            self.ends_bare = end.group() == b"\n"
        if held.startswith(_PROXY_SIGNATURE):
            self.verdict = "PROXY"
            return b""
        blank = _BLANK_LINES.match(held)
        assert blank is not None  # it matches the empty string
        self._held = held = held[blank.end() :].removeprefix(_BYTE_ORDER_MARK)
        self.verdict = _verdict(held.lstrip(b" \t"), is_all, self._limit)
        if self.verdict == "person":
            return held
        return b""


def _verdict(held: bytes, is_all: bool, limit: int) -> Verdict | None:
    """Who sends this; None if it cannot be told yet."""
    line, *rest = _LINE_END.split(held, maxsplit=1)
    by_bytes = _BY_BYTES.match(line)
    if by_bytes:
        return _name(by_bytes)
    is_whole = bool(rest) or is_all
    if not is_whole and len(held) > limit:
        return "HTTP" if _LONG_REQUEST.match(line) else "person"
    if not (line and is_whole):
        return "person" if is_all else None
    stranger = _BY_LINE.match(line) or _BY_TWO.match(held)
    if stranger:
        return _name(stranger)
    is_told = is_all or len(held) > limit or _LINE_END.search(rest[0].lstrip(b"\r\n\0"))
    return None if _FIRST_OF_TWO.match(line) and not is_told else "person"


def _name(match: re.Match[bytes]) -> Stranger:
    return cast(Stranger, match.lastgroup)


def answer(stranger: Stranger, page: str | None, nc: str) -> bytes:
    """What tells it that this is a chat, in its own protocol where that has a word for it.

    `page` is the page's address, if there is one; `nc` the command that comes in here.
    """
    here = f"This port is a chat line for terminals: {nc}"
    match stranger:
        case "TLS" | "binary":
            return b""
        case "HTTP":
            return _http(f"{here}\n" + (f"The page is at {page}\n" if page else ""))
        case "RTSP" | "SIP":
            version = "RTSP/1.0" if stranger == "RTSP" else "SIP/2.0"
            return f"{version} 400 Bad Request\r\nContent-Length: 0\r\n\r\n".encode()
        case "IRC":
            where = f" The page is at {page}" if page else ""
            return f"ERROR :There is no IRC here. {here}.{where}\r\n".encode()
        case "SMTP":
            return f"554 There is no mail here. {here}\r\n".encode()
        case "Redis":
            return f"-ERR there is no Redis here. {here}\r\n".encode()
        case "memcached":
            return f"CLIENT_ERROR there is no memcached here. {here}\r\n".encode()
        case "SSH" | "PROXY":
            return f"! this is a chat line, not {stranger}: {nc} (not_a_chat_line)\r\n".encode()


def _http(body: str) -> bytes:
    return (
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"
    ).encode()
