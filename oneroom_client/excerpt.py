"""The output of a program as one message: without colours, and cut where it is too long.

A program that reports a broken build should not have to know what a room refuses.
"""

from __future__ import annotations

import re
from typing import Final

# SGR sets colours (ECMA-48, 8.3.117). GCC and grep write EL (8.3.41) after it.
_COLORS: Final = re.compile(r"\x1b\[[0-9;:]*[mK]")


def without_colors(text: str) -> str:
    """`text` without the escape sequences that colour it. Others stay, and are refused."""
    return _COLORS.sub("", text)


def cut(text: str, limit_bytes: int, dropped_bytes: int = 0) -> str:
    """The beginning of `text`, at most `limit_bytes` of UTF-8, with the count of what is missing.

    `dropped_bytes`: what followed `text` and was not kept. Raises UnicodeEncodeError.
    """
    data = text.encode()
    if len(data) + dropped_bytes <= limit_bytes:
        return text
    room = max(limit_bytes - len(_note(len(data) + dropped_bytes).encode()), 0)
    kept = data[:room].decode(errors="ignore")  # a character that was cut through
    return kept + _note(len(data) - len(kept.encode()) + dropped_bytes)


def _note(count: int) -> str:
    return f"…(+{count} bytes)"
