"""The server's own sentences, in English and Chinese.

English stands where a sentence is made, and is what goes over the wire; codes
are never translated. A person's view puts it into another language at the last
moment, by the table in `chinese`: `phrase` where the parts are at hand,
`translated` for a sentence that was put together elsewhere, an error's or a
notice's. So whoever raises an error need not know who will read it, and a
client can translate what a server says. What is not in the table stays English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from tcp_room.chinese import CHINESE

Language = Literal["en", "zh"]
LANGUAGES: Final[dict[Language, str]] = {"en": "English", "zh": "中文"}
# No sentence of ours is longer. A pattern takes time that grows with the square of the length.
_SENTENCE_CHARS: Final = 1000
_PART: Final = re.compile(r"\\\{(\w+)\\\}")


def spoken(variables: Mapping[str, str]) -> Language:
    """The language of a person's locale, by POSIX's order of variables."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := variables.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def phrase(language: Language, template: str, **parts: object) -> str:
    """`template` in that language, with its parts in their places."""
    if language != "en":
        template = CHINESE.get(template, template)
    return template.format(**parts)


def translated(language: Language, sentence: str) -> str:
    """A whole sentence of ours, its parts unknown, in that language."""
    if language == "en" or len(sentence) > _SENTENCE_CHARS:
        return sentence
    return _translated(language, sentence)


@lru_cache(maxsize=1024)
def _translated(language: Language, sentence: str) -> str:
    if sentence in CHINESE:
        return CHINESE[sentence]
    for pattern in _patterns():
        if found := pattern.english.fullmatch(sentence):
            parts = {name: translated(language, part) for name, part in found.groupdict().items()}
            return pattern.chinese.format(**parts)
    return sentence


class _Pattern(NamedTuple):
    english: re.Pattern[str]
    chinese: str


@cache
def _patterns() -> list[_Pattern]:
    """The templates that have parts, those that say most of themselves first."""
    templates = sorted((each for each in CHINESE if "{" in each), key=len, reverse=True)
    return [_Pattern(_pattern(template), CHINESE[template]) for template in templates]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_PART.sub(r"(?P<\1>.*)", re.escape(template)), re.DOTALL)
