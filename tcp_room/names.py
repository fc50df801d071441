"""Names of people and rooms: what may be one, and when two are the same.

Nicks follow PRECIS (RFC 8266): any script, inner spaces, upper case kept. Two
more rules, since a name is what people trust. A name is of one script, or one
and Latin, as East Asian names are (UTS #39, 5.2; Cyrillic and Greek do not mix
with Latin, from which they cannot be told). And nobody may have a name that
looks like another's: equal `key`s are the same name in other letters, equal
`skeleton`s look the same (UTS #39, 4: an A of Cyrillic, an I for an l).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any, Final

from precis_i18n import get_profile

from tcp_room.errors import RoomError

# Fits a line's head twice over, and is what IRC networks and Ergo allow.
NICK_CHARS: Final = 32
ROOM_CHARS: Final = 32
# Vietnamese and pointed Hebrew need two marks on a letter; towers of them hide other lines.
_MARKS_IN_A_ROW: Final = 3

_SHOWN: Final = get_profile("NicknameCasePreserved")
_COMPARED: Final = get_profile("Nickname")
# Heads of lines in a terminal are made of these, so that they cannot be forged.
_HEADS: Final = re.compile(r"[<>*!|]")
_ROOM: Final = re.compile(rf"[\w-][\w.-]{{0,{ROOM_CHARS - 1}}}")

# Scripts that are written together, besides each with Latin.
_EAST_ASIAN: Final = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)
_LOOK_LATIN: Final = {"CYRILLIC", "GREEK", "CHEROKEE", "COPTIC"}


def nick(raw: str) -> str:
    """`raw` as it is shown. Raises RoomError (bad_nick) with the reason."""
    try:
        shown: str = _SHOWN.enforce(raw)
    except (UnicodeEncodeError, ValueError):
        raise _bad(raw, "it is empty or holds characters that cannot be in a name") from None
    if len(shown) > NICK_CHARS:
        raise _bad(raw, f"at most {NICK_CHARS} characters")
    if _HEADS.search(shown):
        raise _bad(raw, "none of < > * ! | can be in a name")
    if shown[0] in "/#@:":
        raise _bad(raw, f"a name cannot begin with {shown[0]}")
    if not any(char.isalnum() or unicodedata.category(char) == "So" for char in shown):
        raise _bad(raw, "a name needs a letter, a digit or a picture")
    if _has_tower(shown):
        raise _bad(raw, "too many marks upon one letter")
    if not _is_of_one_script(shown):
        raise _bad(raw, "its letters are of scripts that are not written together")
    return shown


@lru_cache(maxsize=4096)
def key(shown: str) -> str:
    """What is equal for names that are the same: by it people are found. Of what can be no name,
    something that nobody has."""
    try:
        compared: str = _COMPARED.enforce(shown)
    except (UnicodeEncodeError, ValueError):
        return ""
    return compared


@lru_cache(maxsize=4096)
def skeleton(shown: str) -> str:
    """What is equal for names that look the same (UTS #39, 4)."""
    return "".join(_prototype(char) for char in unicodedata.normalize("NFD", shown))


def room(raw: str) -> str:
    """The name of a room as everybody writes it. Raises RoomError (bad_room)."""
    name = unicodedata.normalize("NFC", raw.strip().removeprefix("#").casefold())
    if not _ROOM.fullmatch(name) or _has_tower(name):
        raise RoomError(
            "bad_room",
            f"a room's name is 1 to {ROOM_CHARS} letters, digits, - _ and . (not first)",
        )
    return name


def _bad(raw: str, why: str) -> RoomError:
    return RoomError("bad_nick", f"{raw[:NICK_CHARS]!r} cannot be a name: {why}")


def _has_tower(name: str) -> bool:
    marks = "".join("m" if unicodedata.category(char) == "Mn" else "." for char in name)
    return "m" * (_MARKS_IN_A_ROW + 1) in marks


def _is_of_one_script(shown: str) -> bool:
    scripts = _tables().scripts(shown) - {"COMMON", "INHERITED"}
    if len(scripts) < 2 or any(scripts <= together for together in _EAST_ASIAN):
        return True
    return len(scripts) == 2 and "LATIN" in scripts and not scripts & _LOOK_LATIN


@cache
def _prototype(char: str) -> str:
    """The simplest among the characters that look like this one."""
    alike = _tables().alike
    found = alike.get(char, ())
    if len(found) != 1:
        return char  # it looks like nothing else, or others look like it
    other: str = found[0]["c"]
    if len(alike[other]) == 1:
        other = min(char, other)  # a pair: the table does not say which is the simpler
    return other.strip("\u200e")


class _Tables:
    """The data of UTS #39. Some megabytes and 60 ms, so not before the first name."""

    def __init__(self) -> None:
        from confusable_homoglyphs import categories, confusables

        self.alike: dict[str, list[dict[str, Any]]] = confusables.confusables_data
        self._scripts = categories.unique_aliases

    def scripts(self, text: str) -> set[str]:
        found: set[str] = self._scripts(text)
        return found


@cache
def _tables() -> _Tables:
    return _Tables()
