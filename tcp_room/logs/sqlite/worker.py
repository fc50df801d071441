"""A thread that waits for storage, so that the loop's does not: it takes together all that came
while it was at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

from tcp_room.logs.sqlite.schema import OnLoop

Item = TypeVar("Item")


class Worker(Generic[Item]):
    """Its thread begins with the first item. Items are worked on in the order of their coming."""

    def __init__(
        self, name: str, work: Callable[[Sequence[Item]], Callable[[], None]], on_loop: OnLoop
    ) -> None:
        """`work` runs on the thread, and does not raise; what it returns is called on the loop's
        thread."""
        self._name = name
        self._work = work
        self._on_loop = on_loop
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, item: Item) -> None:
        self._waiting.put(item)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name)
            self._thread.start()

    def close(self) -> None:
        """Works on what waits."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            items, is_open = self._gather()
            if items:
                self._on_loop(self._work(items))

    def _gather(self) -> tuple[list[Item], bool]:
        """All that waits, at least one; and whether more can come."""
        items: list[Item] = []
        while not items or not self._waiting.empty():
            item = self._waiting.get()
            if item is None:
                return items, False
            items.append(item)
        return items, True
