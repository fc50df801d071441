"""What is promised of messages themselves: private ones, ids, searches, listings, positions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from tests.doors import DOORS, Link, Visitor
from tests.faults.clients import Talker, bystanders, fill, http, messages, soon, talker
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import House, house

_ROOMS: Final = 700


@scenario
async def private_message(ground: Ground) -> list[Finding]:
    async with house(ground) as served, talker(served, "alice") as alice:
        visitor = Visitor("lobby", "bob", "session-of-bob-it-is")
        bob = await Link.open(served.tcp, DOORS["tcp-json"](), visitor, slow=True)
        while not any(event.kind == "live" for event in await bob.events()):
            pass
        bob.pause()
        await _fill_kernel(served, alice, bob)
        answer = await alice.ask("dm", to="bob", text="did you get this?")
        bob.cut()
        told = await alice.until(_says_undelivered, 8)
    code = answer.code or answer.kind
    fault = "a private message to one whose connection then breaks, unread in our process"
    promise = "the sender is told that it was not delivered"
    return [Finding(fault, promise, told or answer.kind == "error",
                    f"answered {code}; then `undelivered`: {told}")]  # fmt: skip


def _says_undelivered(event: object) -> bool:
    return "undelivered" in (getattr(event, "kind", ""), getattr(event, "code", ""))


async def _fill_kernel(served: House, talks: Talker, bob: Link) -> None:
    """Until the kernel takes no more for bob: the next bytes wait in the server's own memory."""
    before = -1
    for _ in range(200):
        await talks.post_all((f"{number} ".ljust(4000, "x") for number in range(16)), window=4)
        now = _queued(served.tcp[1], bob.port)
        if now == before:
            return
        before = now


def _queued(ours: int, theirs: int) -> int:
    """Bytes in the server's send queue of one connection."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = tuple(int(end.rpartition(":")[2], 16) for end in fields[1:3])
        if ports == (ours, theirs):
            return int(fields[4].partition(":")[0], 16)
    return -1


@scenario
async def searches(ground: Ground) -> list[Finding]:
    events, searchers, seconds = ground.of(100_000, 20_000), 10, ground.of(8, 3)
    async with house(ground) as served:
        await fill(served, "lobby", events, lambda n: f"message {n} of a large room, in some words")
        await served.terminate()
        await served.start("--rate", "5")
        # Twenty that ping four times a second each, since `--rate` is for pings too.
        async with bystanders(served, 20, 0.25) as other:
            await asyncio.sleep(1.5)
            calm = len(other.times_s)
            tasks = [asyncio.ensure_future(_search(served, n, seconds)) for n in range(searchers)]
            await asyncio.sleep(1)
            newcomers = [asyncio.ensure_future(_live(served, n)) for n in range(5)]
            live = sum(await asyncio.gather(*newcomers))
            results = await asyncio.gather(*tasks)
            p50, p99 = other.ms(0.5, calm), other.ms(0.99, calm)
            before, pongs = _p99(other.times_s[:calm]), len(other.times_s) - calm
    asked, answered = sum(r[0] for r in results), sum(r[1] for r in results)
    last = sum(r[2] for r in results)
    bar = max(50.0, 5 * before)
    fault = f"{searchers} members search {events:,} events, within --rate"
    return [
        Finding(fault, "another room's p99 is at most 50 ms or five times the calm one", p99 <= bar,
                f"p99 {before:.1f} → {p99:.0f} ms, p50 {p50:.1f}, {pongs} pongs",
                is_timed=True),
        Finding(fault, "each member's last search is answered; newcomers are live in 2 s",
                last == searchers and live == 5,
                f"{answered} of {asked}, {last} of {searchers} last ones; {live} of 5 are live"),
    ]  # fmt: skip


def _p99(times_s: list[float]) -> float:
    ordered = sorted(times_s) or [0.0]
    return ordered[int(len(ordered) * 0.99)] * 1000


async def _search(served: House, number: int, seconds: int) -> tuple[int, int, bool]:
    """Asked, answered, and whether the last was."""
    async with talker(served, f"seeks-{number}") as client:
        answers = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answers.append(client.ask("search", text=f"nothing {number} like this"))
            await asyncio.sleep(0.2)
        await soon(answers[-1].done, 20)
        found = [answer for answer in answers if answer.done()]
        return len(answers), len(found), answers[-1].done()


async def _live(served: House, number: int) -> bool:
    try:
        async with talker(served, f"newcomer-{number}", patience_s=2):
            return True
    except TimeoutError:
        return False


@scenario
async def id_reused(ground: Ground) -> list[Finding]:
    async with house(ground) as served, talker(served, "alice") as alice:
        first = await alice.post("one text", "the-id")
        same = await alice.post("one text", "the-id")
        other = await alice.post("another text", "the-id")
        key = ("Idempotency-Key: k1",)
        path = messages(nick="ci")
        posts = [await http(served.web, "POST", path, text, key) for text in ("a", "a", "b")]
    statuses = [post.status for post in posts]
    seen = f"TCP: {same.kind} {same.seq}, then {other.kind} {other.code}; HTTP {statuses}"
    holds = (same.seq, other.code, statuses) == (
        first.seq,
        "id_reused",
        [201, 200, 422],
    ) and b"id_reused" in posts[2].body
    promise = "refused as `id_reused`; with the same text answered again"
    return [Finding("an id used again with other text", promise, holds, seen)]


@scenario
async def many_rooms(ground: Ground) -> list[Finding]:
    async with house(ground) as served:
        await _speak(served, range(_ROOMS))
        await served.terminate()
        await served.start()
        await _speak(served, [3])
        rooms = (await http(served.web, "GET", "/rooms")).json()["rooms"]
        listed = {line["room"] for line in rooms}
    latest = [*range(_ROOMS - 200, _ROOMS), 3]
    missing = [number for number in latest if f"room-{number}" not in listed]
    return [Finding(f"{_ROOMS} rooms, a restart", "those spoken in last are listed", not missing,
                    f"{len(listed)} listed, {len(missing)} of the latest 201 missing")]  # fmt: skip


async def _speak(served: House, numbers: object) -> None:
    for number in numbers:  # type: ignore[attr-defined]
        await http(served.web, "POST", messages(f"room-{number}", nick="ci"), "hello")


@scenario
async def epoch_gap(ground: Ground) -> list[Finding]:
    async with house(ground) as served:
        async with talker(served, "alice") as alice:
            await alice.post_all(f"message {n}" for n in range(20))
        full, full_ok = await _foreign(served, "lobby")
        empty, empty_ok = await _foreign(served, "empty-room")
    fault = "a client of another epoch"
    return [
        Finding(fault, "its gap names no event that follows it", full_ok, full),
        Finding(fault, "in an empty room it names no range at all", empty_ok, empty),
    ]


async def _foreign(served: House, room: str) -> tuple[str, bool]:
    async with talker(served, f"comes-to-{room}", room, since=3, epoch="another") as client:
        gaps = [event for event in client.heard if event.kind == "gap"]
        shown = [event.seq for event in client.heard if event.kind == "say"]
    if len(gaps) != 1 or gaps[0].reason != "epoch":
        return f"{len(gaps)} gaps", False
    first, last = int(gaps[0].first or 0), int(gaps[0].last or 0)
    false = [seq for seq in shown if first <= seq <= last]
    is_none = (first, last) == (0, 0)
    return f"gap {first}..{last}, followed by {len(shown)} events", not false and (
        is_none or first <= last
    )
