"""What a typed line means."""

from __future__ import annotations

import pytest

from oneroom_client.typed import is_farewell, message
from tcp_room.messages import Act, Command, Message, Say, Topic


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("hello 你好", Say(text="hello 你好", id="i")),
        ("//usr", Say(text="/usr", id="i")),
        ("／／usr", Say(text="/usr", id="i")),
        ("/usr/bin\n/etc", Say(text="/usr/bin\n/etc", id="i")),
        ("/me waves", Act(text="waves", id="i")),
        ("／me　挥手", Act(text="挥手", id="i")),
        ("/topic selectors", Topic(text="selectors", id="i")),
        ("/topic -", Topic(text="", id="i")),
        ("/topic", Command(line="/topic", id="i")),
        ("/nick 小明", Command(line="/nick 小明", id="i")),
        ("／who", Command(line="/who", id="i")),
        ("/", Command(line="/", id="i")),
    ],
)
def test_a_line_is_a_message(line: str, meant: Message) -> None:
    assert message(line, "i") == meant


@pytest.mark.parametrize(("line", "is_one"), [("/quit", True), ("/QUIT ", True), ("quit", False)])
def test_a_farewell_is_known(line: str, is_one: bool) -> None:
    assert is_farewell(message(line, "i")) is is_one
