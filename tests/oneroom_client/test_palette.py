"""Whether to write in colour."""

from __future__ import annotations

import pytest

from oneroom_client.palette import Choice, wants_color


@pytest.mark.parametrize(
    ("choice", "variables", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_the_nearer_wish_counts(
    choice: Choice, variables: dict[str, str], is_terminal: bool, wanted: bool
) -> None:
    assert wants_color(choice, variables, is_terminal) is wanted
