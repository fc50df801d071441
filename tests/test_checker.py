"""The checker catches a server that lies, and lets an honest one pass.

The server here is a stub that speaks as much of the JSON view as the checker
needs, with one fault of each kind to switch on.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from tests.checker import READER_DOORS, ROOT, Plan, Run
from tests.doors import Address
from tests.verdict import Verdict

PLAN = Plan(
    writers=3,
    readers=3,
    messages=600,
    kills=2,
    cuts=20,
    doors=["tcp-json"],
    writer_doors=["tcp-json"],
    patience_s=2.0,
)
# An event in so many is not as it should be.
NOW_AND_THEN = 97


@dataclass(frozen=True, slots=True)
class Faults:
    drops: bool = False
    duplicates: bool = False
    reorders: bool = False
    forgets: bool = False
    posts_twice: bool = False
    shows_unlogged: bool = False
    hides_behind_gaps: bool = False
    misnumbers: bool = False
    alters: bool = False


class Stub:
    """A server for one room, and a checker's target."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.log: list[dict[str, Any]] = []
        self.known: dict[str, int] = {}
        self.clients: set[Client] = set()
        self.up = asyncio.Event()
        self.tcp: Address = ("127.0.0.1", 0)
        self.web: Address | None = None

    async def kill(self) -> None:
        """Everybody is cut; what is in the log should be there still."""
        for client in self.clients.copy():
            client.writer.transport.abort()
        if self.faults.forgets:
            for event in self.log[-3:]:
                self.known.pop(event["id"], None)
            del self.log[-3:]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self, writer)
        try:
            while line := await reader.readline():
                client.hear(msgspec.json.decode(line))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.clients.discard(client)
            writer.close()

    def post(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The event, if it is new."""
        id, is_known = message["id"], message["id"] in self.known
        if is_known and not (self.faults.posts_twice and self.known[id] % 2):
            return None
        seq = self.known[id] = len(self.log) + 1
        if self.faults.shows_unlogged and seq % NOW_AND_THEN == 0:
            seq += 1
        event = {"kind": "say", "seq": seq, "id": id, "text": message["text"]}
        self.log.append({**event, "seq": len(self.log) + 1})
        return event

    def shown(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """As the readers are shown it."""
        seq, faults = event["seq"], self.faults
        if faults.reorders and seq % NOW_AND_THEN == 1 and seq > 1:
            return [event, self.log[seq - 2]]
        if seq % NOW_AND_THEN:
            return [event]
        if faults.drops or faults.reorders:
            return []
        if faults.duplicates:
            return [event, event]
        if faults.hides_behind_gaps:
            return [{"kind": "gap", "from": seq, "to": seq, "reason": "trimmed"}]
        if faults.misnumbers:
            return [{**event, "id": "somebody-elses"}]
        if faults.alters:
            return [{**event, "text": event["text"][:-1] + "?"}]
        return [event]


class Client:
    def __init__(self, stub: Stub, writer: asyncio.StreamWriter) -> None:
        self._stub = stub
        self.writer = writer
        self._is_faithful = True  # to writers, so that they are acknowledged

    def hear(self, message: dict[str, Any]) -> None:
        match message["kind"]:
            case "hello":
                self._hello(message)
            case "say":
                self._say(message)
            case "history":
                after, limit = message["after"], message["limit"]
                events = self._stub.log[after : after + limit]
                more = after + limit < len(self._stub.log)
                self.tell({"kind": "history", "events": events, "more": more})

    def _hello(self, message: dict[str, Any]) -> None:
        self._is_faithful = not message["nick"].startswith("r")
        self.tell({"kind": "welcome", "epoch": "e"})
        for event in self._stub.log[message.get("since", 0) :]:
            self.show(event)
        self._stub.clients.add(self)

    def _say(self, message: dict[str, Any]) -> None:
        event = self._stub.post(message)
        if event is None:
            self.tell(self._stub.log[self._stub.known[message["id"]] - 1])
            return
        for client in self._stub.clients:
            client.show(event)

    def show(self, event: dict[str, Any]) -> None:
        for shown in [event] if self._is_faithful else self._stub.shown(event):
            self.tell(shown)

    def tell(self, event: dict[str, Any]) -> None:
        if not self.writer.is_closing():
            self.writer.write(msgspec.json.encode(event) + b"\n")


@asynccontextmanager
async def stub(faults: Faults) -> AsyncIterator[Stub]:
    server = Stub(faults)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.tcp = listener.sockets[0].getsockname()
    server.up.set()
    try:
        yield server
    finally:
        listener.close()
        for client in server.clients.copy():
            client.writer.transport.abort()


async def verdict_on(faults: Faults, plan: Plan = PLAN) -> Verdict:
    async with stub(faults) as server:
        return await Run(server, plan).check()


@pytest.mark.parametrize("seed", range(5))
async def test_an_honest_server_passes(seed: int) -> None:
    verdict = await verdict_on(Faults(), replace(PLAN, seed=seed))
    assert verdict.is_good, verdict.report()
    assert verdict.total("sent") == verdict.total("acknowledged") == PLAN.messages + 2
    assert verdict.total("reconnects") >= PLAN.cuts / 2  # some hit who was about to go


LIES: dict[str, tuple[Faults, Callable[[Verdict], int]]] = {
    "drops": (Faults(drops=True), lambda v: v.total("missing")),
    "duplicates": (Faults(duplicates=True), lambda v: v.total("duplicates")),
    "reorders": (Faults(reorders=True), lambda v: v.total("disordered")),
    "forgets what it acknowledged": (Faults(forgets=True), lambda v: v.rows[-1].missing),
    "posts a retry twice": (Faults(posts_twice=True), lambda v: v.rows[-1].duplicates),
    "shows what it does not keep": (Faults(shows_unlogged=True), lambda v: v.total("wrong")),
    "declares a gap over what it keeps": (
        Faults(hides_behind_gaps=True),
        lambda v: v.total("wrong"),
    ),
    "alters a text": (Faults(alters=True), lambda v: v.total("wrong")),
    "gives a post another's id": (Faults(misnumbers=True), lambda v: v.total("wrong")),
}


@pytest.mark.parametrize(("faults", "count"), LIES.values(), ids=LIES.keys())
async def test_a_server_that_lies_is_caught(
    faults: Faults, count: Callable[[Verdict], int]
) -> None:
    verdict = await verdict_on(faults)
    assert not verdict.is_good
    assert count(verdict), verdict.report()


async def test_by_hand_it_says_what_it_found() -> None:
    """The command's table, and its exit status."""
    arguments = ("--messages", "50", "--writers", "2", "--readers", "5")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.checker", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output
    head, *rows, _, verdict = output.decode().splitlines()
    assert head.split()[:3] == ["door", "sent", "acknowledged"]
    assert {row.split()[0] for row in rows} == {*READER_DOORS, "log"}
    assert verdict.startswith("GOOD in")
