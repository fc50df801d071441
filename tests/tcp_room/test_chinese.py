"""Nothing is left untranslated: what the code says is looked up in the table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from tcp_room.chinese import CHINESE
from tcp_room.commands import COMMANDS
from tcp_room.languages import translated

ROOT = Path(__file__).parent.parent.parent
# Where a sentence stands among the arguments of what says it.
SAYING = {
    "RoomError": 1,
    "Notice": 0,
    "phrase": 0,
    "_phrase": 0,
    "_bad": 1,
    "AddressError": 0,
    "CannotConnect": 0,
    "Failure": 1,
    "Refused": 1,
    "Unconfirmed": 0,
}


def parts(template: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(template) if name)


def shape(sentence: str) -> str:
    """It without the names of its parts."""
    return re.sub(r"\{[^}]*\}", "{}", sentence)


SHAPES = {shape(template) for template in CHINESE}


def written(node: ast.expr) -> Iterator[str]:
    """The sentences that an expression can be, as far as it says so itself."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield shape(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    elif isinstance(node, ast.IfExp):
        yield from written(node.body)
        yield from written(node.orelse)


def sentences() -> Iterator[tuple[str, str]]:
    for path in [*ROOT.glob("tcp_room/**/*.py"), *ROOT.glob("oneroom_client/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in SAYING and len(node.args) > SAYING[name]:
                    for sentence in written(node.args[SAYING[name]]):
                        yield path.name, sentence


@pytest.mark.parametrize(("file", "sentence"), sorted(set(sentences())))
def test_each_sentence_in_the_code_is_in_the_table(file: str, sentence: str) -> None:
    if re.search("[a-z]", sentence.replace("{}", "")):
        said = sentence.replace("{}", "x")
        assert translated("zh", said) != said or sentence in SHAPES, file


def test_each_line_of_help_is_in_the_table() -> None:
    assert {command.help for command in COMMANDS.values()} <= CHINESE.keys()


@pytest.mark.parametrize("template", CHINESE)
def test_a_translation_has_the_parts_of_its_original(template: str) -> None:
    assert parts(CHINESE[template]) == parts(template)
