from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.lines import TOO_LONG, LineDecoder, TooLong

LIMIT = 16


def decode(*packets: bytes, limit: int = LIMIT) -> list[bytes | TooLong]:
    decoder = LineDecoder(limit)
    return [line for packet in packets for line in decoder.feed(packet)] + decoder.finish()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
def test_every_clients_line_end_ends_a_line(end: bytes) -> None:
    assert decode(b"hi" + end + b"there" + end) == [b"hi", b"there"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
def test_a_line_end_cut_in_two_is_one(end: bytes) -> None:
    packets = [bytes([byte]) for byte in b"hi" + end + b"there" + end]
    assert decode(*packets) == [b"hi", b"there"]


def test_a_line_is_there_with_its_cr_and_waits_for_nothing() -> None:
    assert LineDecoder(LIMIT).feed(b"hi\r") == [b"hi"]


def test_empty_lines_are_lines() -> None:
    assert decode(b"\n\r\n\r\r") == [b"", b"", b"", b""]


def test_a_last_line_without_an_end_counts() -> None:
    assert decode(b"hi\nthere") == [b"hi", b"there"]
    assert decode(b"hi\n") == [b"hi"]


def test_a_line_of_the_limit_passes_and_one_more_byte_does_not() -> None:
    assert decode(b"x" * LIMIT + b"\n") == [b"x" * LIMIT]
    assert decode(b"x" * (LIMIT + 1) + b"\n") == [TOO_LONG]


def test_a_line_too_long_is_told_of_before_it_ends_and_once() -> None:
    decoder = LineDecoder(LIMIT)
    assert decoder.feed(b"x" * (LIMIT + 1)) == [TOO_LONG]
    assert decoder.feed(b"x" * LIMIT * 3) == []
    assert decoder.feed(b"tail\nnext\n") == [b"next"]


def test_the_tail_of_a_line_too_long_never_becomes_a_line() -> None:
    assert decode(b"x" * (LIMIT + 1), b"/nick mallory") == [TOO_LONG]


def test_memory_is_bounded_by_the_limit() -> None:
    decoder = LineDecoder(LIMIT)
    for _ in range(1000):
        decoder.feed(b"x" * 1000)
        assert len(decoder.peek()) <= LIMIT


def test_a_client_that_sends_bare_lf_is_known() -> None:
    decoder = LineDecoder(LIMIT)
    assert decoder.sends_bare_lf is None
    decoder.feed(b"hi\n")
    assert decoder.sends_bare_lf is True
    decoder.feed(b"hi\r\n")
    assert decoder.sends_bare_lf is True


@pytest.mark.parametrize("packets", [[b"hi\r\n"], [b"hi\r", b"\n"], [b"h", b"i\r\0"]])
def test_a_client_that_sends_cr_is_known(packets: list[bytes]) -> None:
    decoder = LineDecoder(LIMIT)
    for packet in packets:
        decoder.feed(packet)
    assert decoder.sends_bare_lf is False


pieces = st.lists(
    st.sampled_from([b"\n", b"\r", b"\r\n", b"\r\0", b"\0", b"a", b"bc", b"x" * LIMIT, b"\xff"])
).map(b"".join)


@given(pieces, st.lists(st.integers(0, 60)))
def test_where_packets_are_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    packets = [data[a:b] for a, b in pairwise(places)]
    assert decode(*packets) == decode(data) == reference(data)


def reference(data: bytes) -> list[bytes | TooLong]:
    """The same by hand, a byte at a time."""
    for end in (b"\r\n", b"\r\0", b"\r"):
        data = data.replace(end, b"\n")
    *lines, rest = data.split(b"\n")
    lines += [rest] if rest else []
    return [line if len(line) <= LIMIT else TOO_LONG for line in lines]
