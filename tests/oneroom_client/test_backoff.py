"""When to try again."""

from __future__ import annotations

import random

from oneroom_client.backoff import MOST_S, Backoff


def test_it_waits_longer_each_time_and_never_too_long() -> None:
    backoff = Backoff(lambda: 0.5)
    assert [round(backoff.next(), 3) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 25, 25]


def test_no_two_clients_come_back_in_step() -> None:
    drawn = random.Random(7)
    clients = [Backoff(drawn.random) for _ in range(200)]
    first = sorted(client.next() for client in clients)
    assert first[0] < 0.1 and first[-1] > 0.9
    for _ in range(9):
        delays = [client.next() for client in clients]
        assert max(delays) / min(delays) > 1.3
        assert max(delays) <= MOST_S


def test_it_begins_anew_after_it_was_reached() -> None:
    backoff = Backoff(lambda: 0.5)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5
