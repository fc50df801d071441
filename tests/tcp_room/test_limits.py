"""How fast, and how many."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.limits import AddressPace, Bucket, Turnstile, Usage
from tests.fakes import FakeLoop

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


def test_it_can_be_asked_when_tokens_will_be_there_and_takes_none() -> None:
    bucket = Bucket(rate=2, burst=3)
    assert bucket.until(3, 0.0) == 0.0
    assert bucket.until(4, 0.0) == 0.5
    bucket.take(3, 0.0)
    assert [bucket.until(2, now) for now in (0.0, 0.0, 0.5, 1.0)] == [1.0, 1.0, 0.5, 0.0]


# -- the pace of an address


class Lines:
    """Lines that come from addresses, and when each passed."""

    def __init__(self, rate: float, *, burst_s: float = 1.0, reserve: float = 0.5) -> None:
        self.loop = FakeLoop()
        self.pace = AddressPace(self.loop, rate, burst_s, reserve)
        self.passed: list[tuple[str, float]] = []

    def come(
        self,
        name: str,
        address: str = "10.0.0.1",
        *,
        is_modest: bool = False,
        load: float = 0.0,
    ) -> None:
        def go() -> None:
            self.passed.append((name, self.loop.now - 1000.0))

        if self.pace.ask(address, go, load=load, is_modest=is_modest):
            go()

    def names(self) -> str:
        return "".join(name for name, _ in self.passed)


def test_modest_lines_pass_as_long_as_there_is_a_token_and_others_leave_the_reserve() -> None:
    lines = Lines(rate=4)
    for name in "abcd":
        lines.come(name)
    assert lines.names() == "ab"
    for name in "ABC":
        lines.come(name, is_modest=True)
    assert lines.names() == "abAB"


def test_what_cannot_pass_waits_in_its_order_and_modest_lines_first() -> None:
    lines = Lines(rate=4)
    for name in "abcd":
        lines.come(name)
    for name in "ABCD":
        lines.come(name, is_modest=True)
    lines.loop.advance(0.51)
    assert lines.names() == "abABCD"
    lines.loop.advance(10)
    assert lines.names() == "abABCDcd"
    assert lines.passed[-1][1] == pytest.approx(1.5, abs=0.01)


def test_nobody_passes_those_who_wait() -> None:
    lines = Lines(rate=4)
    for name in "abc":
        lines.come(name)
    lines.loop.advance(0.2495)  # so near that it would pass, if nobody waited
    lines.come("d")
    assert lines.names() == "ab"
    lines.loop.advance(10)
    assert lines.names() == "abcd"


def test_of_those_who_wait_the_one_with_the_least_load_is_first() -> None:
    lines = Lines(rate=4)
    for name, load in (("a", 0.0), ("b", 0.0), ("c", 3.0), ("d", 1.0), ("e", 2.0), ("f", 1.0)):
        lines.come(name, load=load)
    lines.loop.advance(10)
    assert lines.names() == "abdfec"


def test_one_who_becomes_modest_does_not_wait_as_long_as_the_others() -> None:
    lines = Lines(rate=10, burst_s=2.0)
    for name in "abcdefghij":
        lines.come(name)
    for _ in range(10):
        lines.come("A", is_modest=True)
    lines.come("k")  # for a second, at least
    lines.come("B", is_modest=True)
    lines.loop.advance(0.11)
    assert lines.names() == "abcdefghijAAAAAAAAAAB"


def test_what_is_charged_later_is_not_taken_out_of_the_reserve() -> None:
    lines = Lines(rate=4)
    lines.pace.charge("10.0.0.1", 6)
    for name in "ABx":
        lines.come(name, is_modest=name != "x")
    assert lines.names() == "AB"
    assert lines.pace.wait("10.0.0.1") == 2.0
    lines.loop.advance(1.7)
    assert lines.names() == "AB"
    lines.loop.advance(0.1)
    assert lines.names() == "ABx"


def test_an_address_that_owes_is_remembered_until_it_has_paid() -> None:
    lines = Lines(rate=2)
    lines.pace.charge("10.0.0.1", 10)
    lines.loop.advance(4.9)
    lines.come("a", address="10.0.0.2")
    assert len(lines.pace) == 2
    lines.loop.advance(0.2)
    lines.come("a", address="10.0.0.3")
    assert len(lines.pace) == 2


def test_addresses_do_not_share() -> None:
    lines = Lines(rate=2)
    for name in "abcdef":
        lines.come(name, address=f"10.0.0.{name}")
    assert lines.names() == "abcdef"


def test_addresses_that_are_full_again_are_forgotten() -> None:
    lines = Lines(rate=2)
    for number in range(50):
        lines.come("x", address=f"10.0.0.{number}")
    lines.loop.advance(10)
    lines.come("x", address="10.0.1.1")
    assert len(lines.pace) == 1


def test_an_address_whose_lines_wait_is_not_forgotten() -> None:
    lines = Lines(rate=1)
    for name in "abc":
        lines.come(name)
    lines.come("z", address="10.0.0.2")
    lines.loop.advance(60)
    assert sorted(lines.names()) == ["a", "b", "c", "z"]


def test_without_a_rate_nothing_waits_and_nothing_is_remembered() -> None:
    lines = Lines(rate=0)
    for _ in range(100):
        lines.come("x")
    assert len(lines.names()) == 100
    assert lines.pace.wait("10.0.0.1") == 0.0
    assert len(lines.pace) == 0


def test_what_cannot_be_held_back_is_told_when_to_come_again() -> None:
    pace = Lines(rate=4).pace
    assert [pace.wait("10.0.0.1") for _ in range(4)] == [0.0, 0.0, 0.25, 0.25]


def test_it_comes_after_those_who_wait() -> None:
    lines = Lines(rate=4)
    for name in "abcde":
        lines.come(name)
    assert lines.pace.wait("10.0.0.1") == 1.0
    assert lines.pace.wait("10.0.0.2") == 0.0


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.sampled_from([0.0, 0.1, 1.0])))
)
def test_no_line_is_lost_none_is_early_and_a_client_keeps_its_order(
    steps: list[tuple[str, bool, float]],
) -> None:
    """Each of four clients has one line on its way at a time, as sessions do."""
    lines = Lines(rate=3)
    waiting: set[str] = set()
    for name, is_modest, pause in steps:
        waiting -= {passed for passed, _ in lines.passed}
        if name not in waiting:
            waiting.add(name)
            lines.come(name, is_modest=is_modest)
        lines.loop.advance(pause)
    asked = len(lines.passed) + len(lines.pace._share("10.0.0.1").modest)
    asked += len(lines.pace._share("10.0.0.1").others)
    lines.loop.advance(100)
    assert len(lines.passed) == asked
    times = [time for _, time in lines.passed]
    assert times == sorted(times)
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= 3 + 3 * (times[last] - times[first]) + 0.01


# -- who is modest


MODEST: Final = Config(
    modest_lines_per_s=2.0,
    modest_burst_s=1.0,
    modest_after_s=3.0,
    modest_pause_s=4.0,
    modest_regained_s=30.0,
)


def modest(*times: float) -> list[bool]:
    """Of a client that came at 0 and sends lines at these times: for which it is modest."""
    usage = Usage(0.0, MODEST)
    return [usage.count(time, MODEST) for time in times]


def test_a_client_that_talks_is_modest_after_some_seconds() -> None:
    assert modest(0, 1, 2, 3, 4, 5) == [False, False, False, True, True, True]
    assert modest(*[second / 2 for second in range(20)])[6:] == [True] * 14


def test_one_that_was_silent_has_to_talk_for_some_seconds_again() -> None:
    assert modest(20, 21, 22, 23, 24) == [False, False, False, True, True]
    assert modest(0, 3, 6, 12, 13, 14, 15) == [False, True, True, False, False, False, True]


def test_one_that_floods_is_not_modest() -> None:
    at_five_a_second = modest(*[number / 5 for number in range(100)])
    assert at_five_a_second[15:] == [False] * 85
    before = list(range(10))
    assert modest(*before, *[10 + number / 100 for number in range(50)])[13:] == [False] * 47


def test_one_that_has_flooded_is_modest_again_in_the_end() -> None:
    usage = Usage(0.0, MODEST)
    for number in range(10_000):
        usage.count(number / 1000, MODEST)
    assert usage.load <= 10 + 30
    talks = [usage.count(10.0 + second, MODEST) for second in range(100)]
    assert talks[:30] == [False] * 30
    assert talks[-10:] == [True] * 10


def test_of_two_the_one_that_sent_less_has_the_lower_load() -> None:
    talks, floods = Usage(0.0, MODEST), Usage(0.0, MODEST)
    for number in range(50):
        floods.count(number / 10, MODEST)
        if number % 10 == 0:
            talks.count(number / 10, MODEST)
    assert talks.load < 5.0 < floods.load


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


def test_an_address_has_so_many_new_connections_a_minute() -> None:
    now = [100.0]
    turnstile = Turnstile(0, 0, per_minute=60, time=lambda: now[0])
    for _ in range(60):
        turnstile.enter("10.0.0.1")
        turnstile.leave("10.0.0.1")
    assert refused(turnstile, "10.0.0.1") == "too_many_connections"
    turnstile.enter("10.0.0.2")
    now[0] += 2.0
    turnstile.enter("10.0.0.1")
    turnstile.enter("10.0.0.1")
    assert refused(turnstile, "10.0.0.1") == "too_many_connections"
    assert len(turnstile) == 3


def test_refused_connections_that_are_told_why_are_bounded() -> None:
    turnstile = Turnstile(1, 1)
    assert [turnstile.begin_refusal(2) for _ in range(3)] == [True, True, False]
    turnstile.end_refusal()
    assert turnstile.begin_refusal(2)
    assert len(turnstile) == 0


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
