"""Other processes that hold the log's file: a forgotten shell, a database browser."""

from __future__ import annotations

import asyncio
from typing import Final

import apsw

from tests.faults.clients import bystanders, talker
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import house

_WAL_BYTES: Final = 64 * 1024 * 1024


@scenario
async def foreign_reader(ground: Ground) -> list[Finding]:
    async with house(ground) as served, talker(served, "talks") as client:
        await client.post_all((f"before-{n}" for n in range(100)), window=10)
        stranger = apsw.Connection(str(served.database))
        stranger.execute("BEGIN")
        stranger.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        number = 0
        while served.wal_bytes() < _WAL_BYTES + 2_000_000 and number < 40:
            number += 1
            await client.post_all((f"{n} ".ljust(4000, "x") for n in range(1000)), window=100)
        async with bystanders(served) as other:
            await client.post_all((f"after-{n} ".ljust(4000, "x") for n in range(3000)), window=20)
            p99, pongs = other.ms(0.99), len(other.times_s)
        stranger.close()
        refused, acks = len(client.refusals), len(client.acks)
        wal = served.wal_bytes() / 1e6
    fault = "a stranger's read transaction while 64 MB are written"
    return [
        Finding(fault, "no post is refused", not refused, f"{refused} of {refused + acks} refused"),
        Finding(fault, "another room's pings are answered at once", p99 < 100,
                f"{pongs} pongs, p99 {p99:.0f} ms; log {wal:.0f} MB", is_timed=True),
    ]  # fmt: skip


@scenario
async def foreign_writer(ground: Ground) -> list[Finding]:
    held_s = ground.of(6, 2)
    async with house(ground) as served, talker(served, "talks") as client:
        await client.post("before")
        async with bystanders(served) as other:
            await asyncio.sleep(0.5)
            stranger = apsw.Connection(str(served.database))
            stranger.execute("BEGIN IMMEDIATE")
            since = len(other.times_s)
            posts = []
            for number in range(held_s * 10):
                posts.append(asyncio.ensure_future(client.post(f"held-{number}")))
                await asyncio.sleep(0.1)
            pongs, p50 = len(other.times_s) - since, other.ms(0.5, since)
            stranger.execute("ROLLBACK")
            stranger.close()
            _, unanswered = await asyncio.wait(posts, timeout=10)
        after = await client.post("after")
        log = {event.text for event in await client.pages()}
        refused = sum(f"held-{n}" not in log for n in range(held_s * 10))
        exact = refused == len(client.refusals) and not unanswered
    fault = f"a stranger's write lock for {held_s} s"
    return [
        Finding(fault, "each post is answered truly; then all is well", exact and after.seq > 0,
                f"{len(client.acks)} acknowledged, {len(client.refusals)} refused, "
                f"{len(unanswered)} unanswered"),
        Finding(fault, "another room is not held up", pongs > held_s * 25,
                f"{pongs} pongs, p50 {p50:.0f} ms"),
    ]  # fmt: skip
