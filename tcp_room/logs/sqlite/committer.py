"""The thread that waits for the disk: one commit for all that came during the last one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

from tcp_room.logs.sqlite.schema import OnLoop

Append = TypeVar("Append")


class Committer(Generic[Append]):
    def __init__(
        self, commit: Callable[[Sequence[Append]], Callable[[], None]], on_loop: OnLoop
    ) -> None:
        """`commit` runs on the thread; what it returns is called on the loop's thread."""
        self._commit = commit
        self._on_loop = on_loop
        self._waiting: SimpleQueue[Append | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="oneroom-log")
        self._thread.start()

    def put(self, append: Append) -> None:
        self._waiting.put(append)

    def close(self) -> None:
        """Commits what waits."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            appends, is_open = self._gather()
            if appends:
                self._on_loop(self._commit(appends))

    def _gather(self) -> tuple[list[Append], bool]:
        """All that waits, at least one; and whether more can come."""
        appends: list[Append] = []
        while not appends or not self._waiting.empty():
            append = self._waiting.get()
            if append is None:
                return appends, False
            appends.append(append)
        return appends, True
