"""Standard input, output and error of a filter, on every system.

Windows' event loop cannot wait for a console or a file, and a selector not for
a file; a thread can wait for anything. It reads with `os.read`: the lock of
`sys.stdin` would be held when the interpreter ends.

Any of the three can be closed, full, or a pipe that nobody reads.
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

from oneroom_client.status import Failure, Status
from tcp_room.lines import LineDecoder, TooLong
from tcp_room.text import visible

STDIN, STDOUT, STDERR = 0, 1, 2
_READ_BYTES: Final = 1 << 16
NAMES: Final = {STDIN: "standard input", STDOUT: "standard output", STDERR: "standard error"}


def secured() -> frozenset[int]:
    """Opens the null device in the place of each standard descriptor that is closed; returns
    those. Otherwise a socket would take its number, and would be sent what is printed."""
    closed = {fd for fd in (STDIN, STDOUT, STDERR) if not _is_open(fd)}
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    return frozenset(closed)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def complain(sentence: str) -> None:
    """One line on standard error, where that can be written."""
    line = f"oneroom: {visible(sentence)}\n".encode("utf-8", "backslashreplace")
    with suppress(OSError, Closed, Failure):
        write(STDERR, line)


async def lines(fd: int, limit_bytes: int) -> AsyncIterator[list[bytes | TooLong]]:
    """The lines of `fd` as they come, until it ends. Reads no further than is asked for.

    Raises Failure.
    """
    loop = asyncio.get_running_loop()
    decoder = LineDecoder(limit_bytes)
    arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    wanted = threading.Semaphore(1)
    reading = threading.Thread(target=_read, args=(fd, loop, arrived, wanted), daemon=True)
    reading.start()
    while data := await arrived.get():
        if isinstance(data, OSError):
            raise _unreadable(fd, data)
        yield decoder.feed(data)
        wanted.release()
    yield decoder.finish()


def _read(
    fd: int,
    loop: asyncio.AbstractEventLoop,
    arrived: asyncio.Queue[bytes | OSError],
    wanted: threading.Semaphore,
) -> None:
    data: bytes | OSError = b"."
    while data and isinstance(data, bytes):
        wanted.acquire()
        try:
            data = os.read(fd, _READ_BYTES)
        except OSError as error:
            data = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(arrived.put_nowait, data)


def read_all(fd: int, most_bytes: int) -> tuple[bytes, int]:
    """Reads to the end. The first `most_bytes`, and how many followed. Raises Failure."""
    kept, dropped = bytearray(), 0
    try:
        while data := os.read(fd, _READ_BYTES):
            kept += data[: most_bytes - len(kept)]
            dropped += len(data)
    except OSError as error:
        raise _unreadable(fd, error) from None
    return bytes(kept), dropped - len(kept)


def _unreadable(fd: int, error: OSError) -> Failure:
    name, why = NAMES.get(fd, fd), error.strerror
    return Failure(Status.ERROR, f"{name} cannot be read: {why}")


class Closed(Exception):
    """Whoever read our output has had enough."""


def write(fd: int, data: bytes) -> None:
    """Writes all of it, and waits for that. Raises Closed, Failure (a full disk, say)."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])  # somebody who shares the terminal has made it so
        except OSError as error:
            # Windows says EINVAL of a pipe without a reader.
            if error.errno in (errno.EPIPE, errno.EINVAL):
                raise Closed from None
            name, why = NAMES.get(fd, fd), error.strerror
            raise Failure(Status.ERROR, f"{name} cannot be written: {why}") from None


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
