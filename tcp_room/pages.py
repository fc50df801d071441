"""Pages of a log: what they contain, and what they say is missing.

A page covers a range of seqs. Each event of the range is in the page, or in one of its gaps: so
a reader who goes on behind the range misses nothing without being shown it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tcp_room.events import LOST, TRIMMED, History, Logged, Range


def holes(first: int, last: int, kept_from: int) -> Iterator[Range]:
    """Why the events `first` to `last` are missing, of a log that keeps those from `kept_from`
    on: one range for each reason, none if the range is empty."""
    trimmed = min(last, kept_from - 1)
    if trimmed >= first:
        yield Range(first, trimmed, TRIMMED)
    if last >= max(first, kept_from):
        yield Range(max(first, kept_from), last, LOST)


def gaps(events: Sequence[Logged], first: int, last: int, kept_from: int) -> list[Range]:
    """Everything from `first` to `last` that is not among `events`."""
    seqs = [first - 1, *(event.seq for event in events), last + 1]
    return [hole for one, next in pairwise(seqs) for hole in holes(one + 1, next - 1, kept_from)]


class Kept(NamedTuple):
    """What a log keeps: the seqs from `first` to `head`."""

    first: int
    head: int


def history_page(
    events: Sequence[Logged],
    after: int,
    before: int,
    kept: Kept,
    limit_bytes: int,
    *,
    is_backward: bool,
    id: str | None,
) -> History:
    """The page of what was read of the seqs between `after` and `before`, both excluded.

    As many events as fit `limit_bytes` of text (one at least), counted from the end that was
    asked for: from the newest if `is_backward`. Of what lies between, a log gives all that it can
    read, and no more than it was asked for.
    """
    fitting = _fitting(events[::-1] if is_backward else events, limit_bytes)
    is_cut = len(fitting) < len(events)
    if is_backward:
        fitting.reverse()
        first, last = (fitting[0].seq if is_cut else after + 1), before - 1
        more = first > kept.first
    else:
        first, last = after + 1, (fitting[-1].seq if fitting else before - 1)
        more = last < kept.head
    return History(fitting, more, id, first, last, gaps(fitting, first, last, kept.first))


def _fitting(events: Sequence[Logged], limit_bytes: int) -> list[Logged]:
    size = 0
    for count, event in enumerate(events, start=1):
        size += len(event.text.encode("utf-8", "replace"))
        if size > limit_bytes:
            return list(events[:count])
    return list(events)
