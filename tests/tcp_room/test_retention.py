from __future__ import annotations

import pytest

from tcp_room.retention import Retention, parse


@pytest.mark.parametrize(
    ("text", "retention"),
    [
        ("", Retention()),
        ("100000", Retention(events=100_000)),
        ("500 events", None),
        ("90d", Retention(age_s=90 * 86_400)),
        ("12h, 2GB", Retention(age_s=12 * 3600, size_bytes=2 * 1000**3)),
        ("1000 1w 500mb", Retention(events=1000, age_s=604_800, size_bytes=500 * 1000**2)),
    ],
)
def test_a_count_an_age_and_a_size_can_be_told_apart(
    text: str, retention: Retention | None
) -> None:
    if retention is None:
        with pytest.raises(ValueError, match="no count"):
            parse(text)
    else:
        assert parse(text) == retention


@pytest.mark.parametrize("text", ["forever", "-1", "3 fortnights", "1.5GB", "90 d"])
def test_what_is_none_of_them_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="90d"):
        parse(text)


def test_nothing_to_bound_is_false() -> None:
    assert not parse("")
    assert parse("1d")
