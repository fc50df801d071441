"""Events that were told and not read."""

from __future__ import annotations

import pytest

from oneroom_client import inbox
from oneroom_client.inbox import Inbox
from tcp_room.events import Event, Gap, Limits, Notice, Say, Welcome


def say(seq: int) -> Say:
    return Say(seq, None, 0, "bob", "tcp", f"m{seq}")


def welcome(room: str, epoch: str = "e") -> Welcome:
    return Welcome("a", room, epoch, 0, "", [], 1, Limits(1, 1, 0), 0, 0, 0)


def taken(box: Inbox) -> list[Event]:
    return list(iter(box.take, None))


def test_events_come_out_in_order() -> None:
    box = Inbox()
    for seq in (1, 2):
        box.put(say(seq), 10)
    assert (len(box), taken(box), len(box)) == (2, [say(1), say(2)], 0)


def test_it_is_full_by_count_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "KEPT_EVENTS", 2)
    box = Inbox()
    full = []
    for event, size in ((say(1), 1), (say(2), 1), (None, 0), (None, 0), (say(3), 9 << 20)):
        box.put(event, size) if event else box.take()
        full.append(box.is_full)
    assert full == [False, True, False, False, True]


def small(monkeypatch: pytest.MonkeyPatch, events: int) -> Inbox:
    """Holds so many events of 1000 bytes."""
    monkeypatch.setattr(inbox, "MOST_BYTES", events * (1000 + inbox._EVENT_BYTES))
    return Inbox()


def test_dropped_events_of_the_log_become_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    box = small(monkeypatch, 2)
    for event in (say(3), say(4), Notice("n"), say(5), say(6)):
        box.put(event, 1000)
    assert taken(box) == [Gap(3, 4, "missed"), say(5), say(6)]
    box.put(say(7), 1000)
    assert taken(box) == [say(7)]


def test_a_gap_has_the_numbers_of_one_log(monkeypatch: pytest.MonkeyPatch) -> None:
    box = small(monkeypatch, 1)
    for event in (welcome("a"), say(90), welcome("b"), say(4), welcome("b"), say(5), say(6)):
        box.put(event, 1000)
    assert taken(box) == [Gap(4, 5, "missed"), say(6)]


def test_an_event_larger_than_everything_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    box = small(monkeypatch, 2)
    box.put(say(1), 1000)
    box.put(say(2), 1 << 20)
    assert taken(box) == [Gap(1, 1, "missed"), say(2)]
