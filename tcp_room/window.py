"""The newest part of a room's log, kept in memory together with its encodings.

Joining, resuming, catching up and paging are one read. Most of them ask for
what was said just now, so it is kept here, each event encoded at most once per
view; what is older is read from the log, page by page.

Windows only save work: the log has everything that they have. So the windows of all rooms
together are bounded in bytes (`Shelf`), and those that grew longest ago give way first.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

from tcp_room.events import LOST, Gap
from tcp_room.logs.port import Record
from tcp_room.views import View

_log = logging.getLogger(__name__)
# Measured on CPython 3.11: an event, its entry and one encoding, without the text...
_ENTRY_BYTES: Final = 700
# ...and the text, as a string and encoded for two or three views.
_COPIES: Final = 3


class Entry:
    """A record, and what views made of it."""

    __slots__ = ("_encoded", "author", "event")

    def __init__(self, record: Record) -> None:
        self.event = record.event
        self.author = record.author
        self._encoded: dict[View, bytes] = {}

    def encoded(self, view: View) -> bytes:
        """As bytes of that view. An event that it cannot encode is shown as a gap."""
        found = self._encoded.get(view)
        if found is None:
            try:
                found = view.encode(self.event)
            except Exception:
                found = self._encode_gap(view)
            self._encoded[view] = found
        return found

    def _encode_gap(self, view: View) -> bytes:
        seq = self.event.seq
        _log.exception("an event cannot be shown: seq %d, kind %s", seq, type(self.event))
        return view.encode(Gap(seq, seq, LOST))


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


class Shelf:
    """All windows of a house: at most `limit_bytes` together, and `window_bytes` each."""

    def __init__(self, limit_bytes: int, window_bytes: int) -> None:
        self._limit = limit_bytes
        self.window_bytes = window_bytes
        self._windows: OrderedDict[Window, None] = OrderedDict()  # the one that grew last is last
        self._last: Window | None = None  # that one: mostly it grows again
        self.size = 0

    def changed(self, window: Window, by: int) -> None:
        """A window has grown, or shrunk, by so many bytes: others make room for it."""
        self.size += by
        if window is not self._last:
            self._windows[window] = None
            self._windows.move_to_end(window)
            self._last = window
        while self.size > self._limit and self._windows:
            oldest = next(iter(self._windows))
            self.size -= oldest.halve()
            if not oldest:
                self._forget(oldest)

    def remove(self, window: Window) -> None:
        self.size -= window.clear()
        self._forget(window)

    def _forget(self, window: Window) -> None:
        self._windows.pop(window, None)
        if window is self._last:
            self._last = None


def size_of(entries: Sequence[Entry]) -> int:
    """About so many bytes of memory, encodings included."""
    chars = 0
    for entry in entries:
        chars += len(entry.event.text)
    return _ENTRY_BYTES * len(entries) + _COPIES * chars


class Window:
    """The last `keep` events at least, twice as many at most; fewer if they are long, or when the
    shelf is full."""

    def __init__(self, keep: int, shelf: Shelf) -> None:
        self._keep = keep
        self._shelf = shelf
        self._entries: list[Entry] = []
        self._size = 0

    def extend(self, entries: Sequence[Entry]) -> None:
        """`entries` must follow on what is here: see `restart`."""
        if not entries:
            return
        self._entries.extend(entries)
        by = size_of(entries)
        self._size += by
        if len(self._entries) > 2 * self._keep:
            by -= self._drop(len(self._entries) - self._keep)
        while self._size > self._shelf.window_bytes:
            by -= self.halve()
        self._shelf.changed(self, by)

    def restart(self, entries: Sequence[Entry]) -> None:
        """Begins anew with these, which follow on each other."""
        self._shelf.changed(self, -self.clear())
        self.extend(entries)

    def close(self) -> None:
        self._shelf.remove(self)

    def clear(self) -> int:
        """Drops all; returns the bytes."""
        return self._drop(len(self._entries))

    def halve(self) -> int:
        """Drops the older half, or the last one; returns the bytes."""
        return self._drop((len(self._entries) + 1) // 2)

    def _drop(self, count: int) -> int:
        """Drops the oldest; returns their share of the bytes, as if all were alike."""
        size = self._size * count // (len(self._entries) or 1)
        del self._entries[:count]
        self._size -= size
        return size

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
