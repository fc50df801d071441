"""A real disk that fills up under a real server: said to whom it concerns, and over when it is."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

DISK_BYTES = 3_000_000


class Client:
    """A program on the TCP door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, **message: Any) -> None:
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of these kinds."""
        while True:
            event: dict[str, Any] = json.loads(
                await asyncio.wait_for(self._reader.readline(), timeout=20)
            )
            if event["kind"] in kinds:
                return event

    async def post(self, text: str, id: str) -> dict[str, Any]:
        """Its event, or the error that answers it."""
        self.send(kind="say", text=text, id=id)
        while (answer := await self.next("say", "error"))["id"] != id:
            pass
        return answer

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def server_on_a_small_disk(folder: Path) -> AsyncIterator[tuple[int, Path]]:
    """A server whose log lies on a disk of its own; its port, and the disk as seen from here."""
    script = (
        f"mount -t tmpfs -o size={DISK_BYTES} tmpfs {folder} && exec {sys.executable}"
        f" -m web_gateway --http-port 0 --tcp-port 0 --rate 0 --data {folder}"
    )
    process = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        sentence = (await asyncio.wait_for(process.stdout.readline(), timeout=20)).decode()
        port = int(sentence.split("nc localhost ")[1].split()[0])
        yield port, Path(f"/proc/{process.pid}/root{folder}")
    finally:
        process.terminate()
        await process.wait()


async def connected(port: int, nick: str) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    client.send(kind="hello", nick=nick)
    await client.next("live")
    return client


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                pass
    return filler


def refusal(folder: Path) -> str:
    """Why no disk of its own can be mounted there; empty if it can."""
    mount = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="NOT TESTED: a disk of its own needs Linux, root and unshare",
)
async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    if refused := refusal(tmp_path):
        pytest.skip(f"NOT TESTED: no disk of its own can be mounted here: {refused}")
    async with server_on_a_small_disk(tmp_path) as (port, disk):
        alice, bob = await connected(port, "alice"), await connected(port, "bob")
        before = await alice.post("before", "a0")
        filler = fill(disk)

        number, last = 0, before
        while last["kind"] == "say":
            number += 1
            assert number < 2000
            last = await alice.post("x" * 4000, f"a{number}")
        assert last["code"] == "storage"
        assert "full" in last["text"]
        alice.send(kind="history", limit=1)
        assert (await alice.next("history"))["events"][0]["seq"] == number

        filler.unlink()
        again = await alice.post("after", f"a{number}")
        assert (again["kind"], again["seq"]) == ("say", number + 1)

        seen = [await bob.next("say", "error") for _ in range(number + 1)]
        assert [event["seq"] for event in seen] == list(range(1, number + 2))
        assert [event["id"] for event in seen] == [f"a{i}" for i in range(number + 1)]
        alice.close()
        bob.close()
