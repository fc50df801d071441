"""What Tab puts."""

from __future__ import annotations

import pytest

from oneroom_client.completion import Choice, choices

COMMANDS = ["help", "history", "nick"]
NAMES = ["小明", "小红", "alice", "Alan Turing", "guest-1"]


@pytest.mark.parametrize(
    ("before", "completed"),
    [
        ("/hi", [("/history ", 3)]),
        ("/H", [("/help ", 2), ("/history ", 2)]),
        ("／n", [("/nick ", 2)]),
        ("al", [("alice: ", 2), ("Alan Turing: ", 2)]),
        ("ask ALI", [("alice ", 3)]),
        ("ask @ali", [("alice ", 3)]),
        ("Alan T", [("Alan Turing: ", 6)]),
        ("你好小", [("小明 ", 1), ("小红 ", 1)]),
        ("小明", [("小明: ", 2)]),
        ("问al", [("alice ", 2), ("Alan Turing ", 2)]),
        ("/msg gu", [("guest-1 ", 2)]),
        ("metal", []),
        ("x-g", []),
        ("", []),
        ("z", []),
    ],
)
def test_tab_completes(before: str, completed: list[tuple[str, int]]) -> None:
    assert choices(before, COMMANDS, NAMES) == [Choice(*each) for each in completed]
