"""How fast, and how many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.errors import RoomError
from tcp_room.limits import Bucket, Turnstile

SECONDS = st.floats(0, 100, allow_nan=False)


def refused(turnstile: Turnstile, address: str) -> str:
    with pytest.raises(RoomError) as caught:
        turnstile.enter(address)
    return caught.value.code


def inside(per_address: int, total: int, *addresses: str) -> Turnstile:
    turnstile = Turnstile(per_address, total)
    for address in addresses:
        turnstile.enter(address)
    return turnstile


# -- pace


@pytest.mark.parametrize("now", [0.0, 1000.0])
def test_a_burst_passes_at_once_and_then_each_gets_its_time(now: float) -> None:
    bucket = Bucket(rate=2, burst=3)
    assert [bucket.delay(now) for _ in range(6)] == [0, 0, 0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize("start", [0.0, 1000.0])
def test_tokens_come_back_at_the_rate_and_no_more_than_a_burst(start: float) -> None:
    bucket = Bucket(rate=2, burst=3)
    for _ in range(3):
        bucket.delay(start)
    assert [bucket.delay(start + 1) for _ in range(3)] == [0, 0, 0.5]
    assert [bucket.delay(start + 100) for _ in range(4)] == [0, 0, 0, 0.5]


def test_who_waits_as_told_goes_at_the_rate_for_ever() -> None:
    bucket, now, sent = Bucket(rate=5, burst=10), 50.0, 0
    while now < 60:
        now += bucket.delay(now)
        sent += 1
    assert sent == pytest.approx(10 + 5 * 10, abs=1)


def test_a_debt_is_paid_before_anything_else() -> None:
    bucket = Bucket(rate=1, burst=1)
    assert [bucket.delay(0.0) for _ in range(4)] == [0, 1, 2, 3]
    assert bucket.delay(2.0) == 2.0


def test_no_rate_is_no_limit() -> None:
    bucket = Bucket(rate=0, burst=0)
    assert {bucket.delay(0.0) for _ in range(1000)} == {0.0}


def test_without_a_burst_even_the_first_one_waits() -> None:
    assert Bucket(rate=4, burst=0).delay(7.0) == 0.25


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    bucket = Bucket(rate=1, burst=1)
    assert [bucket.delay(now) for now in (10.0, 5.0, 10.0)] == [0, 1, 2]


def test_what_is_taken_at_once_is_what_would_have_passed_one_by_one() -> None:
    bucket = Bucket(rate=2, burst=3)
    assert bucket.take(5, 1000.0) == 3
    assert bucket.take(5, 1000.0) == 0
    assert bucket.delay(1000.0) == 0.5
    assert bucket.take(5, 1001.5) == 2


def test_what_was_taken_and_is_not_used_can_be_given_back() -> None:
    bucket = Bucket(rate=2, burst=3)
    bucket.give_back(bucket.take(3, 0.0))
    assert bucket.take(9, 0.0) == 3


def test_a_wait_of_less_than_a_millisecond_is_none() -> None:
    assert Bucket(rate=100_000, burst=10).take(1000, 0.0) == 110


def test_without_a_rate_all_are_taken() -> None:
    assert Bucket(rate=0, burst=0).take(1000, 0.0) == 1000


@given(st.floats(0.1, 50), st.integers(1, 20), st.lists(SECONDS, max_size=30))
def test_nobody_is_faster_than_the_rate_and_a_burst(
    rate: float, burst: int, pauses: list[float]
) -> None:
    """Whoever holds each line back as long as it is told."""
    bucket, now, heard = Bucket(rate, burst), 0.0, []
    for pause in pauses:
        now += pause
        delay = bucket.delay(now)
        assert delay >= 0.0
        now += delay
        heard.append(now)
    for first in range(len(heard)):
        for last in range(first, len(heard)):
            allowed = burst + rate * (heard[last] - heard[first])
            assert last - first + 1 <= allowed + 1e-6


# -- how many


def test_an_address_has_so_many_connections_and_no_more() -> None:
    turnstile = inside(2, 0, "10.0.0.1", "10.0.0.1")
    assert refused(turnstile, "10.0.0.1") == "too_many_connections"
    turnstile.enter("10.0.0.2")
    turnstile.leave("10.0.0.1")
    turnstile.enter("10.0.0.1")
    assert len(turnstile) == 3


def test_the_house_has_so_many_connections_and_no_more() -> None:
    turnstile = inside(0, 2, "10.0.0.1", "10.0.0.2")
    assert refused(turnstile, "10.0.0.3") == "server_full"
    turnstile.leave("10.0.0.1")
    turnstile.enter("10.0.0.3")
    assert len(turnstile) == 2


def test_a_full_house_is_named_before_the_address() -> None:
    assert refused(inside(1, 1, "10.0.0.1"), "10.0.0.1") == "server_full"


def test_who_was_refused_is_not_counted() -> None:
    turnstile = inside(1, 0, "10.0.0.1")
    for _ in range(3):
        assert refused(turnstile, "10.0.0.1") == "too_many_connections"
    assert len(turnstile) == 1
    turnstile.leave("10.0.0.1")
    turnstile.enter("10.0.0.1")


def test_no_limit_is_no_limit() -> None:
    assert len(inside(0, 0, *["10.0.0.1"] * 1000)) == 1000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("2001:db8:1:2::1", "2001:0DB8:1:2:0:0:0:1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("::1", "127.0.0.1"),
        ("127.0.0.1", "127.3.4.5"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("", ""),
        ("a.sock", "a.sock"),
    ],
)
def test_these_count_as_one_address(one: str, other: str) -> None:
    turnstile = inside(1, 0, one)
    assert refused(turnstile, other) == "too_many_connections"
    turnstile.leave(other)
    assert len(turnstile) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("10.0.0.1", "10.0.0.2"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2"),
        ("", "127.0.0.1"),
    ],
)
def test_these_count_as_two(one: str, other: str) -> None:
    assert len(inside(1, 0, one, other)) == 2


def test_who_never_came_cannot_leave() -> None:
    turnstile = inside(1, 1, "10.0.0.1")
    with pytest.raises(AssertionError, match=r"10\.0\.0\.2"):
        turnstile.leave("10.0.0.2")
    turnstile.leave("10.0.0.1")
    with pytest.raises(AssertionError, match=r"10\.0\.0\.1"):
        turnstile.leave("10.0.0.1")
    assert len(turnstile) == 0


def test_an_empty_turnstile_is_still_a_turnstile() -> None:
    """Else two doors that share one would each make their own: `turnstile or Turnstile(...)`."""
    assert Turnstile(1, 1)


@given(st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2"])))
def test_nobody_is_forgotten_and_nobody_is_kept(addresses: list[str]) -> None:
    turnstile = inside(0, 0, *addresses)
    assert len(turnstile) == len(addresses)
    for address in addresses:
        turnstile.leave(address)
    assert len(turnstile) == 0
    assert not turnstile._inside  # who has left costs no memory
