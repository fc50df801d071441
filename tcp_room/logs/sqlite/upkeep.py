"""What may take long, on a thread of its own: checkpoints, trimming, and a look at the file now and
then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from tcp_room.logs.sqlite.schema import BROKEN, Durability, connect, words_of
from tcp_room.logs.sqlite.trimming import Trim, Trimmer
from tcp_room.logs.sqlite.wal import Wal

_LOOK_S: Final = 1.0

_log = logging.getLogger(__name__)


class Upkeep:
    def __init__(
        self,
        path: Path,
        durability: Durability,
        pen: threading.Lock,
        wal: Wal,
        look: Callable[[], None],
    ) -> None:
        """`look` is called each second. Raises apsw.Error."""
        self._connection = connect(path, durability)
        wal.watch(self._connection)
        wal.due = self._wake
        self._pen, self._wal, self._look = pen, wal, look
        self._closing = threading.Event()
        self._trimmer = Trimmer(self._connection, pen, wal, self._closing)
        self._due: SimpleQueue[Trim | None] = SimpleQueue()  # None: something else is to be done
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="oneroom-upkeep")
        self._thread.start()

    def trim(self, trim: Trim) -> None:
        self._due.put(trim)

    def close(self) -> None:
        """What is still to be trimmed is left to the next time."""
        self._closing.set()
        self._wake()
        self._thread.join()
        self._connection.close()

    def _wake(self) -> None:
        self._due.put(None)

    def _run(self) -> None:
        next_look = time.monotonic()
        while not self._closing.is_set():
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _LOOK_S
                self._do(self._look)
            if trim := self._next(max(next_look - time.monotonic(), 0)):
                self._do(self._trimmer.trim, trim)
            if self._wal.is_due or self._wal.is_held:
                self._do(self._wal.checkpoint, self._connection, self._pen)

    def _next(self, wait_s: float) -> Trim | None:
        try:
            return self._due.get(timeout=wait_s)
        except Empty:
            return None

    def _do(self, work: Callable[..., object], *args: object) -> None:
        """What fails comes again."""
        try:
            work(*args)
            self._trouble = ""
        except BROKEN as error:
            if words_of(error) != self._trouble:
                self._trouble = words_of(error)
                _log.warning("the log's upkeep failed (%s); it is tried again", self._trouble)
