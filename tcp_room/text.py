"""What may be said, and what may be shown.

Two guards. `clean` stands where text comes in: it refuses, with a reason, what
no person types on purpose. `visible` stands before a terminal: whatever came
another way (another version's log, another node), it shows instead of obeying.
"""

from __future__ import annotations

import re
from typing import Final

from tcp_room.errors import RoomError

# Embeddings, overrides and isolates turn the order of what follows them (CVE-2021-42574).
_BIDI_CHARS: Final = "\u202a-\u202e\u2066-\u2069"
# Everything that some terminal, browser or `str.splitlines` takes for a line's end, but for the
# separators FS, GS and RS: nobody types those, so they are refused with the other controls.
_BREAK_CHARS: Final = "\n\r\v\f\x85\u2028\u2029"
_REFUSED_CHARS: Final = "\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
# The last two code points of every further plane are noncharacters too.
_NONCHARACTERS: Final = "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(1, 17)
)

_BIDI: Final = re.compile(f"[{_BIDI_CHARS}]")
_BREAKS: Final = re.compile(f"\r\n|[{_BREAK_CHARS}]")
_REFUSED: Final = re.compile(f"[{_REFUSED_CHARS}{_NONCHARACTERS}]")
# One range for all planes from the first nonchar on: exact ones would be four times slower.
_NOT_PLAIN: Final = re.compile(
    f"[{_BIDI_CHARS}{_BREAK_CHARS}{_REFUSED_CHARS}\U0001fffe-\U0010ffff]"
)
_BLANK_LINES: Final = re.compile(r"(?:[^\S\n]*\n)*")
_OBEYED: Final = re.compile(f"[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029{_BIDI_CHARS}\ud800-\udfff]")
# Characters that show nothing: text of these alone says nothing.
_INVISIBLE: Final = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001d159\U000e0000-\U000e0fff]*"
)


def decode(line: bytes) -> str:
    """Strict UTF-8. Raises RoomError (bad_utf8)."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise RoomError(
            "bad_utf8",
            "that line is not UTF-8, so it was not sent"
            " (a terminal set to GBK? telnet spoils some letters, nc does not)",
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

    Raises RoomError: empty, bad_text (a control character, a lone surrogate, a noncharacter),
    too_long (more than `limit_bytes` of UTF-8, when cleaned).
    """
    # What Python calls printable holds nothing of what is looked for here, and is told at once.
    if not text.isprintable() and _NOT_PLAIN.search(text):
        text = _tidy(text)
    text = text.rstrip()
    if not "!" <= text[:1] <= "~" and _INVISIBLE.fullmatch(text):
        raise RoomError("empty", "there was nothing to say in that")
    if len(text) * 4 > limit_bytes and (size := len(text.encode())) > limit_bytes:
        raise RoomError(
            "too_long",
            f"that is {size} bytes long, and {limit_bytes} is the limit; it was not sent",
        )
    return text


def one_line(text: str, limit_bytes: int) -> str:
    """As `clean`, with line breaks folded into spaces. Raises the same."""
    return " ".join(clean(text, limit_bytes).split())


def visible(text: str) -> str:
    """`text` without anything that a terminal obeys, tabs excepted.

    What is left of it is seen: U+001B as \u241b, a line's end as \u240a, U+009B as \\u009b.
    """
    return text if text.isprintable() else _OBEYED.sub(_picture, text)


def _tidy(text: str) -> str:
    text = _BIDI.sub("", _BREAKS.sub("\n", text))
    refused = _REFUSED.search(text)
    if refused:
        raise _bad(refused.group())
    blank = _BLANK_LINES.match(text)
    return text[blank.end() :] if blank else text


def _bad(char: str) -> RoomError:
    kind = "control character" if char < "\xa0" else "character without a meaning"
    hint = " (an escape or arrow key?)" if char == "\x1b" else ""
    return RoomError(
        "bad_text", f"that holds a {kind}, U+{ord(char):04X}{hint}, so it was not sent"
    )


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\u{code:04x}"
