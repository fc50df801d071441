"""The server's sentences in other languages."""

from __future__ import annotations

import pytest

from tcp_room.languages import phrase, spoken, translated


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "en_US"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ({}, "en"),
    ],
)
def test_a_locale_says_what_a_person_speaks(variables: dict[str, str], language: str) -> None:
    assert spoken(variables) == language


@pytest.mark.parametrize(
    ("sentence", "chinese"),
    [
        ("no times", "不显示时间"),
        ("nobody here is called 小{nick}", "这里没有人叫 小{nick}"),
        (
            "that holds a control character, U+001B (an escape or arrow key?), so it was not sent",
            "里面有控制字符 U+001B（按了 Esc 或方向键？），没有发出",
        ),
        (
            "'a<b' cannot be a name: none of < > * ! | can be in a name",
            "'a<b' 不能用作名字：名字里不能有 < > * ! |",
        ),
        ("nobody made this sentence", "nobody made this sentence"),
    ],
)
def test_a_whole_sentence_is_translated_with_its_parts(sentence: str, chinese: str) -> None:
    assert translated("zh", sentence) == chinese
    assert translated("en", sentence) == sentence


def test_a_part_is_not_read_as_a_template() -> None:
    told = phrase("zh", "{nick} set the topic: {topic}", nick="{topic}", topic="{nick}")
    assert told == "{topic} 把话题改为：{nick}"
    assert phrase("en", "Topic: {topic}", topic="{x}") == "Topic: {x}"


def test_a_sentence_that_is_too_long_to_be_ours_is_not_looked_for() -> None:
    """Its patterns would take minutes."""
    sentence = "and 1 others" * 100_000
    assert translated("zh", sentence) == sentence
