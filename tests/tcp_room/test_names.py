from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import names
from tcp_room.errors import RoomError


def is_refused(raw: str) -> bool:
    try:
        names.nick(raw)
    except RoomError as error:
        assert error.code == "bad_nick"
        return True
    return False


@pytest.mark.parametrize(
    "nick",
    [
        "小明",
        "alice",
        "Zoë",
        "李 雷",
        "김철수",
        "さくらサクラ桜",
        "Мария",
        "محمد",
        "bob 🎸",
        "guest-7",
        "Ελένη",
        "x2",
        "李Lei",
    ],
)
def test_names_of_all_languages_are_fine(nick: str) -> None:
    assert names.nick(nick) == nick


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("Ａｌｉｃｅ", "Alice"), ("  alice  ", "alice"), ("a   b", "a b"), ("e\u0301", "é")],
)
def test_a_name_is_shown_in_its_simplest_form(raw: str, shown: str) -> None:
    assert names.nick(raw) == shown


@pytest.mark.parametrize("char", "<>*!|")
def test_a_name_cannot_hold_what_line_heads_are_made_of(char: str) -> None:
    assert is_refused(f"a{char}b")


@pytest.mark.parametrize("char", "/#@:")
def test_a_name_cannot_begin_like_a_command_or_a_room(char: str) -> None:
    assert is_refused(f"{char}alice")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "\u3000",
        "a\nb",
        "a\0b",
        "\x1b[31m",
        "a\u200bb",
        "\u202eabc",
        "a\u2066b",
        "...",
        "-",
        "\u0301",
        "a" * 33,
        "Z" + "\u0301\u0302\u0303\u0304\u0305",
        "a\u2028b",
        "\ue000",
    ],
)
def test_what_cannot_be_told_or_seen_is_no_name(raw: str) -> None:
    assert is_refused(raw)


@pytest.mark.parametrize("raw", ["\u0410lice", "p\u0430ypal", "\u03b1lpha x", "Bоb"])
def test_scripts_that_look_alike_do_not_mix(raw: str) -> None:
    assert is_refused(raw)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Alice", "alice"), ("ALICE", "ａｌｉｃｅ"), ("é", "e\u0301")],
)
def test_the_same_name_in_other_letters_has_the_same_key(one: str, other: str) -> None:
    assert names.key(names.nick(one)) == names.key(names.nick(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("AIice", "Alice"),
        ("A1ice", "Alice"),
        ("B0B", "BOB"),
        ("modern", "modem"),
        ("口", "囗"),
        ("ВОВ", "BOB"),
    ],
)
def test_names_that_look_the_same_have_the_same_skeleton(one: str, other: str) -> None:
    assert names.skeleton(names.nick(one)) == names.skeleton(names.nick(other))


def test_ordinary_names_are_told_apart() -> None:
    nicks = ["小明", "小朋", "Ian", "Jan", "alice", "alina", "bob", "rob", "guest", "김", "검"]
    nicks += [f"guest-{number}" for number in range(1, 1000)]
    assert len({names.key(nick) for nick in nicks}) == len(nicks)
    assert len({names.skeleton(nick) for nick in nicks}) == len(nicks)


@given(st.text(max_size=40))
def test_a_name_is_a_name_again_and_safe_at_a_lines_head(raw: str) -> None:
    if is_refused(raw):
        assert names.key(raw) is not None
        return
    shown = names.nick(raw)
    assert names.nick(shown) == shown
    assert len(shown) <= names.NICK_CHARS
    assert len(shown.splitlines()) == 1
    assert not set(shown) & set("<>*!|\r\n\t\x1b")
    assert names.key(names.key(shown)) == names.key(shown)


@pytest.mark.parametrize(
    ("raw", "room"),
    [("lobby", "lobby"), ("#Lobby", "lobby"), (" 3班 ", "3班"), ("a.b-c_d", "a.b-c_d")],
)
def test_rooms_are_written_in_one_way(raw: str, room: str) -> None:
    assert names.room(raw) == room


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "#",
        ".",
        "..",
        ".hidden",
        "a b",
        "a/b",
        "x" * 33,
        "a\nb",
        "<b>",
        "##a",
        "a\u0301\u0302\u0303\u0304\u0305",
    ],
)
def test_what_cannot_stand_in_an_address_is_no_room(raw: str) -> None:
    with pytest.raises(RoomError) as caught:
        names.room(raw)
    assert caught.value.code == "bad_room"
