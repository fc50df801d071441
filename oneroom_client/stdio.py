"""Standard input and output of a filter, on every system.

Windows' event loop cannot wait for a console or a file, and a selector not for
a file; a thread can wait for anything. It reads with `os.read`: the lock of
`sys.stdin` would be held when the interpreter ends.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import stat
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

from tcp_room.lines import LineDecoder, TooLong

_READ_BYTES: Final = 1 << 16


async def lines(fd: int, limit_bytes: int) -> AsyncIterator[list[bytes | TooLong]]:
    """The lines of `fd` as they come, until it ends. Reads no further than is asked for."""
    loop = asyncio.get_running_loop()
    decoder = LineDecoder(limit_bytes)
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    wanted = threading.Semaphore(1)
    reading = threading.Thread(target=_read, args=(fd, loop, arrived, wanted), daemon=True)
    reading.start()
    while data := await arrived.get():
        yield decoder.feed(data)
        wanted.release()
    yield decoder.finish()


def _read(
    fd: int,
    loop: asyncio.AbstractEventLoop,
    arrived: asyncio.Queue[bytes],
    wanted: threading.Semaphore,
) -> None:
    data = b"."
    while data:
        wanted.acquire()
        try:
            data = os.read(fd, _READ_BYTES)
        except OSError:
            data = b""
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(arrived.put_nowait, data)


class Closed(Exception):
    """Whoever read our output has had enough."""


def write(fd: int, data: bytes) -> None:
    """All of it, and waits till it is written. Raises Closed."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])  # somebody who shares the terminal has made it so
        except OSError as error:
            # Windows says EINVAL of a pipe without a reader.
            if error.errno in (errno.EPIPE, errno.EINVAL):
                raise Closed from None
            raise


def on_closed(fd: int, call: Callable[[], None]) -> None:
    """Calls once nobody reads `fd` any more, where that can be told: a pipe, on POSIX.

    The reading end of a pipe that is closed makes its writing end readable, for poll(2).
    """
    if sys.platform == "win32" or not stat.S_ISFIFO(os.fstat(fd).st_mode):
        return
    loop = asyncio.get_running_loop()

    def closed() -> None:
        loop.remove_reader(fd)
        call()

    with suppress(OSError):
        loop.add_reader(fd, closed)
