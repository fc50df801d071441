"""What Tab may put: the commands of the server, and the names of who is here.

Chinese has no blanks before a name, so what is completed is not a word but the
longest end of what was typed that a name begins with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

_WORD: Final = re.compile(r"[\w-]")


class Choice(NamedTuple):
    """`text` in place of the last `typed` characters."""

    text: str
    typed: int


def choices(before: str, commands: Sequence[str], names: Iterable[str]) -> list[Choice]:
    """`before`: what stands before the cursor. `names`: the likeliest first."""
    if re.fullmatch(r"[/／]\w*", before):
        wanted = before[1:].lower()
        return [
            Choice(f"/{command} ", len(before))
            for command in commands
            if command.startswith(wanted)
        ]
    return list(_names(before, names))


def _names(before: str, names: Iterable[str]) -> Iterator[Choice]:
    found = [(name, _overlap(before, name)) for name in names]
    longest = max((typed for _, typed in found), default=0)
    for name, typed in found:
        if typed and typed == longest:
            is_first = typed == len(before)
            yield Choice(f"{name}: " if is_first else f"{name} ", typed)


def _overlap(before: str, name: str) -> int:
    """How many of the last characters typed begin the name."""
    for length in range(min(len(before), len(name)), 0, -1):
        typed = before[len(before) - length :]
        if typed.casefold() == name[:length].casefold() and _starts(before, length):
            return length
    return 0


def _starts(before: str, length: int) -> bool:
    """A name does not begin in the middle of a word of letters that part their words."""
    if length == len(before):
        return True
    left, right = before[-length - 1], before[-length]
    return not (left < "\u2e80" and right < "\u2e80" and _WORD.match(left) and _WORD.match(right))
