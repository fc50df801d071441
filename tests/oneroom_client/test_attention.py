"""Who is meant, and what came while nobody looked."""

from __future__ import annotations

import pytest

from oneroom_client.attention import BELL_EVERY_S, IDLE_S, Bell, Unread, mentions


@pytest.mark.parametrize(
    ("text", "nick"),
    [
        ("alice: hi", "alice"),
        ("thanks, Alice!", "alice"),
        ("@alice", "alice"),
        ("@小明，你好", "小明"),
        ("你好小明", "小明"),
        ("问alice吧", "alice"),
        ("malice, alice", "alice"),
        ("guest-1!", "guest-1"),
    ],
)
def test_a_name_in_a_text_is_meant(text: str, nick: str) -> None:
    assert mentions(text, nick)


@pytest.mark.parametrize(
    ("text", "nick"), [("malice", "alice"), ("alices", "alice"), ("guest-12", "guest-1"), ("x", "")]
)
def test_a_part_of_a_word_is_not(text: str, nick: str) -> None:
    assert not mentions(text, nick)


def test_the_first_of_what_came_while_away_gets_a_rule() -> None:
    unread = Unread(0.0)
    assert unread.rule(1.0) is None
    unread.focus_lost(5.0)
    assert unread.rule(9.0) == 5.0
    assert unread.rule(10.0) is None
    assert unread.count == 2
    unread.focus_gained(11.0)
    assert unread.rule(12.0) is None
    assert unread.count == 0
    unread.focus_lost(13.0)
    assert unread.rule(14.0) == 13.0


def test_who_types_nothing_for_long_is_away() -> None:
    unread = Unread(0.0)
    unread.key(10.0)
    assert unread.rule(10.0 + IDLE_S - 1) is None
    assert unread.rule(10.0 + IDLE_S) == 10.0
    assert unread.rule(10.0 + IDLE_S + 1) is None
    unread.key(500.0)
    assert unread.rule(501.0) is None


def test_the_bell_rings_once_for_many() -> None:
    bell = Bell()
    assert [bell.rings(at) for at in (0.0, 1.0, BELL_EVERY_S)] == [True, False, True]
