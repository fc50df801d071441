"""Standard input and output of a filter."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from oneroom_client import stdio
from tcp_room.lines import TOO_LONG


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    ends = list(os.pipe())
    yield ends
    for end in ends:
        if end >= 0:
            os.close(end)


def close(pipe: list[int], end: int) -> None:
    os.close(pipe[end])
    pipe[end] = -1


async def test_lines_come_as_they_are_written_and_the_last_needs_no_end(pipe: list[int]) -> None:
    lines = stdio.lines(pipe[0], 10)
    os.write(pipe[1], "one\r\n二\nhal".encode())
    assert await anext(lines) == [b"one", "二".encode()]
    os.write(pipe[1], b"f\n" + b"x" * 11 + b"\nlast")
    assert await anext(lines) == [b"half", TOO_LONG]
    close(pipe, 1)
    assert [line async for each in lines for line in each] == [b"last"]


async def test_it_reads_no_further_than_it_is_asked_to(pipe: list[int]) -> None:
    lines = stdio.lines(pipe[0], 10)
    os.write(pipe[1], b"one\n")
    assert await anext(lines) == [b"one"]
    os.write(pipe[1], b"two\n")
    await asyncio.sleep(0)
    assert os.read(pipe[0], 10) == b"two\n"  # nobody else has read it
    close(pipe, 1)
    assert [line async for each in lines for line in each] == []


async def test_who_writes_waits_until_it_is_read(pipe: list[int]) -> None:
    os.set_blocking(pipe[1], False)
    data = os.urandom(300_000)
    writing = asyncio.create_task(asyncio.to_thread(stdio.write, pipe[1], data))
    read = b""
    while len(read) < len(data):
        read += await asyncio.to_thread(os.read, pipe[0], 1 << 16)
    await writing
    assert read == data


def test_a_reader_that_went_is_told_of(pipe: list[int]) -> None:
    close(pipe, 0)
    with pytest.raises(stdio.Closed):
        stdio.write(pipe[1], b"x")


async def test_a_reader_that_goes_is_noticed_without_writing(pipe: list[int]) -> None:
    noticed = asyncio.Event()
    stdio.on_closed(pipe[1], noticed.set)
    await asyncio.sleep(0)
    assert not noticed.is_set()
    close(pipe, 0)
    await asyncio.wait_for(noticed.wait(), 5)


async def test_a_file_has_no_reader_to_watch() -> None:
    with open(os.devnull, "wb") as file:  # noqa: ASYNC230
        stdio.on_closed(file.fileno(), lambda: None)
