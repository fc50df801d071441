"""A disk that refuses, stalls or is gone."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from tests.doors import Event
from tests.faults.clients import Talker, bystanders, http, listeners, messages, soon, talker
from tests.faults.finding import Finding, Ground, NotTested, scenario
from tests.faults.server import another, house
from tests.faults.shim import preloaded
from tests.verdict import followed

_DISK_BYTES: Final = 8_000_000
_STALL_S: Final = 12
_FLOOD: Final = 20_000


@scenario
async def refused_stays_refused(ground: Ground) -> list[Finding]:
    found = []
    for call, number in (("sync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)):
        place = another(ground, f"{call}-{number}")
        found.append(await _refused(place, call, number))
    return found


async def _refused(ground: Ground, call: str, number: int) -> Finding:
    disk = preloaded(ground)
    name = errno.errorcode[number]
    flags = ("--durability", "full")
    async with house(ground, *flags, environment=disk.environment) as served:
        async with talker(served, "talks") as client:
            await client.post_all(f"before-{n}" for n in range(5))
            disk.rule(call, error=number)
            await client.post_all((f"bad-{n}" for n in range(5)), window=1)
            answer = await http(served.web, "POST", messages(nick="curl"), "bad-http")
            told = [*client.refusals.values(), answer.json().get("code", "said")]
            await served.halt()
            acks = dict(client.acks.values())
        disk.heal()
        await served.start()
        async with talker(served, "auditor") as auditor:
            log = {event.seq: event.text for event in await auditor.pages()}
            after = await auditor.post("after")
        # A post that was answered with `unknown` may be there.
        kept = sum(text.startswith("bad-") for text in log.values())
        lost = [seq for seq, text in acks.items() if log.get(seq) != text]
    codes = Counter(told)
    holds = kept <= codes["unknown"] and not lost and after.kind == "say"
    seen = f"answers {dict(codes)}; {kept} of them later in the log"
    return Finding(
        f"{name} of {call} under --durability full, kill -9, start",
        "what was refused never appears, what was acknowledged is there",
        holds and len(told) == 6,
        f"{seen}; acknowledged and lost: {len(lost)}",
    )


@scenario
async def errors_that_end(ground: Ground) -> list[Finding]:
    """While the server runs: refused, then all is well without a restart."""
    found = []
    cases = [("write", errno.EIO), ("write", errno.ENOSPC), ("sync", errno.EIO)]
    for durability in ("normal", "full"):
        for call, number in cases:
            if (durability, call) != ("normal", "sync"):
                place = another(ground, f"{durability}-{call}-{number}")
                found.append(await _mends(place, durability, call, number))
    return found


async def _mends(ground: Ground, durability: str, call: str, number: int) -> Finding:
    disk = preloaded(ground)
    flags = ("--durability", durability)
    async with (
        house(ground, *flags, environment=disk.environment) as served,
        listeners(served) as readers,
        talker(served, "talks") as client,
    ):
        await client.post_all(f"before-{n}" for n in range(5))
        disk.rule(call, error=number)
        await client.post_all((f"bad-{n}" for n in range(5)), window=1)
        page = await http(served.web, "GET", messages(after=0))
        disk.heal()
        healed = await soon_posted(client)
        await soon(lambda: all(reader.has("healed") for reader in readers))
        log = [(event.seq, event.text) for event in await client.pages()]
        wrong = [f for reader in readers for f in followed(reader.items, log)]
        kept = {text for _, text in log}
        wrong += [f"{id} acknowledged, not kept" for id, ack in client.acks.items()
                  if ack.key not in kept]  # fmt: skip
    refused = list(client.refusals.values())
    seen = f"{len(refused)} refused, reading {page.status}, healed: {healed}; {len(wrong)} faults"
    return Finding(
        f"{errno.errorcode[number]} of {call} for a while, {durability}",
        "posts are refused, reading goes on, it mends itself, readers are whole",
        healed and not wrong and page.status == 200,
        seen + (f": {wrong[0]}" if wrong else ""),
    )


@scenario
async def retries(ground: Ground) -> list[Finding]:
    """Single failures under a client that posts again, with the same id, until it is answered."""
    disk, codes = preloaded(ground), Counter[str]()
    calls = [("sync", errno.EIO), ("write", errno.EIO), ("write", errno.ENOSPC)]
    flags = ("--durability", "full")
    async with (
        house(ground, *flags, environment=disk.environment) as served,
        listeners(served) as readers,
        talker(served, "talks") as client,
    ):
        rounds = ground.of(60, 15)
        for number in range(rounds):
            call, error = calls[number % len(calls)]
            disk.rule(call, error=error, times=1 + number % 3)
            await _insist(client, f"round {number}", f"id-{number}", codes)
            disk.heal()
        await client.post("the end")
        await soon(lambda: all(reader.has("the end") for reader in readers))
        log = [(event.seq, event.text) for event in await client.pages()]
        wrong = [f for reader in readers for f in followed(reader.items, log)]
    texts = [text for _, text in log if text.startswith("round")]
    once = texts == [f"round {number}" for number in range(rounds)]
    return [
        Finding(
            f"{rounds} failures of the disk, each post tried again with its id",
            "each message is in the log once, in order, and reaches every reader once",
            once and not wrong,
            f"answers before success {dict(codes)}; {len(texts)} of {rounds} in the log,"
            f" {len(wrong)} faults{': ' + wrong[0] if wrong else ''}",
        )
    ]


async def _insist(client: Talker, text: str, id: str, codes: Counter[str]) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(20):
        while (answer := await client.post(text, id)).kind == "error":
            codes[answer.code] += 1
            await asyncio.sleep(0.05)


async def soon_posted(client: Talker) -> bool:
    """Whether a post is taken within some seconds."""
    for _ in range(50):
        if (await client.post("healed")).kind == "say":
            return True
        await asyncio.sleep(0.1)
    return False


@scenario
async def read_errors(ground: Ground) -> list[Finding]:
    disk = preloaded(ground)
    async with house(ground, environment=disk.environment) as served:
        async with talker(served, "talks") as client:
            await client.post_all((f"{n} ".ljust(3000, "x") for n in range(4000)), window=50)
        await served.terminate()
        await served.start()
        disk.rule("read", error=errno.EIO, times=40)
        async with listeners(served) as readers, talker(served, "late") as late:
            page = await http(served.web, "GET", messages(after=0, limit=100))
            disk.heal()
            ended = await late.post("the end")
            whole = await soon(lambda: all(reader.has("the end") for reader in readers), 20)
            log = [(event.seq, event.text) for event in await late.pages()]
            wrong = [f for reader in readers for f in followed(reader.items, log)]
    holds = whole and not wrong and ended.kind == "say" and page.status in (200, 503)
    seen = f"page {page.status}; all at the end: {whole}; {len(wrong)} faults"
    return [Finding("EIO of 40 reads", "readers are whole, or have a declared gap", holds,
                    seen + (f": {wrong[0]}" if wrong else ""))]  # fmt: skip


@scenario
async def stalled_disk(ground: Ground) -> list[Finding]:
    disk = preloaded(ground)
    members, stall_s = ground.of(10, 4), ground.of(_STALL_S, 2)
    flags = ("--durability", "full")
    async with (
        house(ground, *flags, environment=disk.environment) as served,
        AsyncExitStack() as all,
    ):
        # Each in a room of its own, so that what they wait for is the disk and not each other.
        entering = [talker(served, f"floods-{n}", f"room-{n}") for n in range(members)]
        clients = [await all.enter_async_context(one) for one in entering]
        before = served.rss_kb()
        disk.rule("sync", hold=True)
        posts = [asyncio.ensure_future(_flood(client, stall_s)) for client in clients]
        await asyncio.sleep(stall_s)
        grown = (served.rss_kb() - before) // 1024
        disk.heal()
        sent = sum(await asyncio.gather(*posts))
        answered = sum(len(client.acks) + len(client.refusals) for client in clients)
        codes = {code for client in clients for code in client.refusals.values()}
        lost = sum([await _lost(client) for client in clients])
        grown = max(grown, (served.peak_kb() - before) // 1024)
    fault = f"the disk stalls for {stall_s} s, {members} members flood with --rate 0"
    return [
        Finding(fault, "memory grows by less than 64 MB", grown < 64, f"+{grown} MB"),
        Finding(fault, "`busy` beyond the bound; each post is answered truly",
                answered == sent and not lost and codes <= {"busy"},
                f"{sent} sent, {answered} answered, codes {sorted(codes)}, {lost} lost"),
    ]  # fmt: skip


async def _lost(client: Talker) -> int:
    """Of the last 200 acknowledged, and of the numbers before them."""
    acks = dict(client.acks.values())
    newest = max(acks, default=0)
    log = {event.seq: event.text for event in await client.pages(after=max(newest - 200, 0))}
    wrong = sum(acks.get(seq) != text for seq, text in log.items())
    return wrong + sum(seq not in log for seq in acks if seq > newest - 200)


async def _flood(client: Talker, seconds: int) -> int:
    """As fast as the connection takes it, 80 MB at most; how many were sent."""
    end = asyncio.get_running_loop().time() + seconds
    answers: list[tuple[str, asyncio.Future[Event]]] = []
    while asyncio.get_running_loop().time() < end and len(answers) < _FLOOD:
        for _ in range(20):
            id = f"f{len(answers)}"
            answer = client.ask("say", text=f"{id} ".ljust(4000, "x"), id=id)
            answers.append((id, answer))
        await client.drained(0.05)
    for id, answer in answers:
        client.note(id, await asyncio.wait_for(answer, 200))
    return len(answers)


@scenario
async def slow_page_cache(ground: Ground) -> list[Finding]:
    found = []
    for delay_ms in () if ground.short else (20, 300):
        place = another(ground, str(delay_ms))
        found.append(await _slow_writes(place, delay_ms))
    found.append(await _stuck_write(another(ground, "stuck")))
    return found


async def _slow_writes(ground: Ground, delay_ms: int) -> Finding:
    disk = preloaded(ground)
    async with (
        house(ground, environment=disk.environment) as served,
        talker(served, "talks") as client,
        bystanders(served) as other,
    ):
        await asyncio.sleep(0.5)
        disk.rule("write", delay_ms=delay_ms)
        since = len(other.times_s)
        started = asyncio.get_running_loop().time()
        await client.post_all((f"slow-{n}" for n in range(ground.of(20, 6))), window=1)
        seconds = asyncio.get_running_loop().time() - started
        pongs, p50 = len(other.times_s) - since, other.ms(0.5, since)
        disk.heal()
    return Finding(
        f"each write takes {delay_ms} ms, --durability normal",
        "another room's pings are answered meanwhile",
        pongs > seconds * 40,
        f"{pongs} pongs in {seconds:.1f} s, p50 {p50:.1f} ms",
        is_timed=True,
    )


async def _stuck_write(ground: Ground) -> Finding:
    disk = preloaded(ground)
    async with (
        house(ground, environment=disk.environment) as served,
        talker(served, "talks") as client,
        talker(served, "other", "elsewhere") as other,
    ):
        # The first slow write after fast ones is on the loop; from then on a thread waits.
        disk.rule("write", delay_ms=60)
        await client.post_all((f"before-{n}" for n in range(3)), window=1)
        disk.rule("write", hold=True)
        post = asyncio.ensure_future(client.post("stuck"))
        await soon(lambda: disk.struck("write") > 0, 5)
        await asyncio.sleep(0.5)
        pongs = 0
        for _ in range(50):
            answer = other.ask("ping")
            if not await soon(answer.done, 0.5):
                break
            pongs += 1
        is_stuck = not post.done()
        disk.heal()
        settled = await asyncio.wait_for(post, 10)
    return Finding(
        "a slow disk gets stuck in a write, --durability normal",
        "deliveries in another room go on; the post is acknowledged when it is written",
        pongs == 50 and is_stuck and settled.kind == "say",
        f"{pongs} of 50 pongs; stuck meanwhile: {is_stuck}; then {settled.kind}",
    )


@scenario
async def folder_deleted(ground: Ground) -> list[Finding]:
    async with house(ground) as served, talker(served, "talks") as client:
        await client.post_all(f"before-{n}" for n in range(5))
        shutil.rmtree(served.data)
        refused = await _until_refused(client)
        acked = len(client.acks) - 5
        await asyncio.sleep(3 if not ground.short else 0)
        lines = served.complaints().splitlines()
    fault = "the data folder is deleted while it runs"
    return [
        Finding(fault, "posts are refused within seconds", refused,
                f"{acked} acknowledged after it, then refused: {refused}"),
        Finding(fault, "one line on stderr says so", len(lines) == 1,
                f"{len(lines)} lines: {lines[0][:70] if lines else ''}"),
    ]  # fmt: skip


async def _until_refused(client: Talker) -> bool:
    for number in range(40):
        if (await client.post(f"gone-{number}")).kind == "error":
            return True
        await asyncio.sleep(0.1)
    return False


@scenario
async def full_disk(ground: Ground) -> list[Finding]:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        raise NotTested("a disk of its own needs Linux, root and unshare")
    mount = f'mount -t tmpfs -o size={_DISK_BYTES} tmpfs "$0" && exec "$@"'
    prefix = ("unshare", "-m", "sh", "-c", mount, str(ground.folder / "data"))
    async with house(ground, prefix=prefix) as served, listeners(served) as readers:
        disk = Path(f"/proc/{served.process.pid}/root{served.data}")
        async with talker(served, "talks") as client:
            await client.post("before")
            (disk / "filler").write_bytes(bytes(_DISK_BYTES - 3_000_000))
            for number in range(3000):
                if (await client.post(f"{number} ".ljust(4000, "x"))).kind == "error":
                    break
            codes = set(client.refusals.values())
            page = await http(served.web, "GET", messages(after=0, limit=5))
            async with talker(served, "newcomer", patience_s=3):
                pass
            (disk / "filler").unlink()
            healed = await soon_posted(client)
            await soon(lambda: all(reader.has("healed") for reader in readers))
            log = [(event.seq, event.text) for event in await client.pages()]
            wrong = [f for reader in readers for f in followed(reader.items, log)]
            kept = dict(log)
            lost = sum(kept.get(seq) != text for seq, text in client.acks.values())
    holds = codes == {"storage"} and healed and not wrong and not lost and page.status == 200
    return [
        Finding(
            "a full disk (tmpfs)",
            "posts get `storage`, newcomers and readers are served, it mends itself",
            holds,
            f"codes {sorted(codes)}, page {page.status}, healed: {healed}, {lost} lost,"
            f" {len(wrong)} faults",
        )
    ]
