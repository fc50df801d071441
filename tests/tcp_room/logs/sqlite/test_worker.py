"""The thread that waits for the disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from tcp_room.logs.sqlite.worker import Worker


def test_all_that_comes_during_one_commit_is_the_next_one() -> None:
    begun, go_on = threading.Event(), threading.Event()
    commits: list[Sequence[int]] = []

    def commit(numbers: Sequence[int]) -> Callable[[], None]:
        begun.set()
        assert go_on.wait(20)
        return lambda: commits.append(numbers)

    worker = Worker("commits", commit, lambda call: call())
    worker.put(0)
    assert begun.wait(20)
    for number in range(1, 5):
        worker.put(number)
    go_on.set()
    worker.close()
    assert commits == [[0], [1, 2, 3, 4]]
