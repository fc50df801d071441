"""The languages of the server's own sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[dict[Language, str]] = {"en": "English", "zh": "中文"}


def spoken(variables: Mapping[str, str]) -> Language:
    """The language of a person's locale, by POSIX's order of variables."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := variables.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def phrase(language: Language, template: str, **values: object) -> str:
    return template.format(**values)


def translated(language: Language, sentence: str) -> str:
    return sentence
