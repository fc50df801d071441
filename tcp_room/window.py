"""The newest part of a room's log, kept in memory together with its encodings.

Joining, resuming, catching up and paging are one read. Most of them ask for
what was said just now, so it is kept here, each event encoded at most once per
view; what is older is read from the log, page by page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tcp_room.logs.port import Record
from tcp_room.views import View


class Entry:
    """A record, and what views made of it."""

    __slots__ = ("_encoded", "author", "event")

    def __init__(self, record: Record) -> None:
        self.event = record.event
        self.author = record.author
        self._encoded: dict[View, bytes] = {}

    def encoded(self, view: View) -> bytes:
        found = self._encoded.get(view)
        if found is None:
            found = self._encoded[view] = view.encode(self.event)
        return found


class Page(NamedTuple):
    """Encoded events, and the seq up to which they bring their reader."""

    parts: list[bytes]
    last: int


def page(entries: Sequence[Entry], view: View, author: str, limit_bytes: int) -> Page:
    """As many of the entries as fit `limit_bytes` (one at least), without own lines where the
    view does not echo. `entries` must not be empty."""
    parts: list[bytes] = []
    size = 0
    for entry in entries:
        last = entry.event.seq
        if view.echoes or entry.author != author:
            part = entry.encoded(view)
            parts.append(part)
            size += len(part)
            if size >= limit_bytes:
                break
    return Page(parts, last)


class Window:
    """The last `keep` events at least, twice as many at most."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._entries: list[Entry] = []

    def extend(self, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)
        if len(self._entries) > 2 * self._keep:
            del self._entries[: -self._keep]

    def __len__(self) -> int:
        return len(self._entries)

    def covers(self, after: int) -> bool:
        """Whether the event behind `after` is in here."""
        entries = self._entries
        return bool(entries) and entries[0].event.seq <= after + 1 <= entries[-1].event.seq

    def after(self, after: int, limit: int) -> Sequence[Entry]:
        """At most `limit` entries from `after + 1` on. Only for what it `covers`."""
        start = after + 1 - self._entries[0].event.seq
        return self._entries[start : start + limit]
