"""Plain text as people mark it up, and whom they mean by it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.page.conftest import Open
from tests.page.people import ask

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARSED: dict[str, list[Any]] = {
    "plain": ["plain"],
    "": [],
    "**b** *i* `c`": [["strong", "b"], " ", ["em", "i"], " ", ["code", "c"]],
    "**重点**很重要": [["strong", "重点"], "很重要"],
    "2*3*4 and 2 * 3 * 4": ["2*3*4 and 2 * 3 * 4"],
    "** not ** bold": ["** not ** bold"],
    "**a *b* c**": ["**a ", ["em", "b"], " c**"],
    "half a **pair": ["half a **pair"],
    "`**raw**`": [["code", "**raw**"]],
    "``a`b``": [["code", "a`b"]],
    "a ` b": ["a ` b"],
    "> one\n> two\nthree": [["quote", "one\ntwo"], "three"],
    "1 > 0": ["1 > 0"],
    "a\n```py\nx = 1\n```\nb": ["a\n", ["fence", "x = 1"], "b"],
    "```\nopen": ["```\nopen"],
    "see https://a.example/x*y*z.": ["see ", ["link", "https://a.example/x*y*z"], "."],
    "* one\n* two": ["* one\n* two"],
    "_no_ ~no~": ["_no_ ~no~"],
}
FLAT = """
  const flat = (part) => part.is === "text" ? part.text
    : [part.is, part.text ?? part.parts.map((one) => one.text).join("")];
  return args[0].map((text) => it.parse(text).map(flat));
"""


async def test_what_is_marked_is_shown_so_and_nothing_else(visit: Open) -> None:
    page = await visit()
    told = await ask(page, "markup", FLAT, list(PARSED))
    assert dict(zip(PARSED, told, strict=True)) == PARSED


MENTIONS: list[tuple[str, str, bool]] = [
    ("小明", "@小明，你好", True),
    ("小明", "@小明你好", True),
    ("小明", "@小明明你好", False),  # who is here, too
    ("小明", "小明：在吗", True),
    ("小明", "小明在吗", False),
    ("小明", "＠小明 在吗", True),
    ("alice", "hi @Alice!", True),
    ("alice", "@alice你好", True),
    ("alice", "@alicebob", False),
    ("alice", "alice: hi", True),
    ("alice", "ALICE, hi", True),
    ("alice", "I saw alice", False),
    ("alice", "mail@alice.example", False),
    ("Bob Smith", "@bob smith: look", True),
    ("", "@", False),
]


async def test_who_is_meant(visit: Open) -> None:
    page = await visit()
    told = await ask(
        page,
        "mentions",
        """const here = new Map(["小明", "小明明", "alice", "Bob Smith"].map((nick) => [nick, ""]));
           return args.map(([nick, text]) => it.mentions(text, nick, here));""",
        *[[nick, text] for nick, text, _ in MENTIONS],
    )
    wrong = [case for case, is_meant in zip(MENTIONS, told, strict=True) if case[2] != is_meant]
    assert wrong == []
