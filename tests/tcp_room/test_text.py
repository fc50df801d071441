from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcp_room.errors import RoomError
from tcp_room.text import clean, decode, erase, one_line, visible

any_text = st.text(st.characters(codec=None), max_size=60)


def refusal(text: str, limit: int = 4096) -> str:
    with pytest.raises(RoomError) as caught:
        clean(text, limit)
    return caught.value.code


def test_utf8_is_decoded_and_nothing_else() -> None:
    assert decode("早上好".encode()) == "早上好"


@pytest.mark.parametrize(
    "line",
    [
        "早上好".encode("gbk"),
        b"caf\xe9",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe6\x97",
    ],
)
def test_what_is_not_utf8_is_refused_with_a_code(line: bytes) -> None:
    with pytest.raises(RoomError) as caught:
        decode(line)
    assert caught.value.code == "bad_utf8"


@pytest.mark.parametrize("line", ["hi", "早上好", "👩‍👩‍👧 é", "a\tb", "  indented", "אבג abc"])
def test_what_people_write_stays_as_it_is(line: str) -> None:
    assert clean(line, 4096) == line


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_every_line_break_becomes_one(end: str) -> None:
    assert clean(f"a{end}b", 4096) == "a\nb"


def test_blank_lines_around_a_message_are_dropped() -> None:
    assert clean("\n\na\n\nb\n \n", 4096) == "a\n\nb"


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\b", "\x7f", "\x9b", "\x1c", "\ufffe"])
def test_control_characters_are_refused_by_name(char: str) -> None:
    with pytest.raises(RoomError, match=f"U\\+{ord(char):04X}") as caught:
        clean(f"a{char}b", 4096)
    assert caught.value.code == "bad_text"


def test_a_lone_surrogate_is_refused() -> None:
    assert refusal("\ud800") == "bad_text"


@pytest.mark.parametrize("text", ["", "  ", "\n\n", "\u200b", "\u3000", "\u202e", "\ufe0f \u2060"])
def test_what_shows_nothing_says_nothing(text: str) -> None:
    assert refusal(text) == "empty"


def test_bidi_controls_are_taken_out() -> None:
    assert clean("a\u202eb\u2066c\u2069", 4096) == "abc"


def test_the_limit_counts_bytes_of_utf8() -> None:
    assert clean("好" * 10, 30) == "好" * 10
    assert refusal("好" * 10 + "x", 30) == "too_long"
    assert clean("x" * 30, 30) == "x" * 30
    assert refusal("x" * 31, 30) == "too_long"
    assert refusal("x" * 10_000_000, 30) == "too_long"


def test_a_topic_is_one_line() -> None:
    assert one_line("a\nb\u2028c", 4096) == "a b c"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("ab\bc", "ac"), ("ab\x7f\x7f\x7fc", "c"), ("\b好\b好", "好"), ("abc", "abc")],
)
def test_backspace_erases(typed: str, meant: str) -> None:
    assert erase(typed) == meant


def test_what_a_terminal_obeys_is_shown() -> None:
    assert visible("a\x1b[31mb\x07\x7f\x9bc") == "a␛[31mb␇␡\\u009bc"
    assert visible("a\tb 早") == "a\tb 早"


@given(any_text)
@example("\x1b]0;title\x07")
def test_no_terminal_obeys_what_is_visible(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert not [
        char
        for char in shown
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\t"
    ]


@given(any_text)
def test_what_is_clean_has_no_break_but_lf_and_no_control(text: str) -> None:
    try:
        cleaned = clean(text, 200)
    except RoomError as error:
        assert error.code in ("bad_text", "empty", "too_long")
        return
    assert len(cleaned.encode()) <= 200
    assert cleaned.split("\n") == cleaned.splitlines()
    assert visible(cleaned.replace("\n", " ")) == cleaned.replace("\n", " ")
    assert clean(cleaned, 200) == cleaned
