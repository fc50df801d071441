"""The codes: one list, and every one of them in use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcp_room.errors import CODES, ECHO_CHARS, RoomError, echo

SOURCES = [
    path
    for package in ("tcp_room", "web_gateway")
    for path in (Path(__file__).parents[2] / package).rglob("*.py")
]


def codes_raised(source: str) -> Iterator[str]:
    """The codes that `RoomError(...)` and `Error(...)` are made with as literals."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0]
            if name in ("RoomError", "Error") and isinstance(first, ast.Constant):
                yield str(first.value)


RAISED = {code for path in SOURCES for code in codes_raised(path.read_text("utf-8"))}
# What is written to strangers, before there is a room to raise anything in.
WRITTEN = {
    code for path in SOURCES for code in re.findall(r"\((\w+)\)\\r\\n", path.read_text("utf-8"))
}

# Of engines whose disk or network may fail.
OF_ENGINES = {"storage", "unknown"}


def test_every_code_that_is_used_is_in_the_list() -> None:
    assert CODES.keys() >= RAISED | WRITTEN


def test_every_code_of_the_list_is_used() -> None:
    assert CODES.keys() - RAISED - WRITTEN <= OF_ENGINES


def test_a_code_that_is_not_in_the_list_fails_at_once() -> None:
    with pytest.raises(AssertionError, match="no_such_code"):
        RoomError("no_such_code", "")


def test_an_error_carries_its_code_and_its_sentence() -> None:
    error = RoomError("storage", "the disk is full")
    assert (error.code, error.text, str(error)) == (
        "storage",
        "the disk is full",
        "the disk is full",
    )


def test_an_error_repeats_the_beginning_and_the_end_of_what_was_sent() -> None:
    assert echo("a" * ECHO_CHARS) == "a" * ECHO_CHARS
    assert echo("a" * 100 + "b" * 100) == "a" * 32 + "…" + "b" * 32


def test_codes_are_words_that_a_program_can_compare() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", code) for code in CODES)
