from __future__ import annotations

import pytest

from tcp_room.retention import Aging, Retention, parse


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


# -- trimming by age


DAY = 86_400_000
HOUR = 3_600_000
AGE = 90 * DAY
NOW = 1_795_435_200_000
LAST = Aging(NOW - AGE, NOW, uptime=HOUR, boot="b")


def test_what_has_aged_since_the_last_time_is_to_be_deleted() -> None:
    assert LAST.after(NOW + HOUR, 2 * HOUR, "b", AGE) == Aging(
        NOW + HOUR - AGE, NOW + HOUR, 2 * HOUR, "b"
    )


def test_a_clock_that_steps_forward_ages_nothing() -> None:
    stepped = LAST.after(NOW + 365 * DAY, 2 * HOUR, "b", AGE)
    assert stepped.cutoff == NOW + HOUR - AGE
    assert stepped.until == NOW
    again = stepped.after(NOW + 366 * DAY, 3 * HOUR, "b", AGE)
    assert again.cutoff == NOW + 2 * HOUR - AGE


def test_a_clock_that_is_right_again_is_followed() -> None:
    stepped = LAST.after(NOW + 365 * DAY, 2 * HOUR, "b", AGE)
    right = stepped.after(NOW + 2 * HOUR, 3 * HOUR, "b", AGE)
    assert (right.cutoff, right.until) == (NOW + 2 * HOUR - AGE, 0)


def test_a_clock_that_had_been_wrong_is_followed_when_all_from_before_has_aged() -> None:
    stepped = LAST.after(NOW + 365 * DAY, 2 * HOUR, "b", AGE)
    later = stepped.after(NOW + 365 * DAY + AGE, 2 * HOUR + AGE, "b", AGE)
    assert (later.cutoff, later.until) == (NOW + 365 * DAY, 0)


def test_a_clock_that_steps_back_brings_nothing_forward() -> None:
    back = LAST.after(NOW - 365 * DAY, 2 * HOUR, "b", AGE)
    assert (back.cutoff, back.until) == (NOW - 365 * DAY - AGE, 0)
    again = back.after(NOW + 2 * HOUR, 3 * HOUR, "b", AGE)
    assert again.cutoff == NOW - 365 * DAY - AGE + HOUR


def test_while_the_machine_is_off_its_clock_is_believed() -> None:
    assert LAST.after(NOW + 60 * DAY, HOUR, "another", AGE).cutoff == NOW + 60 * DAY - AGE
