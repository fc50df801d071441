"""What may be said, and what may be shown.

Two guards. `clean` stands where text comes in: it refuses, with a reason, what
no person types on purpose. `visible` stands before a terminal: whatever came
another way (another version's log, another node), it shows instead of obeying.
"""

from __future__ import annotations

import re
from typing import Final

from tcp_room.errors import RoomError

# Everything that some terminal, browser or `str.splitlines` takes for a line's end.
_BREAKS: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
# Embeddings, overrides and isolates turn the order of what follows them (CVE-2021-42574).
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL: Final = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NOT_PLAIN: Final = re.compile("[^\\S ]|[^ -~\u00a1-\u1fff\u3000-\ud7ff\uf900-\ufdcf]")
_OBEYED: Final = re.compile(
    "[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Characters that show nothing: text of these alone says nothing.
_INVISIBLE: Final = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*"
)


def decode(line: bytes) -> str:
    """Strict UTF-8. Raises RoomError (bad_utf8)."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise RoomError(
            "bad_utf8",
            "that line is not UTF-8, so it was not sent (is your terminal set to GBK or Latin-1?)",
        ) from None


def erase(line: str) -> str:
    """Does what backspace and delete meant, in a line typed without a terminal's editing."""
    if "\b" not in line and "\x7f" not in line:
        return line
    kept: list[str] = []
    for char in line:
        if char not in "\b\x7f":
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)


def clean(text: str, limit_bytes: int) -> str:
    """`text` as it goes into the log: line breaks are LF, and no blank lines around it.

    Raises RoomError: empty, bad_text (a control character, a lone surrogate), too_long (more
    than `limit_bytes` of UTF-8).
    """
    if len(text) > limit_bytes:
        _refuse_long(len(text), limit_bytes)
    if _NOT_PLAIN.search(text):
        text = _tidy(text)
    text = text.rstrip()
    if not text or _INVISIBLE.fullmatch(text):
        raise RoomError("empty", "there was nothing to say in that")
    if len(text) * 4 > limit_bytes and (size := len(text.encode())) > limit_bytes:
        _refuse_long(size, limit_bytes)
    return text


def one_line(text: str, limit_bytes: int) -> str:
    """As `clean`, with line breaks folded into spaces. Raises the same."""
    return " ".join(clean(text, limit_bytes).split())


def visible(text: str) -> str:
    """`text` without anything that a terminal obeys: U+001B becomes ␛, a break too."""
    return _OBEYED.sub(_picture, text) if _OBEYED.search(text) else text


def _tidy(text: str) -> str:
    text = _BIDI.sub("", _BREAKS.sub("\n", text)).strip("\n")
    control = _CONTROL.search(text)
    if control:
        _refuse_control(control.group())
    return text


def _refuse_control(char: str) -> None:
    hint = " (an escape or arrow key?)" if char == "\x1b" else ""
    raise RoomError(
        "bad_text", f"that holds a control character, U+{ord(char):04X}{hint}, so it was not sent"
    )


def _refuse_long(size: int, limit_bytes: int) -> None:
    raise RoomError(
        "too_long", f"that is {size} bytes long, and {limit_bytes} is the limit; it was not sent"
    )


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"
