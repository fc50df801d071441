"""What may be said, and what a terminal is shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcp_room import text
from tcp_room.errors import RoomError

LIMIT = 4096
BREAKS = ["\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"]
BIDI = [*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))]
SEPARATORS = ["\x1c", "\x1d", "\x1e"]  # str.splitlines takes these for line ends too
CONTROLS = [
    char
    for char in map(chr, range(0xA0))
    if unicodedata.category(char) == "Cc" and char not in BREAKS and char != "\t"
]
NONCHARACTERS = [
    *map(chr, range(0xFDD0, 0xFDF0)),
    *(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)),
]
# Everything that can be in a str, the awkward parts of it often.
ANY_TEXT = st.lists(
    st.one_of(
        st.sampled_from([*BREAKS, *BIDI, *CONTROLS, *NONCHARACTERS, *" \t\u3000\u200b\ud800"]),
        st.characters(),
        st.sampled_from("abc小明😀"),
    ),
    max_size=20,
).map("".join)
# What a terminal may be sent: no control but the tab, in UTF-8 neither C0 nor C1 (V2).
HARMLESS = re.compile(rb"(?:[\x20-\x7e\t]|\xc2[\xa0-\xbf]|[\xc3-\xf4][\x80-\xbf]+)*")


def code_of(said: str, limit: int = LIMIT) -> str:
    with pytest.raises(RoomError) as caught:
        text.clean(said, limit)
    return caught.value.code


def code_points(chars: str | list[str]) -> str:
    return " ".join(f"U+{ord(char):04X}" for char in chars)


# -- decode


def test_utf_8_is_understood() -> None:
    assert text.decode("小明 😀 é".encode()) == "小明 😀 é"


@pytest.mark.parametrize(
    "line",
    [
        "你好".encode("gbk"),
        "café".encode("latin-1"),
        b"\xff",
        b"\xc0\x80",  # an overlong NUL
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond Unicode
        "小".encode()[:2],
    ],
    ids=repr,
)
def test_what_is_not_utf_8_is_refused_with_a_guess_at_the_reason(line: bytes) -> None:
    with pytest.raises(RoomError, match="GBK") as caught:
        text.decode(line)
    assert caught.value.code == "bad_utf8"


# -- erase


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hello", "hello"),
        ("helo\blo", "hello"),
        ("helo\x7flo", "hello"),
        ("abc\b\b\bx", "x"),
        ("\b\bx", "x"),
        ("a\b\b\bx", "x"),
        ("小朋\b明", "小明"),
        ("\b\x7f", ""),
        ("", ""),
    ],
)
def test_backspace_and_delete_remove_what_is_before_them(typed: str, meant: str) -> None:
    assert text.erase(typed) == meant


def test_nobody_types_a_line_of_more_than_4096_characters() -> None:
    assert text.erase("a\b" * 2048) == ""
    assert text.erase("a\b" * 2049) == "a\b" * 2049


@given(ANY_TEXT)
def test_what_is_erased_leaves_no_backspace(line: str) -> None:
    assert not {"\b", "\x7f"} & set(text.erase(line))


# -- clean


@pytest.mark.parametrize(
    "said",
    [
        "hi",
        "你好，明天见！",
        "👨‍👩‍👧 ❤️",
        "a\tb",
        "a\nb",
        "a\n\nb",
        "مرحبا",
        "naïve",
        "𠮷野家",
        "a\u00a0b",
    ],
)
def test_what_people_say_is_left_as_it_is(said: str) -> None:
    assert text.clean(said, LIMIT) == said


@pytest.mark.parametrize("line_break", BREAKS, ids=code_points)
def test_every_kind_of_line_break_becomes_lf(line_break: str) -> None:
    assert text.clean(f"a{line_break}b", LIMIT) == "a\nb"
    assert text.clean(f"a{line_break}{line_break}b", LIMIT) == "a\n\nb"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("hi  ", "hi"),
        ("hi\n\n", "hi"),
        ("hi \n\t\n ", "hi"),
        ("\n\nhi", "hi"),
        (" \n\t\n  hi", "  hi"),
        ("\r\nhi\r\n", "hi"),
        ("  indented", "  indented"),
        ("\thi\n  there", "\thi\n  there"),
        ("hi\u3000", "hi"),
        ("\u202e\nhi", "hi"),
    ],
    ids=repr,
)
def test_blank_lines_around_it_and_space_behind_it_are_dropped(said: str, kept: str) -> None:
    assert text.clean(said, LIMIT) == kept


@pytest.mark.parametrize("control", BIDI, ids=code_points)
def test_what_would_turn_the_order_of_a_line_is_removed(control: str) -> None:
    assert text.clean(f"a{control}b", LIMIT) == "ab"


@pytest.mark.parametrize("char", [*CONTROLS, *SEPARATORS, *NONCHARACTERS, "\ud800", "\udfff"])
def test_what_nobody_types_is_refused_by_its_name_wherever_it_stands(char: str) -> None:
    for said in (f"a{char}b", char, f"{char}a", f"a{char}", f"a\n{char}"):
        with pytest.raises(RoomError, match=re.escape(code_points(char)) + r"\b") as caught:
            text.clean(said, LIMIT)
        assert caught.value.code == "bad_text"


def test_an_escape_sequence_is_taken_for_a_key() -> None:
    with pytest.raises(RoomError, match=r"U\+001B .an escape or arrow key"):
        text.clean("\x1b[A", LIMIT)
    with pytest.raises(RoomError) as caught:
        text.clean("a\x07b", LIMIT)
    assert "key" not in caught.value.text


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "\t \n",
        "\u3000",
        "\u200b",
        "\u200d\ufe0f",
        "\u2060\u00ad",
        "\u202e",
        "\u2800",
        "\u3164",
        *BREAKS,
    ],
    ids=code_points,
)
def test_what_shows_nothing_is_empty(said: str) -> None:
    assert code_of(said) == "empty"


@pytest.mark.parametrize("char", ["a", "é", "小", "😀"])
def test_the_limit_is_in_bytes_of_utf_8(char: str) -> None:
    fits = 120 // len(char.encode())
    assert text.clean(char * fits, 120) == char * fits
    assert code_of(char * (fits + 1), 120) == "too_long"


def test_the_limit_counts_what_is_left_when_it_is_clean() -> None:
    assert text.clean("\n\nab\u202e" + " " * 3, 2) == "ab"
    assert code_of("x" * 10_000_000) == "too_long"


def test_who_said_too_much_is_told_both_numbers() -> None:
    with pytest.raises(RoomError, match=r"\b303 bytes.*\b120 "):
        text.clean("小" * 101, 120)


@given(ANY_TEXT)
@example("a\r\u202a\nb")
@example("a\r\r\n\nb")
def test_clean_text_is_one_message_of_plain_lines(said: str) -> None:
    try:
        clean = text.clean(said, 40)
    except RoomError as error:
        assert error.code in ("bad_text", "empty", "too_long")
        return
    assert text.clean(clean, 40) == clean
    assert len(clean.encode()) <= 40
    assert clean.splitlines() == clean.split("\n")
    assert not set(clean) & {*BIDI, *CONTROLS, *NONCHARACTERS}
    assert clean == clean.rstrip()
    assert clean.split("\n")[0].strip()


# -- marks

# Each is written by somebody: the longest stacks of marks that scripts have.
STACKS = {
    "Tibetan, the Kalachakra seal": "\u0f67\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82",
    "Hebrew with points and an accent": "\u05e9\u05c1\u05bc\u05b8\u0591",
    "Arabic": "\u0644\u0651\u064e\u06e1\u0670",
    "Burmese": "\u1000\u103c\u103d\u103e\u1031\u102f\u1036\u1037",
    "Thai": "\u0e17\u0e35\u0e48",
    "Vietnamese, decomposed": "e\u0302\u0323",
    "a keycap": "1\ufe0f\u20e3",
    "a flag of tags": "\U0001f3f4"
    + "".join(chr(0xE0000 + ord(tag)) for tag in "gbeng")
    + "\U000e007f",
    "emoji": "😀" * 40,
    "punctuation": "。" * 40 + "—" * 40 + "❤️" * 40,
    "private use": "\ue0b0" * 40,
}
# All that scripts are written with: the planes between are Han alone.
PLANES = [*map(chr, range(0x20000)), *map(chr, range(0xE0000, 0xF0000))]
MARKS = [char for char in PLANES if unicodedata.category(char)[0] == "M"]
TOWER = "e" + "\u0315\u0316" * 2046


@pytest.mark.parametrize("said", STACKS.values(), ids=STACKS)
def test_what_scripts_stack_is_left_as_it_is(said: str) -> None:
    assert text.clean(said * 3, LIMIT) == said * 3


def test_more_marks_on_one_letter_than_scripts_need_are_refused() -> None:
    allowed = "e" + "\u0301" * text.MARKS_IN_A_ROW
    assert text.clean(allowed, LIMIT) == allowed
    for marks in ("\u0301", "\u20dd", "\u0fb5", "\U0001d167"):
        with pytest.raises(RoomError, match="8 marks") as caught:
            text.clean(f"fine. {allowed[:-1]}{marks}{marks} fine", LIMIT)
        assert caught.value.code == "bad_text"


def test_every_mark_of_unicode_counts_and_no_other_character_does() -> None:
    tower = text._tower()
    assert all(text._MAYBE_TOWER.search(mark * 9) and tower.fullmatch(mark * 9) for mark in MARKS)
    assert not tower.search(
        "".join(char for char in PLANES if unicodedata.category(char)[0] != "M")
    )


def test_text_over_four_times_its_limit_is_refused_before_it_is_read() -> None:
    for said in (" " * 41 + "a", "\n" * 41 + "a", "\ud800" * 41):
        assert code_of(said, 10) == "too_long"


# -- folded


@pytest.mark.parametrize(
    ("written", "found_as"),
    [
        ("Good MORNING", "good morning"),
        ("ÀÉ Straße", "àé strasse"),
        ("１００ Ｇｏｏｄ", "100 good"),
        ("ｶﾞｯﾂﾎﾟｰｽﾞ", "ガッツポーズ"),
        ("e\u0301", "é"),
        ("①ﬁ", "1fi"),
        ("小明", "小明"),
    ],
)
def test_case_and_width_are_one(written: str, found_as: str) -> None:
    assert text.folded(written) == found_as


@given(ANY_TEXT)
def test_ordinary_text_is_folded_as_unicode_folds_it(said: str) -> None:
    assert text.folded(said) == unicodedata.normalize("NFKC", said).casefold()


def longest_run(said: str) -> int:
    """Of characters that normalization sorts, in the decomposed text."""
    kinds = ("m" if unicodedata.combining(char) else "." for char in said)
    return max(map(len, "".join(kinds).split(".")))


@pytest.mark.parametrize(
    "mark", ["\u0315\u0316", "\u0344", "\u0f73\u0f71", "\uff9e\u0316", "\uff9f", "\u0f81"]
)
def test_a_poisoned_message_costs_a_search_what_an_ordinary_one_does(
    mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older log contains: no long run is handed to normalization, nor anything longer."""
    handed: list[str] = []
    normalize = unicodedata.normalize

    def counting(form: Any, said: str) -> str:
        handed.append(said)
        return normalize(form, said)

    poisoned = ("e" + mark * 2046)[:2047]
    monkeypatch.setattr("tcp_room.text.unicodedata.normalize", counting)
    text.folded(poisoned)
    [said] = handed
    assert len(said) <= len(poisoned)
    assert longest_run(normalize("NFKD", said)) <= 3 * text.MARKS_IN_A_ROW


def test_words_beside_a_tower_are_found() -> None:
    assert "zebra" in text.folded(f"Zebra {TOWER}") and "zebra" in text.folded(f"{TOWER}ZEBRA")


# -- one_line


@pytest.mark.parametrize("line_break", BREAKS, ids=code_points)
def test_a_topic_s_line_breaks_become_spaces(line_break: str) -> None:
    assert text.one_line(f"\n a{line_break}{line_break} b\n", LIMIT) == "a b"


def test_a_topic_is_refused_for_what_a_message_is_refused_for() -> None:
    for said, code in (("", "empty"), ("a\x1bb", "bad_text"), ("a" * 9, "too_long")):
        with pytest.raises(RoomError) as caught:
            text.one_line(said, 8)
        assert caught.value.code == code


@given(ANY_TEXT)
def test_one_line_is_one_line(said: str) -> None:
    try:
        line = text.one_line(said, 40)
    except RoomError:
        return
    assert line.splitlines() == [line]
    assert len(line.encode()) <= 40


# -- visible


def test_plain_text_is_shown_as_the_very_same_object() -> None:
    plain = "<alice>\t小明 😀 naïve"
    assert text.visible(plain) is plain


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\rb", "a␍b"),
        ("a\nb", "a␊b"),
        ("a\0b", "a␀b"),
        ("a\x7fb", "a␡b"),
        ("a\x9b31mb", r"a\u009b31mb"),
        ("a\x85b", r"a\u0085b"),
        ("a\u2028b", r"a\u2028b"),
        ("a\u202eb", r"a\u202eb"),
        ("a\ud800b", r"a\ud800b"),
        ("a\tb", "a\tb"),
    ],
    ids=repr,
)
def test_what_a_terminal_would_obey_is_shown_instead(stored: str, shown: str) -> None:
    assert text.visible(stored) == shown


def test_no_character_of_all_unicode_is_obeyed_when_it_is_shown() -> None:
    planes = (0, 1, 14)  # the others hold Han, private use, and nothing
    codes = (code for plane in planes for code in range(plane << 16, (plane + 1) << 16))
    shown = text.visible("".join(map(chr, codes)))
    assert len(shown.splitlines()) == 1
    assert not set(shown) & {*BIDI}
    obeyed = ("Cc", "Cs", "Zl", "Zp")
    assert [char for char in shown if unicodedata.category(char) in obeyed] == ["\t"]


@given(ANY_TEXT)
def test_what_is_shown_is_harmless_to_the_byte(stored: str) -> None:
    shown = text.visible(stored)
    assert HARMLESS.fullmatch(shown.encode())
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set(BIDI)
    assert text.visible(shown) == shown


def test_whatever_python_calls_printable_needs_neither_guard() -> None:
    """Both guards pass it unread."""
    printable = "".join(char for char in map(chr, range(0x110000)) if char.isprintable())
    assert not set(printable) & {*BREAKS, *BIDI, *SEPARATORS, *CONTROLS, *NONCHARACTERS}
    assert not text._OBEYED.search(printable)


# -- narrowed


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a" + " " * 8 + "b", "a" + " " * 8 + "b"),
        ("a" + " " * 9 + "b", "a" + " " * 8 + "b"),
        ("a" + " " * 60 + "10:03 <teacher> go home", "a" + " " * 8 + "10:03 <teacher> go home"),
        ("a\tb", "a\tb"),
        ("a\t\tb", "a" + " " * 8 + "b"),
        ("a \tb", "a" + " " * 8 + "b"),
        ("a" + "\u3000" * 4 + "b", "a" + "\u3000" * 4 + "b"),
        ("a" + "\u3000" * 5 + "b", "a" + " " * 8 + "b"),
        ("a" + "\u00a0" * 30 + "b", "a" + " " * 8 + "b"),
        ("a" + "\u2800" * 30 + "b", "a" + " " * 8 + "b"),
        ("a" + "\u3164" * 30 + "b", "a" + " " * 8 + "b"),
        ("a" + " \u200b" * 30 + "b", "a" + " " * 8 + "b"),
        ("a" + " \ufe0f" * 30 + "b", "a" + " " * 8 + "b"),
        ("❤️ ❤️ 👨‍👩‍👧", "❤️ ❤️ 👨‍👩‍👧"),
        (" " * 30, " " * 8),
    ],
    ids=repr,
)
def test_a_run_of_blanks_is_eight_columns_wide_at_most(line: str, shown: str) -> None:
    assert text.narrowed(line) == shown
    assert not text.is_plain(line) or shown == line


def test_every_printable_character_that_shows_nothing_needs_the_guard() -> None:
    printable = "".join(char for char in map(chr, range(0x110000)) if char.isprintable())
    unseen = text._INVISIBLE.pattern.removesuffix("*")
    assert set(re.findall(unseen, printable)) - {" "} == set(text._UNSEEN.findall(printable))


@given(st.text(st.sampled_from(" \t\u3000\u00a0\u2800\u3164\u200b\u115f\ufe0fa小é")))
def test_plain_text_needs_neither_guard(said: str) -> None:
    if text.is_plain(said):
        assert text.narrowed(text.visible(said)) == said
