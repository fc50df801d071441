"""The operator's file of hooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcp_room.events import Act, Logged, Say, Topic
from web_gateway.hooks import NONE, HooksError, Incoming, Outgoing, parse, read

TOKEN = "a-token-of-16-and-more"


def test_a_file_lists_them() -> None:
    hooks = parse(f"""
        [[incoming]]
        token = "{TOKEN}"
        room = "ops"
        nick = "grafana"
        [[outgoing]]
        url = "https://example.org/x"
        secret = "{TOKEN}"
        pattern = "^!deploy"
    """)
    assert hooks.incoming == [Incoming(TOKEN, "ops", "grafana")]
    assert hooks.outgoing == [Outgoing("https://example.org/x", TOKEN, None, "^!deploy")]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[[incoming]", "Expected"),
        ("[[incoming]]", "token"),
        ('[[incoming]]\ntoken = "short"', "length >= 16"),
        (f'[[incoming]]\ntoken = "{TOKEN}"\nrom = "x"', "unknown field `rom`"),
        (f'[[incoming]]\ntoken = "{TOKEN}"\nroom = "../x"', "a room's name is"),
        (f'[[incoming]]\ntoken = "{TOKEN}"\nnick = "a|b"', "cannot be a name"),
        (f'[[incoming]]\ntoken = "{TOKEN}"\n' * 2, "the same token"),
        (f'[[outgoing]]\nurl = "ftp://x"\nsecret = "{TOKEN}"', "url"),
        (f'[[outgoing]]\nurl = "http://x"\nsecret = "{TOKEN}"\npattern = "("', "unterminated"),
    ],
)
def test_what_is_wrong_is_said(toml: str, words: str) -> None:
    with pytest.raises(HooksError, match=words):
        parse(toml)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(HooksError, match=r"--hooks: .*cannot be read"):
        read(str(tmp_path / "none"))
    assert read("") is NONE


def said(text: str, door: str = "tcp", kind: type[Logged] = Say) -> Logged:
    return kind(1, None, 0, "bob", door, text)


@pytest.mark.parametrize(
    ("hook", "room", "event", "wanted"),
    [
        (Outgoing("", ""), "any", said("x"), True),
        (Outgoing("", ""), "any", said("x", kind=Act), True),
        (Outgoing("", ""), "any", said("x", kind=Topic), False),
        (Outgoing("", ""), "any", said("x", door="bot"), False),
        (Outgoing("", "", room="#Ops"), "ops", said("x"), True),
        (Outgoing("", "", room="ops"), "lobby", said("x"), False),
        (Outgoing("", "", pattern="^!deploy"), "ops", said("!deploy it"), True),
        (Outgoing("", "", pattern="^!deploy"), "ops", said("no !deploy"), False),
    ],
)
def test_a_hook_is_told_of_what_it_wants(
    hook: Outgoing, room: str, event: Logged, wanted: bool
) -> None:
    assert hook.wants(room, event) is wanted
