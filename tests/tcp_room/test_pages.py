"""Pages of a log: each event of the range is in the page, or in one of its gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import LOST, TRIMMED, Range, Say
from tcp_room.pages import Kept, gaps, history_page, holes


def say(seq: int, text: str = "hi") -> Say:
    return Say(seq=seq, id=None, at=0, nick="al", door="tcp", text=text)


def test_a_hole_below_what_is_kept_was_trimmed_and_above_it_is_lost() -> None:
    assert list(holes(3, 7, 1)) == [Range(3, 7, LOST)]
    assert list(holes(3, 7, 8)) == [Range(3, 7, TRIMMED)]
    assert list(holes(3, 7, 5)) == [Range(3, 4, TRIMMED), Range(5, 7, LOST)]


def test_where_nothing_is_missing_there_is_no_hole() -> None:
    assert list(holes(3, 2, 1)) == list(holes(3, 2, 9)) == []


@given(
    st.sets(st.integers(1, 30)),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 30),
    st.booleans(),
    st.integers(1, 20),
)
def test_a_page_and_its_gaps_cover_its_range_exactly_once(
    readable: set[int],
    after: int,
    length: int,
    kept_from: int,
    is_backward: bool,
    limit_bytes: int,
) -> None:
    head, before = 31, after + 1 + length
    read = [say(seq) for seq in sorted(readable) if max(after, kept_from - 1) < seq < before]
    page = history_page(
        read,
        after,
        before,
        Kept(kept_from, head),
        limit_bytes,
        is_backward=is_backward,
        id=None,
    )
    covered = [event.seq for event in page.events]
    for gap in page.gaps:
        covered += range(gap.first, gap.last + 1)
        assert (gap.reason == TRIMMED) == (gap.last < kept_from)
    assert sorted(covered) == list(range(page.first, page.last + 1))
    assert after < page.first
    assert page.last < before
    if is_backward:
        assert page.last == before - 1
    else:
        assert page.first == after + 1


def test_a_page_that_is_cut_is_cut_at_the_far_end() -> None:
    read = [say(seq, "x" * 10) for seq in range(1, 6)]
    kept = Kept(1, 5)
    forward = history_page(read, 0, 6, kept, 15, is_backward=False, id=None)
    backward = history_page(read, 0, 6, kept, 15, is_backward=True, id=None)
    assert ([event.seq for event in forward.events], forward.more) == ([1, 2], True)
    assert (forward.first, forward.last) == (1, 2)
    assert ([event.seq for event in backward.events], backward.more) == ([4, 5], True)
    assert (backward.first, backward.last) == (4, 5)


def test_an_empty_page_claims_what_it_could_not_read() -> None:
    page = history_page([], 3, 8, Kept(1, 7), 100, is_backward=False, id="x")
    assert (page.first, page.last, page.more, page.id) == (4, 7, False, "x")
    assert page.gaps == [Range(4, 7, LOST)]


def test_gaps_stand_between_events_and_at_both_ends() -> None:
    assert gaps([say(3), say(6)], 1, 8, 2) == [
        Range(1, 1, TRIMMED),
        Range(2, 2, LOST),
        Range(4, 5, LOST),
        Range(7, 8, LOST),
    ]
