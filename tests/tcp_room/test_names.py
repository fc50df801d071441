"""Who may be called what, and which names are one and the same to people's eyes."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcp_room import names
from tcp_room.errors import RoomError

# What is likely to be a name, and what is likely to break one.
RAW = st.lists(
    st.one_of(
        st.sampled_from([*"aAlI10Oomrn -_.#/@小明ßİſﬁ①Ａé", "e\u0301", "\u200b", "\u202e", "\x1b"]),
        st.characters(),
    ),
    max_size=12,
).map("".join)

ORDINARY = """
    Alice Bob Carol Dave Eve Ian Ivan Iris Lily Lisa Lina Nina Mia Emma Anna Hanna Olivia Liam Noah
    Will Bill Jill Tom Tim Jim Kim Karl Carl Omar Otto Max Marie Mary Mark Marc Li Lin Ling Liu Long
    Lu Luo Ma Mei Meng Min Ming Na Nan Ning Pan Wei Xin Yan Yang Ying
    小明 小红 小华 小刚 小丽 小李 小王 小张 王伟 王芳 李娜 李强 张敏 张伟 刘洋 陈静 晓明 晓红
"""


def refusal(rule: Callable[[str], str], raw: str) -> str:
    """The code and the sentence by which it is refused."""
    with pytest.raises(RoomError) as caught:
        rule(raw)
    return f"{caught.value.code}: {caught.value.text}"


def are_one(one: str, other: str) -> bool:
    """Whether the second is turned away while the first is here (see `Hall`)."""
    one, other = names.nick(one), names.nick(other)
    same_key = names.key(one) == names.key(other)
    return same_key or names.skeleton(one) == names.skeleton(other)


# -- nick


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("alice", "alice"),
        ("Alice", "Alice"),
        ("  alice ", "alice"),
        ("Alice  B.", "Alice B."),
        ("Ａｌｉｃｅ", "Alice"),
        ("Jose\u0301", "José"),
        ("小明", "小明"),
        ("3班小明", "3班小明"),
        ("李Lee", "李Lee"),
        ("ゆきカナ漢字Yuki", "ゆきカナ漢字Yuki"),
        ("김철수Kim金", "김철수Kim金"),
        ("ㄅ小明", "ㄅ小明"),
        ("Nguyễn Văn Đức", "Nguyễn Văn Đức"),
        ("Иван", "Иван"),
        ("Мария", "Мария"),
        ("Ιησούς", "Ιησούς"),
        ("علی", "علی"),
        ("שָׁלוֹם", "שָׁלוֹם"),
        ("हिन्दी", "हिन्दी"),
        ("สมชาย", "สมชาย"),
        ("😀", "😀"),
        ("bob 🎸", "bob 🎸"),
        ("李 雷", "李 雷"),
        ("guest-1", "guest-1"),
        ("007", "007"),
        ("-x", "-x"),
        ("o'neil", "o'neil"),
        ("a" * names.NICK_CHARS, "a" * names.NICK_CHARS),
        ("각" * names.NICK_CHARS, "각" * names.NICK_CHARS),
    ],
)
def test_a_name_of_any_script_is_shown_as_it_is_written(raw: str, shown: str) -> None:
    assert names.nick(raw) == unicodedata.normalize("NFC", shown)
    assert names.nick(unicodedata.normalize("NFD", raw)) == unicodedata.normalize("NFC", shown)


@pytest.mark.parametrize("sign", "<>*!|＜＞＊！｜")
def test_what_the_head_of_a_line_is_made_of_is_in_no_name(sign: str) -> None:
    for raw in (f"{sign}bob", f"bo{sign}b", f"bob{sign}"):
        assert refusal(names.nick, raw).startswith("bad_nick: ")


@pytest.mark.parametrize("sign", "#/@:＃／＠：")
def test_a_name_does_not_begin_like_a_command_or_a_room(sign: str) -> None:
    assert "begin" in refusal(names.nick, f"{sign}bob")
    assert "begin" in refusal(names.nick, f" {sign}bob")
    assert names.nick(f"bo{sign}b")


@pytest.mark.parametrize(
    "hidden",
    [
        *"\0\t\n\r\x1b\x7f\x85\x9b",
        *"\u00ad\u034f\u061c\u115f\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029",
        *"\u202a\u202d\u202e\u2060\u2066\u2069\u2800\u3164\ufe0f\ufeff\uffa0\ufff9\ufffc",
        *"\ud800\ue000\uffff\U0001d159\U0001d173\U000e0041\U000e0100",
    ],
    ids=lambda char: f"U+{ord(char):04X}",
)
def test_what_nobody_can_see_is_in_no_name(hidden: str) -> None:
    for raw in (f"{hidden}bob", f"bo{hidden}b", f"bob{hidden}", hidden):
        assert refusal(names.nick, raw).startswith("bad_nick: ")


@pytest.mark.parametrize("raw", ["", " ", "\u3000", "\u00a0 "])
def test_an_empty_name_is_none(raw: str) -> None:
    assert "empty" in refusal(names.nick, raw)


@pytest.mark.parametrize("raw", ["-", "...", "_ _", "？", "\u0301", "+"])
def test_a_name_needs_something_to_be_called_by(raw: str) -> None:
    assert refusal(names.nick, raw).startswith("bad_nick: ")


@pytest.mark.parametrize(
    "raw",
    [
        "pаypal",  # Cyrillic а
        "Bоb",  # Cyrillic о
        "αlice",
        "Ꭺlice",  # Cherokee
        "ꓮlice",  # Lisu
        "小明и",
        "かなИ",
        "かな김",
        "ㄅかな",
        "ali علي",
        "Иvan",
        "Ιван",  # Greek and Cyrillic
    ],
)
def test_scripts_that_are_not_written_together_are_not_in_a_name_together(raw: str) -> None:
    assert "scripts" in refusal(names.nick, raw)


def test_a_tower_of_marks_does_not_hide_other_lines() -> None:
    assert names.nick("q" + "\u0301" * 3)
    assert "marks" in refusal(names.nick, "q" + "\u0301" * 4)
    assert "marks" in refusal(names.nick, "ế" + "\u0316" * 2)  # which has two already
    assert "marks" in refusal(names.nick, "q" + "\u20dd" * 4)


@pytest.mark.parametrize("raw", ["a" * 33, "小" * 33, "ﬁ" * 17, "a" * 100_000])
def test_a_name_has_at_most_32_characters(raw: str) -> None:
    assert "at most 32" in refusal(names.nick, raw)


def test_the_sentence_shows_the_name_without_obeying_it() -> None:
    sentence = refusal(names.nick, "\x1b[2J\u202e" + "x" * 1000)
    assert sentence.isprintable()
    assert len(sentence) < 150


@settings(deadline=None)
@given(RAW)
def test_a_name_that_is_taken_once_is_taken_again_as_it_is_shown(raw: str) -> None:
    """And is never more than what it promises."""
    try:
        shown = names.nick(raw)
    except RoomError as error:
        assert error.code == "bad_nick"
        assert error.text.isprintable()
        return
    assert names.nick(shown) == shown
    assert 1 <= len(shown) <= names.NICK_CHARS
    assert not set(shown) & set("<>*!|")
    assert shown.isprintable()
    assert shown == shown.strip()
    assert names.key(shown)
    assert names.skeleton(shown)


# -- key and skeleton


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "Alice"),
        ("alice", "ALICE"),
        ("alice", "Ａｌｉｃｅ"),
        ("alice", " alice "),
        ("alice b", "alice  b"),
        ("alice b", "alice\u00a0b"),
        ("José", "JOSE\u0301"),
        ("fin", "ﬁn"),
        ("Иван", "иван"),
    ],
)
def test_a_name_in_other_letters_is_found_by_the_same_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other) != ""
    assert are_one(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "paypaI"),
        ("paypal", "PaypaI"),
        ("paypal", "paypa1"),
        ("paypal", "раура1"),  # all Cyrillic, but for the digit
        ("alice", "AIice"),
        ("Alice", "A1ice"),
        ("BOB", "B0B"),
        ("BOB", "ВОВ"),  # all Cyrillic
        ("ace", "асе"),  # all Cyrillic
        ("Ace", "асе"),
        ("TOM", "ТОМ"),
        ("Bob0", "BobO"),
        ("modern", "modem"),
        ("Burns", "Bums"),
        ("guest-1", "guest-l"),
        ("guest-10", "guest-1O"),
        ("AL", "ꓮꓡ"),  # Lisu
        ("o", "ο"),  # Greek omicron
        ("口", "囗"),
        ("一", "ー"),
        ("一", "⼀"),
        ("l2月", "12月"),
        ("Søren", "So\u0338ren"),
        ("మ", "వు"),
        ("柿", "杮"),
        ("علي۴", "علي٤"),
    ],
)
def test_nobody_has_a_name_that_looks_like_another_s(one: str, other: str) -> None:
    assert are_one(one, other)
    assert are_one(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("小明", "小朋"),
        ("大", "太"),
        ("김", "검"),
        ("Ian", "Jan"),
        ("末", "未"),
        ("alice", "alicia"),
        ("alice b", "aliceb"),
        ("a-b", "a_b"),
        ("Jose", "José"),
        ("anna", "ana"),
        ("bob1", "bob2"),
        ("一", "二"),
        ("ゆき", "ユキ"),
    ],
)
def test_names_that_people_tell_apart_are_two(one: str, other: str) -> None:
    assert not are_one(one, other)


def test_ordinary_names_do_not_stand_in_each_other_s_way() -> None:
    assert [pair for pair in combinations(ORDINARY.split(), 2) if are_one(*pair)] == []


def test_guests_are_all_different() -> None:
    guests = [f"guest-{number}" for number in range(1, 1000)]
    assert len({names.key(guest) for guest in guests}) == len(guests)
    assert len({names.skeleton(guest) for guest in guests}) == len(guests)


@settings(deadline=None)
@given(RAW)
@example("İ")
@example("ΑΣ")
def test_a_key_is_found_by_itself(raw: str) -> None:
    key = names.key(raw)
    assert names.key(key) == key


@settings(deadline=None)
@given(RAW)
def test_what_is_typed_finds_whom_it_is_shown_as(raw: str) -> None:
    try:
        shown = names.nick(raw)
    except RoomError:
        return
    assert names.key(raw) == names.key(shown)


@pytest.mark.parametrize("raw", ["", " ", "\x1b", "\u200b", "\ud800", "a" * 1000])
def test_what_can_be_no_name_has_the_key_of_nobody(raw: str) -> None:
    assert names.key(raw) == ""


def test_a_long_line_is_not_weighed_word_by_word() -> None:
    """`/msg` tries every beginning of its line: those that are too long must cost nothing."""
    words = ["word"] * 1000
    start = time.process_time()
    for count in range(len(words)):
        names.key(" ".join(words[:count]))
    assert time.process_time() - start < 0.25


# -- room


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("lobby", "lobby"),
        ("#lobby", "lobby"),
        (" #Lobby ", "lobby"),
        ("LOBBY", "lobby"),
        ("3班", "3班"),
        ("Straße", "strasse"),
        ("Cafe\u0301", "café"),
        ("v1.2_beta-3", "v1.2_beta-3"),
        ("हिन्दी", "हिन्दी"),
        ("தமிழ்", "தமிழ்"),
        ("مرحبا", "مرحبا"),
        ("ไทย", "ไทย"),
        ("-", "-"),
        ("_", "_"),
        ("r" * names.ROOM_CHARS, "r" * names.ROOM_CHARS),
    ],
)
def test_a_room_s_name_is_the_same_however_it_is_written(raw: str, name: str) -> None:
    assert names.room(raw) == name


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "#",
        "##lobby",
        ".",
        "..",
        ".hidden",
        "a b",
        "a/b",
        "../etc",
        "a\\b",
        "a:b",
        "a%2f",
        "a?b",
        "<b>",
        "a\0b",
        "a\nb",
        "a\u200bb",
        "a\u034fb",
        "a\ufe0f",
        "a\u202eb",
        "\u0301a",
        "😀",
        "ｌｏｂｂｙ",
        "①",
        "a\ud800",
        "a" + "\u0316" * 4,
        "r" * 33,
        "ß" * 17,
        "r" * 100_000,
    ],
    ids=lambda raw: ascii(raw)[:20],
)
def test_what_is_no_room_s_name_is_refused_with_the_rule(raw: str) -> None:
    assert "1 to 32 letters, digits" in refusal(names.room, raw)
    assert refusal(names.room, raw).startswith("bad_room: ")


@settings(deadline=None)
@given(RAW)
def test_a_room_is_found_by_its_own_name(raw: str) -> None:
    try:
        name = names.room(raw)
    except RoomError as error:
        assert error.code == "bad_room"
        return
    assert names.room(name) == names.room(f"#{name}") == name
    assert 1 <= len(name) <= names.ROOM_CHARS
    assert name == name.casefold() == unicodedata.normalize("NFC", name)
    assert name.isprintable()
    assert not set(name) & set(" /\\:?%#")
