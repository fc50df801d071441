"""Names of people and rooms: what may be one, and when two are the same.

Nicks follow PRECIS (RFC 8266): any script, inner spaces, upper case kept. Two
more rules, since a name is what people trust. A name is of one script, or of
those that East Asian names mix (UTS #39, 5.2, "highly restrictive"). And nobody
may have a name that looks like another's: equal `key`s are the same name in
other letters, equal `skeleton`s look the same (UTS #39, 4: an A of Cyrillic, an
I for an l). The two are apart because a skeleton needs the name as it is shown:
in `PaypaI` the I looks like an l, in its key `paypai` it no longer does.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec
from precis_i18n import get_profile

from tcp_room.errors import RoomError

# Fits a line's head twice over, and is what IRC networks and Ergo allow.
NICK_CHARS: Final = 32
ROOM_CHARS: Final = 32
# A name may be typed in four times as many (decomposed letters, spaces); what is longer is not
# even looked at, since PRECIS takes a microsecond or two for each character, and normalization
# grows with the square of a run of marks.
_TYPED_CHARS: Final = 4 * NICK_CHARS
_TYPED_ROOM_CHARS: Final = 4 * ROOM_CHARS
# Vietnamese needs two marks on a letter, pointed Hebrew three; towers of them hide other lines.
_MARKS_IN_A_ROW: Final = 3

_SHOWN: Final = get_profile("NicknameCasePreserved")
_COMPARED: Final = get_profile("Nickname")
_IDENTIFIER: Final = get_profile("IdentifierClass")
# Heads of lines in a terminal are made of these, so that they cannot be forged.
_HEADS: Final = re.compile(r"[<>*!|]")
# PRECIS takes these for symbols, but they show nothing (the last one: an object that is not there).
_BLANK: Final = re.compile("[\u2800\U0001d159\ufffc]")
_ROOM: Final = re.compile(r"[\w-][\w.-]*")

# Scripts that are written together.
_TOGETHER: Final = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "BOPOMOFO"},
    {"LATIN", "HAN", "HANGUL"},
)


def nick(raw: str) -> str:
    """`raw` as it is shown. Raises RoomError (bad_nick) with the reason."""
    shown = _enforced(raw)
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


def key(shown: str) -> str:
    """What is equal for names that are the same: by it people are found. Of what can be no name,
    something that nobody has."""
    return _key(shown) if len(shown) <= _TYPED_CHARS else ""


@lru_cache(maxsize=4096)
def skeleton(shown: str) -> str:
    """What is equal for names that look the same, upper case or lower.

    `shown` is what `nick` gave. As Ergo does it, first the looks and then the case: the other way
    an I would no longer look like an l. The price is that Ian and Lan (lan) cannot both be here.
    """
    # Twice, since a prototype may hold marks that look like others (ø: o with one of two strokes).
    return _prototypes(_prototypes(shown)).casefold()


def room(raw: str) -> str:
    """The name of a room as everybody writes it: NFC, without case, of letters, digits, - _ and
    a dot that is not the first. Raises RoomError (bad_room)."""
    name = _normalized(raw) if len(raw) <= _TYPED_ROOM_CHARS else ""
    if not _can_be_a_room(name):
        raise RoomError(
            "bad_room",
            f"a room's name is 1 to {ROOM_CHARS} letters, digits, - _ and . (not first)",
        )
    return name


def _normalized(raw: str) -> str:
    return unicodedata.normalize("NFC", raw.strip().removeprefix("#").casefold())


def _enforced(raw: str) -> str:
    if len(raw) > _TYPED_CHARS:
        raise _bad(raw, f"at most {NICK_CHARS} characters")
    try:
        shown = _SHOWN.enforce(raw)
    except ValueError:
        raise _bad(raw, "it is empty or holds characters that cannot be in a name") from None
    if _BLANK.search(shown):
        raise _bad(raw, "it holds a character that nobody can see")
    return shown


@lru_cache(maxsize=4096)
def _key(shown: str) -> str:
    try:
        return _COMPARED.enforce(shown)
    except ValueError:
        return ""


def _bad(raw: str, why: str) -> RoomError:
    return RoomError("bad_nick", f"{raw[:NICK_CHARS]!r} cannot be a name: {why}")


def _can_be_a_room(name: str) -> bool:
    """Marks are parts of letters in many scripts, so `\\w` alone would shut out Hindi."""
    letters = "".join(char for char in name if unicodedata.category(char)[0] != "M")
    if not _ROOM.fullmatch(letters) or name[0] != letters[0] or len(name) > ROOM_CHARS:
        return False
    return _is_identifier(name) and not _has_tower(name)


def _is_identifier(name: str) -> bool:
    """RFC 8264, 4.2: no invisible marks, no letters that are others in another width."""
    try:
        _IDENTIFIER.enforce(name)
    except ValueError:
        return False
    return True


def _has_tower(name: str) -> bool:
    categories = [unicodedata.category(char) for char in unicodedata.normalize("NFD", name)]
    marks = "".join("m" if category in ("Mn", "Me") else "." for category in categories)
    return "m" * (_MARKS_IN_A_ROW + 1) in marks


def _is_of_one_script(shown: str) -> bool:
    scripts = {_script(char) for char in shown} - {"COMMON", "INHERITED"}
    return len(scripts) < 2 or any(scripts <= together for together in _TOGETHER)


def _script(char: str) -> str:
    ranges = _scripts()
    found = ranges[bisect_right(ranges, ord(char), key=lambda each: each.first) - 1]
    return found.script if ord(char) <= found.last else "UNKNOWN"


def _prototypes(text: str) -> str:
    alike = _alike()
    return "".join(alike.get(char, char) for char in unicodedata.normalize("NFD", text))


def load() -> None:
    """Reads the tables now, some 30 ms: later there may be no descriptor left to do so."""
    _alike()
    _scripts()


# The data of UTS #39 and #24 is that of the package confusable_homoglyphs. We read its files and
# not its modules: those would keep megabytes of character names that nobody here asks for.


class _Alike(msgspec.Struct):
    c: str


class _Categories(msgspec.Struct):
    iso_15924_aliases: list[str]
    code_points_ranges: list[tuple[int, int, int, int]]


class _Range(NamedTuple):
    first: int
    last: int
    script: str


@cache
def _scripts() -> list[_Range]:
    data = msgspec.json.decode(_file("categories.json"), type=_Categories)
    names = data.iso_15924_aliases
    return sorted(
        _Range(first, last, names[script]) for first, last, script, _ in data.code_points_ranges
    )


@cache
def _alike() -> dict[str, str]:
    """The prototype of each character that has one. 10 ms, so not before the first name."""
    data = msgspec.json.decode(_file("confusables.json"), type=dict[str, list[_Alike]])
    return {
        char: found[0].c.strip("\u200e")
        for char, found in data.items()
        if len(char) == 1 and len(found) == 1 and _is_simpler(found[0].c, char, data)
    }


def _is_simpler(other: str, char: str, data: dict[str, list[_Alike]]) -> bool:
    """The table tells who looks like whom, but not which of them is the prototype.

    It is the one that several look like, or that is written with several characters; of a mere
    pair, the first.
    """
    return len(data[other]) > 1 or len(other) > 1 or other < char


def _file(name: str) -> bytes:
    return (files("confusable_homoglyphs") / name).read_bytes()
