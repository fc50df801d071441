"""The newest part of a log, and pages of it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import Say
from tcp_room.logs.port import Record
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from tcp_room.window import Entry, Shelf, Window, page, size_of
from tests.fakes import CountingView


def entries(first: int, last: int, author: str = "a", text: str = "hi") -> list[Entry]:
    return [
        Entry(Record(Say(seq=seq, id=None, at=0, nick="al", door="tcp", text=text), author))
        for seq in range(first, last + 1)
    ]


def seqs(found: Sequence[Entry]) -> list[int]:
    return [entry.event.seq for entry in found]


def test_an_entry_is_encoded_once_per_view() -> None:
    one, other = CountingView(), CountingView()
    [entry] = entries(1, 1)
    assert entry.encoded(one) is entry.encoded(one)
    assert entry.encoded(other) == entry.encoded(one)
    assert (len(one.encoded), len(other.encoded)) == (1, 1)


def test_an_empty_window_covers_nothing() -> None:
    window = Window(10, Shelf(1 << 30, 1 << 30))
    assert not any(window.covers(after) for after in range(-1, 3))


def test_a_window_covers_what_it_holds_and_nothing_beside_it() -> None:
    window = Window(10, Shelf(1 << 30, 1 << 30))
    window.extend(entries(5, 8))
    assert [after for after in range(12) if window.covers(after)] == [4, 5, 6, 7]


def test_a_read_gives_what_follows_up_to_a_limit() -> None:
    window = Window(10, Shelf(1 << 30, 1 << 30))
    window.extend(entries(5, 8))
    assert seqs(window.after(4, 2)) == [5, 6]
    assert seqs(window.after(6, 100)) == [7, 8]


@given(st.integers(1, 8), st.lists(st.integers(1, 6), max_size=20))
def test_a_window_keeps_what_it_promises_and_at_most_twice_that(
    keep: int, sizes: list[int]
) -> None:
    window, head = Window(keep, Shelf(1 << 30, 1 << 30)), 0
    for size in sizes:
        window.extend(entries(head + 1, head + size))
        head += size
        held = [after + 1 for after in range(head) if window.covers(after)]
        assert held == list(range(head - len(held) + 1, head + 1))
        assert min(keep, head) <= len(held) <= 2 * keep
        assert seqs(window.after(held[0] - 1, 1000)) == held


def test_a_page_holds_everything_that_fits() -> None:
    parts, last = page(entries(3, 5), JSON, "b", 10_000)
    assert len(parts) == 3
    assert last == 5


def test_a_page_ends_as_soon_as_it_is_full() -> None:
    size = len(JSON.encode(entries(3, 3)[0].event))
    assert page(entries(3, 9), JSON, "b", 2 * size).last == 4
    assert page(entries(3, 9), JSON, "b", 2 * size + 1).last == 5


def test_a_page_holds_one_event_however_large() -> None:
    parts, last = page(entries(3, 4, text="x" * 500), JSON, "b", 1)
    assert (len(parts), last) == (1, 3)


def test_a_page_passes_over_own_lines_where_there_is_no_echo() -> None:
    mixed = entries(1, 1) + entries(2, 2, author="me") + entries(3, 3, author="me")
    assert page(mixed, TEXT, "me", 10_000).last == 3
    assert len(page(mixed, TEXT, "me", 10_000).parts) == 1
    assert len(page(mixed, JSON, "me", 10_000).parts) == 3


def test_a_page_of_own_lines_alone_still_brings_its_reader_forward() -> None:
    assert page(entries(4, 6, author="me"), TEXT, "me", 1) == ([], 6)


# -- all windows together


def test_the_windows_that_grew_longest_ago_make_room_for_the_others() -> None:
    size = size_of(entries(1, 1))
    shelf = Shelf(10 * size, 1 << 30)
    quiet, busy = Window(100, shelf), Window(100, shelf)
    quiet.extend(entries(1, 6))
    for seq in range(1, 9):
        busy.extend(entries(seq, seq))
    assert seqs(busy.after(0, 100)) == list(range(1, 9))
    assert len(quiet) == 1
    assert quiet.covers(5)
    assert shelf.size == 9 * size


def test_a_window_that_is_larger_than_the_shelf_gives_way_itself() -> None:
    size = size_of(entries(1, 1))
    shelf = Shelf(4 * size, 1 << 30)
    window = Window(100, shelf)
    window.extend(entries(1, 50))
    assert 1 <= len(window) <= 4
    assert window.covers(49)


def test_one_event_that_is_larger_than_the_shelf_is_not_kept() -> None:
    shelf = Shelf(10, 1 << 30)
    window = Window(100, shelf)
    window.extend(entries(1, 1))
    assert (len(window), shelf.size) == (0, 0)


def test_a_window_that_is_closed_takes_no_room() -> None:
    shelf = Shelf(1 << 20, 1 << 30)
    window = Window(100, shelf)
    window.extend(entries(1, 9))
    window.close()
    assert (len(window), shelf.size) == (0, 0)


def test_a_window_may_begin_anew() -> None:
    shelf = Shelf(1 << 20, 1 << 30)
    window = Window(100, shelf)
    window.extend(entries(1, 9))
    window.restart(entries(30, 31))
    assert seqs(window.after(29, 10)) == [30, 31]
    assert shelf.size == size_of(window.after(29, 10))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40), st.integers(0, 300))))
def test_the_shelf_counts_what_its_windows_have(steps: list[tuple[int, int, int]]) -> None:
    shelf = Shelf(30_000, 1 << 30)
    windows = [Window(20, shelf) for _ in range(4)]
    heads = [0] * 4
    for which, count, chars in steps:
        first = heads[which] + 1
        heads[which] += count
        windows[which].extend(entries(first, heads[which], text="x" * chars))
        assert shelf.size == sum(window._size for window in windows) <= 30_000
        assert all(bool(window._size) == bool(window) for window in windows)


def test_a_window_of_long_messages_has_fewer_of_them() -> None:
    shelf = Shelf(1 << 30, 10 * size_of(entries(1, 1)))
    window = Window(100, shelf)
    for seq in range(1, 50):
        window.extend(entries(seq, seq))
        assert window.covers(seq - 1)
        assert len(window) <= 10
    assert shelf.size == size_of(window.after(49 - len(window), 100))
