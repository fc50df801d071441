from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.errors import RoomError
from tcp_room.limits import Bucket, Turnstile


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    bucket = Bucket(rate=5, burst=3)
    assert [bucket.delay(100.0) for _ in range(5)] == [
        0,
        0,
        0,
        pytest.approx(0.2),
        pytest.approx(0.4),
    ]


def test_time_gives_tokens_back_up_to_the_burst() -> None:
    bucket = Bucket(rate=5, burst=3)
    for _ in range(3):
        bucket.delay(100.0)
    assert bucket.delay(100.2) == pytest.approx(0)
    assert [bucket.delay(500.0) for _ in range(4)][:3] == [0, 0, 0]


def test_no_rate_is_no_limit() -> None:
    bucket = Bucket(rate=0, burst=1)
    assert {bucket.delay(1.0) for _ in range(1000)} == {0.0}


@given(st.lists(st.floats(0, 10), min_size=1, max_size=100))
def test_no_more_than_the_rate_and_the_burst_pass(waits: list[float]) -> None:
    bucket = Bucket(rate=2, burst=4)
    now = passed = 0.0
    start = 1.0
    for wait in waits:
        now += wait
        now += bucket.delay(start + now)  # the caller holds it back that long
        passed += 1
        assert passed <= 4 + 2 * now + 1e-6


def test_each_address_has_its_share() -> None:
    turnstile = Turnstile(per_address=2, total=0)
    turnstile.enter("192.0.2.1")
    turnstile.enter("192.0.2.1")
    with pytest.raises(RoomError) as caught:
        turnstile.enter("192.0.2.1")
    assert caught.value.code == "too_many_connections"
    turnstile.enter("192.0.2.2")
    turnstile.leave("192.0.2.1")
    turnstile.enter("192.0.2.1")
    assert len(turnstile) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_addresses_of_one_network_count_together(one: str, other: str) -> None:
    turnstile = Turnstile(per_address=1, total=0)
    turnstile.enter(one)
    with pytest.raises(RoomError):
        turnstile.enter(other)


def test_the_house_can_be_full() -> None:
    turnstile = Turnstile(per_address=0, total=1)
    turnstile.enter("192.0.2.1")
    with pytest.raises(RoomError) as caught:
        turnstile.enter("192.0.2.2")
    assert caught.value.code == "server_full"


def test_who_did_not_enter_cannot_leave() -> None:
    with pytest.raises(AssertionError):
        Turnstile(1, 1).leave("192.0.2.1")
