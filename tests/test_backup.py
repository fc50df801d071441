"""`oneroom backup` and a restore, with a real server: nobody misses anything in silence."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.checker import ROOT, Served, served


class Client:
    """A program on the line door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def enter(cls, server: Served, **hello: Any) -> Client:
        client = cls(*await asyncio.open_connection(*server.tcp))
        client.send(kind="hello", **hello)
        return client

    def send(self, **message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of these kinds."""
        async with asyncio.timeout(20):
            while True:
                event: dict[str, Any] = json.loads(await self._reader.readline())
                if event["kind"] in kinds:
                    return event

    async def say(self, text: str) -> int:
        """Its seq."""
        self.send(kind="say", text=text, id=text)
        while (event := await self.next("say"))["id"] != text:
            pass
        return int(event["seq"])


async def backed_up(folder: Path, copy: Path) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from web_gateway.start import main; main()"),
        *("backup", str(copy), "--data", str(folder)),
        cwd=ROOT,
    )
    return await asyncio.wait_for(process.wait(), timeout=30)


async def test_a_restored_backup_is_shown_to_be_another_log(tmp_path: Path) -> None:
    folder, copy = tmp_path / "data", tmp_path / "copy.db"
    folder.mkdir()
    async with served(folder) as server:
        alice = await Client.enter(server, nick="alice")
        epoch = (await alice.next("welcome"))["epoch"]
        for number in range(100):
            await alice.say(f"kept-{number}")
        backing_up = asyncio.create_task(backed_up(folder, copy))
        said = 0
        while not backing_up.done():  # people talk meanwhile
            await alice.say(f"meanwhile-{said}")
            said += 1
        assert await backing_up == 0
        last = await alice.say("lost with the restore")
        alice.writer.close()
    for file in folder.glob("oneroom.db*"):
        file.unlink()
    (folder / "oneroom.db").write_bytes(copy.read_bytes())
    async with served(folder) as server:
        bob = await Client.enter(server, nick="bob")
        assert (await bob.next("welcome"))["epoch"] != epoch
        for number in range(said + 10):  # past the number that alice saw last
            await bob.say(f"new-{number}")
        alice = await Client.enter(server, nick="alice", since=last, epoch=epoch)
        assert (await alice.next("gap", "say"))["reason"] == "epoch"
        alice.send(kind="history", after=0, limit=100)
        page = (await alice.next("history"))["events"]
        assert [event["text"] for event in page] == [f"kept-{number}" for number in range(100)]
        bob.writer.close()
        alice.writer.close()
    assert "new epoch" in server.complaints()
