"""Recognises who came to the wrong door by the first bytes it sends.

Any web page that somebody opens can make the browser post to any port of that
person's machine, and whole lines of it would be said in the room ("cross
protocol scripting"). Browsers put a request line first and cannot be made not
to; so the first line decides, before the room sees a byte.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Stranger = Literal["HTTP", "TLS", "SSH"]

# RFC 9112, 3: method SP request-target SP HTTP-version.
_REQUEST_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP/\d")
_LONG_REQUEST: Final = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) [/*h]")


def stranger_by_bytes(opening: bytes) -> Stranger | None:
    """By the very first bytes, before any line has ended (RFC 8446, 5.1; RFC 4253, 4.2)."""
    if opening.startswith(b"\x16\x03"):
        return "TLS"
    return "SSH" if opening.startswith(b"SSH-") else None


def stranger_by_line(line: bytes) -> Stranger | None:
    """By the first line, whole."""
    return "HTTP" if _REQUEST_LINE.match(line) else None


def stranger_by_long_line(opening: bytes) -> Stranger | None:
    """By the beginning of a first line that is longer than any line may be."""
    return "HTTP" if _LONG_REQUEST.match(opening) else None


def answer(stranger: Stranger, page: str | None, nc: str) -> bytes:
    """What to tell it: an HTTP 400 that names the page, a line, or nothing it could read."""
    if stranger == "TLS":
        return b""
    if stranger == "SSH":
        return f"! this is a chat line, not SSH: {nc} (not_a_chat_line)\r\n".encode()
    where = f"The page is at {page}\n" if page else ""
    body = f"This port is a chat line for terminals: {nc}\n{where}".encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
