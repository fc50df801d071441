"""Signals: the end of a server with clients that hang, its doors meanwhile, and a frozen one."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Final

from tests.checker import Plan, Run
from tests.doors import DOORS, Link, Visitor, WsJson
from tests.faults.clients import Talker, http, listeners, messages, soon, talker
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import House, another, house
from tests.faults.shim import Disk, preloaded
from tests.verdict import followed

# From SIGTERM to the end: `shutdown_s`, and a second for the process itself.
_STOP_S: Final = 6.0
_HALF_A_POST: Final = (
    b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 100\r\n\r\nhalf a post"
)
_ALL: Final = ("tcp-json", "ws-json", "sse", "ndjson")


async def _stuck(served: House, client: Talker) -> Link:
    """A reader that does not read, with more on its way than the kernel takes."""
    visitor = Visitor("lobby", "stuck", "session-of-stuck")
    link = await Link.open(served.tcp, DOORS["tcp-json"](), visitor, slow=True)
    while not any(event.kind == "live" for event in await link.events()):
        pass
    link.pause()
    await client.post_all((f"{n} ".ljust(4000, "x") for n in range(2500)), window=50)
    return link


@scenario
async def stop_with_hanging_clients(ground: Ground) -> list[Finding]:
    async with house(ground) as served:
        async with talker(served, "talks") as client:
            stuck = await _stuck(served, client)
        _, writer = await asyncio.open_connection(*served.web)
        writer.write(_HALF_A_POST)
        await asyncio.sleep(0.3)
        stopping = asyncio.ensure_future(served.terminate())
        await asyncio.sleep(4.5)
        late = await _late_web_socket(served)
        seconds = await stopping
        lines = served.complaints().splitlines()
        for link in (stuck, late):
            if link is not None:
                link.cut()
        writer.transport.abort()
    fault = "SIGTERM with a client that does not read, half a POST, a late WebSocket"
    return [
        Finding(fault, "the process ends within shutdown_s (5 s, + 1)", seconds <= _STOP_S,
                f"{seconds:.1f} s", is_timed=True),
        Finding(fault, "at most one line on stderr", len(lines) <= 1,
                f"{len(lines)} lines {''.join(lines)[:70]}"),
    ]  # fmt: skip


async def _late_web_socket(served: House) -> Link | None:
    visitor = Visitor("lobby", "late", "session-of-late-")
    with contextlib.suppress(OSError):
        return await Link.open(served.web, WsJson(), visitor, slow=False)
    return None


@scenario
async def stop_with_a_hanging_disk(ground: Ground) -> list[Finding]:
    found = []
    for durability, call in (("full", "sync"), ("normal", "write")):
        place = another(ground, durability)
        disk = preloaded(place)
        async with (
            house(place, "--durability", durability, environment=disk.environment) as served,
            talker(served, "talks") as client,
        ):
            await client.post_all(f"before-{n}" for n in range(5))
            # A slow write first: from then on a thread waits for the disk, and not the loop.
            disk.rule("write", delay_ms=60)
            await client.post_all((f"slow-{n}" for n in range(3)), window=1)
            acks = dict(client.acks.values())
            disk.rule(call, hold=True)
            stuck = asyncio.ensure_future(client.post("stuck"))
            await soon(partial(_is_struck, disk, call))
            seconds = await served.terminate()
            disk.heal()
            with contextlib.suppress(OSError):
                acks |= {(event := await stuck).seq: event.text}
            await served.start()
            async with talker(served, "auditor") as auditor:
                log = {event.seq: event.text for event in await auditor.pages()}
        lost = sum(log.get(seq) != text for seq, text in acks.items() if text)
        found += [
            Finding(f"SIGTERM while a {call} hangs, {durability}", "it ends within 6 s",
                    seconds <= _STOP_S, f"{seconds:.1f} s", is_timed=True),
            Finding(f"SIGTERM while a {call} hangs, {durability}",
                    "nothing acknowledged is lost", not lost, f"{lost} of {len(acks)} lost"),
        ]  # fmt: skip
    return found


def _is_struck(disk: Disk, call: str) -> bool:
    return disk.struck(call) > 0


@scenario
async def doors_while_stopping(ground: Ground) -> list[Finding]:
    async with house(ground) as served:
        async with talker(served, "talks") as client:
            stuck = await _stuck(served, client)
        stopping = asyncio.ensure_future(served.terminate())
        await asyncio.sleep(0.5)
        welcomed = [door for door in _ALL if await _is_welcomed(served, door)]
        post = await http(served.web, "POST", messages(nick="late"), "too late")
        seconds = await stopping
        stuck.cut()
    if post.status in (200, 201):
        welcomed.append("http-post")
    seen = f"welcomed at {welcomed or 'none'}; POST {post.status or 'refused'}; {seconds:.1f} s"
    return [Finding("half a second after SIGTERM", "no door takes anybody in", not welcomed, seen)]


async def _is_welcomed(served: House, name: str) -> bool:
    door = DOORS[name]()
    visitor = Visitor("lobby", f"late-{name}", f"session-late-{name}")
    try:
        async with asyncio.timeout(1):
            address = served.web if door.is_web else served.tcp
            link = await Link.open(address, door, visitor, slow=False)
            try:
                events = await link.enter(visitor)
                while not any(event.kind in ("welcome", "live", "say") for event in events):
                    events = await link.events()
                return True
            finally:
                link.cut()
    except Exception:
        return False


def _has_acks(client: Talker, count: int) -> bool:
    return len(client.acks) > count


@scenario
async def healthy_stop(ground: Ground) -> list[Finding]:
    """SIGTERM while everybody talks: nothing acknowledged is lost, and it is quick."""
    slow, wrong = [], []
    async with house(ground) as served, listeners(served) as readers:
        acks = {}
        for number in range(ground.of(6, 2)):
            async with talker(served, f"talks-{number}") as client:
                talking = asyncio.ensure_future(
                    client.post_all((f"{number}-{n}" for n in range(100_000)), window=16)
                )
                await soon(partial(_has_acks, client, 200))
                slow.append(await served.terminate())
                await asyncio.wait([talking], timeout=5)
                talking.cancel()
                talking.exception()  # its connection is over
                acks.update(dict(client.acks.values()))
            await served.start()
        async with talker(served, "last") as last:
            await last.post("the end")
            await soon(lambda: all(reader.has("the end") for reader in readers))
            log = [(event.seq, event.text) for event in await last.pages()]
        kept = dict(log)
        wrong = [f"{seq} acknowledged, not kept" for seq in acks if kept.get(seq) != acks[seq]]
        wrong += [f for reader in readers for f in followed(reader.items, log)]
    seen = f"{len(acks)} acknowledged, {len(wrong)} faults; slowest {max(slow):.1f} s"
    fault = f"SIGTERM while people talk, {len(slow)} times"
    holds = not wrong and max(slow) < _STOP_S
    return [Finding(fault, "nothing acknowledged is lost; readers are whole", holds,
                    seen + (f": {wrong[0]}" if wrong else ""))]  # fmt: skip


@scenario
async def second_server(ground: Ground) -> list[Finding]:
    async with house(ground) as served:
        second = House(ground)
        starting = asyncio.ensure_future(second.start())
        await asyncio.sleep(1.0)
        await served.terminate()
        try:
            await starting
            opened, why = True, "opened"
        except RuntimeError as error:
            opened, why = False, str(error).splitlines()[-1][:90]
        if second.is_running():
            await second.halt()
    return [Finding("a second server starts a second before the first stops",
                    "it waits for the lock, and opens", opened, why)]  # fmt: skip


@scenario
async def frozen(ground: Ground) -> list[Finding]:
    found = []
    for seconds in (ground.short and (1,)) or (1, 6):
        async with (
            house(another(ground, str(seconds))) as served,
            listeners(served) as readers,
            talker(served, "talks") as client,
        ):
            talking = asyncio.ensure_future(
                client.post_all((f"frozen-{n}" for n in range(3000)), window=8)
            )
            await soon(partial(_has_acks, client, 100))
            served.freeze()
            await asyncio.sleep(seconds)
            served.thaw()
            await talking
            await soon(lambda: all(reader.has("frozen-2999") for reader in readers))
            log = [(event.seq, event.text) for event in await client.pages()]
            wrong = [f for reader in readers for f in followed(reader.items, log)]
            again = sum(reader.visits - 1 for reader in readers)
            holds = not wrong and len(client.acks) == 3000 and not again
            found.append(Finding(
                f"SIGSTOP for {seconds} s", "nobody is cut, nothing is lost", holds,
                f"{len(client.acks)} of 3000 acknowledged, {again} reconnects, {len(wrong)} faults",
            ))  # fmt: skip
    return found


@scenario
async def kills(ground: Ground) -> list[Finding]:
    """The checker's own run: kill -9 and resets, at every door."""
    found = []
    doors = ("tcp-text", "tcp-json", "ws-json", "sse", "ndjson")
    for durability in ("normal", "full"):
        plan = Plan(
            messages=ground.of(6000, 1500), kills=ground.of(5, 2), cuts=ground.of(60, 10),
            readers=5, doors=doors, text_bytes=60,
        )  # fmt: skip
        async with house(another(ground, durability), "--durability", durability) as served:
            verdict = await Run(served, plan).check()
            complaints = served.complaints()
        faults = [*verdict.faults, *complaints.splitlines()]
        said = f"{verdict.total('acknowledged')} acknowledged, {verdict.total('received')} received"
        found.append(Finding(
            f"kill -9 × {plan.kills}, {plan.cuts} resets, {durability}",
            "each acknowledged message once, with its text, in one order, for every reader",
            not faults, f"{said}, {len(faults)} faults{': ' + faults[0][:80] if faults else ''}",
        ))  # fmt: skip
    return found
