"""The judge of losses and disorder."""

from __future__ import annotations

import pytest

from benchmarks.stream import Faulty, Stream
from benchmarks.wires import body

PING = b"\x89\x00"
PONG = b"\x8a\x80"


def line(number: int) -> bytes:
    return body(number, 20) + b"\n"


def lines(*numbers: int) -> bytes:
    return b"".join(map(line, numbers))


@pytest.fixture
def stream() -> Stream:
    return Stream(2, {PING: PONG})


def test_what_is_in_order_is_taken_however_it_is_cut(stream: Stream) -> None:
    said = lines(0, 1, 2, 3)
    for size in (1, 7, 21, 50):
        stream = Stream(2, {})
        offset = 0
        for start in range(0, len(said), size):
            taken, answer, rest = stream.take(offset, said[start : start + size])
            assert (answer, rest) == (b"", b"")
            offset += taken
        assert offset == len(said)
        assert stream.next == 4


@pytest.mark.parametrize("numbers", [(0, 2), (0, 2, 1), (0, 0), (1,)])
def test_a_gap_a_swap_a_double_and_a_late_start_are_faults(
    stream: Stream, numbers: tuple[int, ...]
) -> None:
    with pytest.raises(Faulty):
        stream.take(0, lines(*numbers))


def test_everybody_is_to_be_shown_the_same(stream: Stream) -> None:
    stream.take(0, lines(0, 1))
    assert stream.take(0, lines(0)) == (len(line(0)), b"", b"")
    with pytest.raises(Faulty):
        stream.take(len(line(0)), lines(2))


def test_who_falls_behind_may_not_be_shown_more_than_others_were_without_the_rest(
    stream: Stream,
) -> None:
    stream.take(0, lines(0))
    with pytest.raises(Faulty):
        stream.take(0, lines(1))


def test_a_ping_between_messages_is_answered_and_is_no_message(stream: Stream) -> None:
    assert stream.take(0, line(0) + PING + line(1)) == (2 * len(line(0)), PONG, b"")
    assert stream.take(0, PING + lines(0, 1) + PING) == (2 * len(line(0)), PONG * 2, b"")
    assert bytes(stream.shown) == lines(0, 1)


def test_half_a_ping_is_kept_for_the_next_time(stream: Stream) -> None:
    assert stream.take(0, line(0) + PING[:1]) == (len(line(0)), b"", PING[:1])


def test_it_knows_what_is_still_to_come(stream: Stream) -> None:
    assert stream.due(3) == 6
    taken, _, _ = stream.take(0, lines(0, 1))
    stream.got += taken
    assert stream.due(3) == 4
    stream.got += taken
    assert stream.due(3) == 2
