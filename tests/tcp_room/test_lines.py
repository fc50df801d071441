"""Bytes to lines: every kind of line end, every cut, and never more memory than the limit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcp_room.lines import TOO_LONG, LineDecoder, TooLong

Lines = list[bytes | TooLong]

# Few different bytes, so that line ends meet in every way.
STREAMS = st.lists(st.sampled_from([b"a", b"b", b"\r", b"\n", b"\0"]), max_size=24).map(b"".join)
LIMITS = st.integers(1, 5)


def fed(decoder: LineDecoder, packets: Sequence[bytes]) -> Lines:
    lines: Lines = []
    for packet in packets:
        lines += decoder.feed(packet)
    return lines


def decoded(*packets: bytes, limit: int = 100) -> Lines:
    """All lines of a connection that sends these packets, and then EOF."""
    decoder = LineDecoder(limit)
    return fed(decoder, packets) + decoder.finish()


def one_by_one(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def what_was_meant(data: bytes, limit: int) -> Lines:
    """The rule in the simplest words, for a stream that is known as a whole."""
    *ended, rest = re.split(rb"\r\n|\r\0|\r|\n", data)
    return [TOO_LONG if len(line) > limit else line for line in ended + [rest] * bool(rest)]


@pytest.mark.parametrize(
    ("client", "data"),
    [
        ("nc, ncat, curl", b"hi\nthere\n"),
        ("inetutils telnet, busybox telnet", b"hi\r\nthere\r\n"),
        ("socat -,raw and telnetlib3", b"hi\rthere\r"),
        ("telnet in its network form", b"hi\r\0there\r\0"),
        ("printf 'hi\\nthere' | nc -N", b"hi\nthere"),
        ("nobody in particular", b"hi\r\nthere\r"),
    ],
)
def test_every_client_is_understood_however_its_packets_are_cut(client: str, data: bytes) -> None:
    assert decoded(data) == [b"hi", b"there"]
    assert decoded(*one_by_one(data)) == [b"hi", b"there"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
def test_an_empty_line_is_a_line(end: bytes) -> None:
    assert decoded(end + end + b"x" + end) == [b"", b"", b"x"]


def test_a_carriage_return_ends_a_line_at_once() -> None:
    assert LineDecoder(100).feed(b"hi\r") == [b"hi"]


@pytest.mark.parametrize("second", [b"\n", b"\0"])
def test_what_belongs_to_a_carriage_return_is_swallowed_in_the_next_packet_too(
    second: bytes,
) -> None:
    assert decoded(b"hi\r", second) == [b"hi"]
    assert decoded(b"hi\r", b"", second) == [b"hi"]
    assert decoded(b"hi\r", second + b"there\n") == [b"hi", b"there"]


def test_only_one_byte_belongs_to_a_carriage_return() -> None:
    assert decoded(b"hi\r", b"\n", b"\n") == [b"hi", b""]
    assert decoded(b"hi\r", b"\0", b"\0") == [b"hi", b"\0"]
    assert decoded(b"hi\r\n", b"\n") == [b"hi", b""]


def test_a_nul_elsewhere_stays_for_others_to_judge() -> None:
    assert decoded(b"a\0b\n") == [b"a\0b"]


@given(STREAMS, LIMITS, st.lists(st.integers(0, 24)))
@example(b"ab\r\nab", 2, [3])
@example(b"abc\r\nab", 2, [3, 4])
def test_where_the_packets_are_cut_changes_nothing(
    data: bytes, limit: int, cuts: list[int]
) -> None:
    edges = [0, *sorted(cuts), len(data)]
    packets = [data[start:end] for start, end in pairwise(edges)]
    assert decoded(*packets, limit=limit) == what_was_meant(data, limit)


@given(STREAMS, LIMITS, st.lists(st.integers(0, 24), max_size=8))
@example(b"a\r\nb\n", 2, [2, 3])
@example(b"abca\nb\n", 2, [3, 5])
@example(b"ab\n", 3, [1])
def test_a_line_that_comes_alone_needs_no_push(data: bytes, limit: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    decoder = LineDecoder(limit)
    lines: Lines = []
    for packet in (data[start:end] for start, end in pairwise(edges)):
        sole = decoder.sole_line(packet)
        lines += decoder.feed(packet) if sole is None else [sole]
    assert lines + decoder.finish() == what_was_meant(data, limit)


def test_a_whole_line_is_told_from_all_that_is_more_or_less() -> None:
    assert LineDecoder(4).sole_line(b"four\n") == b"four"
    assert LineDecoder(4).sole_line(b"\n") == b""
    for other in (b"", b"four", b"a\nb\n", b"a\nb", b"a\r\n", b"longer\n"):
        assert LineDecoder(4).sole_line(other) is None


@given(STREAMS, LIMITS)
def test_a_byte_at_a_time_is_understood_and_memory_is_bounded(data: bytes, limit: int) -> None:
    decoder = LineDecoder(limit)
    lines: Lines = []
    for byte in one_by_one(data):
        lines += decoder.feed(byte)
        assert len(decoder.pending) <= limit
    assert lines + decoder.finish() == what_was_meant(data, limit)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, True), (101, False)])
def test_the_limit_counts_a_line_without_its_end_wherever_it_is_cut(
    end: bytes, size: int, fits: bool
) -> None:
    data = b"x" * size + end + b"next" + end
    expected: Lines = [b"x" * size if fits else TOO_LONG, b"next"]
    for cut in range(len(data) + 1):
        assert decoded(data[:cut], data[cut:]) == expected


def test_a_line_over_the_limit_is_told_of_as_soon_as_it_is() -> None:
    decoder = LineDecoder(4)
    assert decoder.feed(b"xxxx") == []
    assert decoder.feed(b"x") == [TOO_LONG]


def test_the_tail_of_a_line_over_the_limit_is_never_a_line() -> None:
    packets = [b"x" * 1000] * 100
    assert decoded(*packets, b"/nick root\n", b"hi\n") == [TOO_LONG, b"hi"]


def test_the_end_of_the_connection_does_not_save_a_line_over_the_limit() -> None:
    assert decoded(b"x" * 101) == [TOO_LONG]
    assert decoded(b"x" * 101, b"tail") == [TOO_LONG]


def test_a_long_packet_of_short_lines_is_not_too_long() -> None:
    assert decoded(b"hi\n" * 1000, limit=2) == [b"hi"] * 1000


def test_a_last_line_without_an_end_counts_once() -> None:
    decoder = LineDecoder(100)
    assert decoder.feed(b"hi") == []
    assert decoder.finish() == [b"hi"]
    assert decoder.finish() == []


def test_nothing_at_all_is_no_line() -> None:
    assert decoded() == []
    assert decoded(b"") == []
    assert decoded(b"hi\n") == [b"hi"]


def test_lines_are_taken_as_they_are_wanted_and_the_rest_waits_as_bytes() -> None:
    decoder = LineDecoder(100)
    decoder.push(b"one\r\ntwo\n")
    decoder.push(b"three\nfo")
    assert decoder.take(0) == []
    assert decoder.take(2) == [b"one", b"two"]
    assert (len(decoder.pending), decoder.has_line) == (8, True)
    assert decoder.take(2) == [b"three"]
    assert (len(decoder.pending), decoder.has_line) == (2, False)
    decoder.push(b"ur\n")
    assert decoder.take() == [b"four"]


@given(STREAMS, LIMITS, st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=24))
def test_when_lines_are_taken_changes_nothing(
    data: bytes, limit: int, steps: list[tuple[int, int]]
) -> None:
    decoder, rest = LineDecoder(limit), data
    lines: Lines = []
    for size, count in steps:
        decoder.push(rest[:size])
        rest = rest[size:]
        taken = decoder.take(count)
        assert len(taken) <= count
        lines += taken
    decoder.push(rest)
    decoder.end()
    assert lines + decoder.take() == what_was_meant(data, limit)


def test_of_what_waits_so_many_lines_are_kept() -> None:
    decoder = LineDecoder(100)
    decoder.push(b"one\ntwo\nthree\nfo")
    decoder.keep(2)
    assert decoder.take() == [b"one", b"two"]
    assert len(decoder.pending) == 0
    decoder.push(b"one\nhalf")
    decoder.keep(2)
    decoder.end()
    assert decoder.take() == [b"one"]
    decoder.push(b"one\n")
    decoder.keep(0)
    assert not decoder.has_line
