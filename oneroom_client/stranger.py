"""What answers at an address that is no room, or why nothing does, and which address was meant.

The sentences are in English; `tcp_room.languages.translated` knows them.
"""

from __future__ import annotations

import os
import re
from typing import Final

import msgspec

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect, Refused

# Of the first bytes of a connection, so many are needed to know what speaks.
OPENING_BYTES: Final = 8
_WORDS_CHARS: Final = 300
# How the line door refuses somebody of whom it does not know yet that it is a program.
_SPOKEN: Final = re.compile(r"! (.*) \((\w+)\)")


def unreachable(address: Address, error: Exception) -> CannotConnect:
    """`error`: what the system, or a library, says."""
    return CannotConnect(f"{address} cannot be reached: {_words(error)}")


def _words(error: Exception) -> str:
    """asyncio puts all addresses that it tried into one sentence; the reason is enough."""
    if isinstance(error, ValueError):  # one that no address can have
        return "that is not the name of a host"
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    sentence = getattr(error, "strerror", None) or str(error) or "the connection was closed"
    return str(sentence).splitlines()[0]


def spoken(line: bytes) -> Refused | None:
    """A refusal as people are shown it at the line door."""
    found = _SPOKEN.fullmatch(line.decode("utf-8", "replace"))
    return Refused(found[2], found[1]) if found else None


def recognized(opening: bytes, address: Address) -> CannotConnect | None:
    """What answers at a line door with these first bytes, unless it may be a room.

    RFC 9112 (HTTP), RFC 4253, 4.2 (SSH), RFC 8446, 5.1 (an alert of TLS).
    """
    if opening.startswith(b"HTTP/"):
        return CannotConnect(f"a web page is at {address}; try http://{address}")
    if opening.startswith(b"\x15\x03"):
        return CannotConnect(f"{address} speaks TLS; try https://{address}")
    if opening.startswith(b"SSH-"):
        return CannotConnect(f"an SSH server answers at {address}, not a room")
    return None


class _Refusal(msgspec.Struct):
    code: str
    text: str


def refused(status: int, body: bytes, address: Address) -> CannotConnect | Refused:
    """What a web server means that does not open a WebSocket: a room's refusal, or other words.

    `body`: the beginning of its answer, if that is for people or programs and not a page.
    """
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
        return Refused(refusal.code, refusal.text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return not_a_room(address, f"{status} {body.decode('utf-8', 'replace')}")


def not_a_room(address: Address, words: str) -> CannotConnect:
    """Something else answers, with these words."""
    shown = " ".join(words[:_WORDS_CHARS].split())
    return CannotConnect(f"{address} answers, but not as a room: {shown}")
