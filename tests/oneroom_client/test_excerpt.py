"""The output of a program as one message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from oneroom_client.excerpt import cut, without_colors


@pytest.mark.parametrize(
    ("colored", "plain"),
    [
        ("\x1b[31mred\x1b[0m build", "red build"),
        ("\x1b[01;31m\x1b[Kerror:\x1b[m\x1b[K x", "error: x"),
        ("\x1b[38:2::1:2:3mdeep\x1b[39m", "deep"),
        ("\x1b[2Jcleared \x1b]0;title\x07", "\x1b[2Jcleared \x1b]0;title\x07"),
    ],
)
def test_colours_are_taken_out_and_nothing_else(colored: str, plain: str) -> None:
    assert without_colors(colored) == plain


@pytest.mark.parametrize(
    ("said", "dropped", "excerpt"),
    [
        ("x" * 40, 0, "x" * 40),
        ("x" * 41, 0, "x" * 26 + "…(+15 bytes)"),
        ("你" * 20, 0, "你" * 8 + "…(+36 bytes)"),
        ("x" * 40, 1000, "x" * 24 + "…(+1016 bytes)"),
    ],
)
def test_what_is_too_long_is_cut_and_says_by_how_much(
    said: str, dropped: int, excerpt: str
) -> None:
    assert cut(said, 40, dropped) == excerpt


@given(text(), integers(20, 60))
def test_an_excerpt_is_never_too_long_and_counts_what_is_missing(said: str, limit: int) -> None:
    excerpt = cut(said, limit)
    assert len(excerpt.encode()) <= limit
    if excerpt != said:
        kept, _, count = excerpt.rpartition("…(+")
        assert said.startswith(kept)
        assert len(kept.encode()) + int(count.split()[0]) == len(said.encode())
