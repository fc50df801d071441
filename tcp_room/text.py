"""What may be said, and what may be shown.

Two guards. `clean` stands where text comes in: it refuses, with a reason, what
no person types on purpose. `visible` stands before a terminal: whatever came
another way (another version's log, another node), it shows instead of obeying.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from tcp_room.errors import RoomError

# Text may come in at this many times its limit: breaks and blanks around it do not count. Longer
# text is refused by its length alone, before anything looks at its characters.
_SLACK: Final = 4
# Real stacks are shorter: Tibetan needs 8 (the Kalachakra seal), pointed Hebrew with its accents 5,
# Thai and Vietnamese 2. UAX #15 allows 30, but normalization is quadratic in the length of a run.
MARKS_IN_A_ROW: Final = 8
# What a terminal's driver lets a person type in one line; a longer one was not typed by hand.
_TYPED_CHARS: Final = 4096
# Columns that a run of blanks may fill at a terminal: a deep indentation, and far from a line.
_BLANK_COLUMNS: Final = 8

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
_INVISIBLE_CHARS: Final = (
    "\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U0001d159\U000e0000-\U000e0fff"
)
_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_CHARS}]*")
# What marks are not: letters, digits, blanks, and the signs that are often repeated. A cheap test,
# so that ordinary text never needs the exact one.
_NO_MARK_CHARS: Final = (
    "\\w\\s\0-\u02ff\u2010-\u206f\u2100-\u2bff\u3000-\u3029\u3030-\u303f\uff01-\uff60"
    "\U0001f000-\U0001faff"
)
_MAYBE_TOWER: Final = re.compile(f"[^{_NO_MARK_CHARS}][^{_NO_MARK_CHARS}]{{{MARKS_IN_A_ROW}}}")
# Those of them that are printable: `isprintable` does not find them.
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001d159\U000e0100-\U000e01ef]"
)
_WIDE_BLANKS: Final = "\u3000\u3164\u115f"
_BLANKS: Final = re.compile(f"[{_INVISIBLE_CHARS}]{{2,}}")
_TOO_WIDE: Final = " " * (_BLANK_COLUMNS + 1)


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
    """Does what backspace and delete meant, in a line typed without a terminal's editing.

    At most 4,096 characters are looked at one by one: a longer line is returned as it is.
    """
    if len(line) > _TYPED_CHARS or not ("\b" in line or "\x7f" in line):
        return line
    kept: list[str] = []
    for char in line:
        if char not in "\b\x7f":
            kept.append(char)
        elif kept:
            kept.pop()
    return "".join(kept)


def check_length(text: str, limit_bytes: int) -> None:
    """Refuses text that cannot fit `limit_bytes` when cleaned, by its length alone.

    Raises RoomError (too_long).
    """
    if len(text) > _SLACK * limit_bytes:
        raise _too_long(text, limit_bytes)


def clean(text: str, limit_bytes: int) -> str:
    """`text` as it goes into the log: line breaks are LF, and no blank lines around it.

    Raises RoomError: empty, bad_text (a control character, a lone surrogate, a noncharacter, a
    tower of marks), too_long (more than `limit_bytes` of UTF-8, when cleaned).
    """
    if len(text) > _SLACK * limit_bytes:
        raise _too_long(text, limit_bytes)
    # What Python calls printable holds nothing of what is looked for here, and is told at once.
    if not text.isprintable() and _NOT_PLAIN.search(text):
        text = _tidy(text)
    text = text.rstrip()
    if not "!" <= text[:1] <= "~" and _INVISIBLE.fullmatch(text):
        raise RoomError("empty", "there was nothing to say in that")
    if len(text) * 4 > limit_bytes and len(text.encode()) > limit_bytes:
        raise _too_long(text, limit_bytes)
    if not text.isascii() and _MAYBE_TOWER.search(text) and _tower().search(text):
        raise RoomError(
            "bad_text",
            f"that has more than {MARKS_IN_A_ROW} marks on one letter, so it was not sent;"
            " send it with fewer",
        )
    return text


def one_line(text: str, limit_bytes: int) -> str:
    """As `clean`, with line breaks folded into spaces. Raises the same."""
    return " ".join(clean(text, limit_bytes).split())


def folded(text: str) -> str:
    """`text` with upper and lower case, full and half width made one (NFKC), for a search.

    Safe on any text, in time linear in its length: marks after the eighth of a run are dropped
    first, so that nothing quadratic is handed to normalization.
    """
    if text.isascii():
        return text.lower()
    # Python takes these two marks for letters; NFKC replaces them in the same way.
    text = text.replace("\uff9e", "\u3099").replace("\uff9f", "\u309a")
    if _MAYBE_TOWER.search(text):
        text = _tower().sub(r"\1", text)
    return unicodedata.normalize("NFKC", text).casefold()


def visible(text: str) -> str:
    """`text` without anything that a terminal obeys, tabs excepted.

    What is left of it is seen: U+001B as \u241b, a line's end as \u240a, U+009B as \\u009b.
    """
    return text if text.isprintable() else _OBEYED.sub(_picture, text)


def is_plain(text: str) -> bool:
    """Whether `visible` and `narrowed` would both return `text` as it is. False is a maybe."""
    if not text.isprintable() or _TOO_WIDE in text:
        return False
    return text.isascii() or not _UNSEEN.search(text)


def narrowed(line: str) -> str:
    """`line` with each run of blanks cut to eight columns.

    A terminal wraps a long line, and begins the next row without a head: a run of blanks would
    move forged words there, and show nothing before them.
    """
    if line.isascii() and "  " not in line and "\t" not in line:
        return line
    return _BLANKS.sub(_narrowed, line)


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


def _narrowed(blanks: re.Match[str]) -> str:
    found = blanks.group()
    return found if sum(map(_columns, found)) <= _BLANK_COLUMNS else " " * _BLANK_COLUMNS


def _columns(blank: str) -> int:
    """How many columns of a terminal it fills; a tab at most eight."""
    if blank == "\t":
        return 8
    if blank in _WIDE_BLANKS:
        return 2
    return 0 if unicodedata.category(blank) in ("Cf", "Mn") else 1


def _too_long(text: str, limit_bytes: int) -> RoomError:
    size = len(text.encode("utf-8", "replace"))
    return RoomError(
        "too_long",
        f"that is {size} bytes long, and {limit_bytes} is the limit; it was not sent",
    )


@cache
def _tower() -> re.Pattern[str]:
    """More marks in a row than are allowed, of which the allowed ones are a group.

    Takes 10 ms to make, so not before the first text that may have some.
    """
    places = (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0))
    marks = "".join(char for char in map(chr, places) if unicodedata.category(char)[0] == "M")
    return re.compile(f"([{marks}]{{{MARKS_IN_A_ROW}}})[{marks}]+")
