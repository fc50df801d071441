"""Turns as rows."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import Act, Say, Topic
from tcp_room.logs.port import Record
from tcp_room.logs.turns import from_json, to_json

NOON = 1_795_435_200_000
SAX = '[["sax","a","b","c","d",null]]'
texts = st.text(st.characters(exclude_categories=["Cs"]))


@st.composite
def turns(draw: st.DrawFn) -> list[Record]:
    first = draw(st.integers(1, 1 << 40))
    at = draw(st.integers(0, 1 << 50))
    size = draw(st.integers(1, 20))
    return [
        Record(
            draw(st.sampled_from([Say, Act, Topic]))(
                seq, draw(st.none() | texts), at, draw(texts), draw(texts), draw(texts)
            ),
            draw(texts),
        )
        for seq in range(first, first + size)
    ]


@given(turns())
def test_what_is_kept_comes_back_as_it_was(records: list[Record]) -> None:
    first = records[0].event
    assert from_json(first.seq, first.at, to_json(records)) == records


def test_a_stranger_can_read_it() -> None:
    record = Record(Say(7, None, NOON, "小明", "tcp", 'two\n"lines"'), "a")
    assert json.loads(to_json([record])) == [["say", "小明", "tcp", 'two\n"lines"', "a", None]]


@pytest.mark.parametrize("text", ["", "[", "[[1]]", "{}", '[["say"]]', SAX])
def test_what_is_no_turn_is_refused(text: str) -> None:
    with pytest.raises((msgspec.MsgspecError, LookupError)):
        from_json(1, NOON, text.encode())
