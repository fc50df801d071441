"""What `--keep` lets go: readers, pages and searches meanwhile, the file, and the clock."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from tests.faults.clients import Talker, fill, http, listeners, messages, skipped, soon, talker
from tests.faults.finding import Finding, Ground, NotTested, scenario
from tests.faults.server import House, another, house

_MB: Final = 1_000_000
_FAKETIME: Final = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


@scenario
async def trim(ground: Ground) -> list[Finding]:
    count = ground.of(600_000, 60_000)
    async with house(ground) as served:
        await fill(served, "lobby", count, lambda number: f"event {number} of the trim")
        await served.terminate()
        await served.start("--keep", "1000")
        async with talker(served, "asker") as asker:
            watch = _Watch(served, asker, count)
            await watch.until_trimmed()
        return watch.findings()


class _Watch:
    """Polls a log that is being trimmed, by every way of paging."""

    def __init__(self, served: House, asker: Talker, count: int) -> None:
        self._served, self._asker, self._count = served, asker, count
        self.polls = self.silent = self.history_silent = self.searches = self.too_new = 0
        self.firsts: list[int] = []

    async def until_trimmed(self) -> None:
        end = time.monotonic() + 120
        while time.monotonic() < end and not self._is_trimmed():
            await self._poll_page()
            await self._poll_history()
            await self._poll_search()

    def _is_trimmed(self) -> bool:
        return bool(self.firsts) and self.firsts[-1] >= self._count - 2500

    async def _poll_page(self) -> None:
        page = (await http(self._served.web, "GET", messages(after=100, limit=2))).page()
        self.polls += 1
        self.firsts.append(page.oldest)
        self.silent += bool(skipped(page, 100))

    async def _poll_history(self) -> None:
        answer = await self._asker.ask("history", after=100, limit=2)
        self.history_silent += bool(skipped(answer, 100))

    async def _poll_search(self) -> None:
        answer = await self._asker.ask("search", text="event", before=2000)
        self.searches += 1
        self.too_new += any(event.seq >= 2000 for event in answer.events)

    def findings(self) -> list[Finding]:
        fault = f"a trim of {self._count:,} events"
        moves = len(set(self.firsts))
        return [
            Finding(fault, "no HTTP page skips silently", not self.silent,
                    f"{self.silent} of {self.polls} pages; `first` took {moves} values"),
            Finding(fault, "no `history` skips silently", not self.history_silent,
                    f"{self.history_silent} of {self.polls} answers"),
            Finding(fault, "a search before N answers nothing from N on", not self.too_new,
                    f"{self.too_new} of {self.searches} answers"),
            Finding(fault, "the trim ends", self._is_trimmed(), f"first {self.firsts[-1]}"),
        ]  # fmt: skip


@scenario
async def trim_under_readers(ground: Ground) -> list[Finding]:
    """Readers that come late to a log that is being trimmed."""
    count = ground.of(200_000, 30_000)
    async with house(ground) as served:
        await fill(served, "lobby", count, lambda number: f"event {number}")
        await served.terminate()
        await served.start("--keep", "1000")
        async with listeners(served) as readers, talker(served, "last") as last:
            await last.post("the end")
            await soon(lambda: all(reader.has("the end") for reader in readers), 60)
            wrong = []
            for reader in readers:
                due = 1
                for item in reader.items:
                    first = item.seq if len(item) == 2 else item.first
                    if first != due:
                        wrong.append(f"{reader.door}: {first} where {due} is due")
                    due = (item.seq if len(item) == 2 else item.last) + 1
                if not reader.has("the end"):
                    wrong.append(f"{reader.door} never came to the end")
        gaps = [len(reader.gaps()) for reader in readers]
        promise = "each reader has everything once, or a declared gap"
        seen = f"{gaps} gaps; {len(wrong)} faults{': ' + wrong[0] if wrong else ''}"
        return [Finding("readers during a trim", promise, not wrong, seen)]


@scenario
async def keep_size(ground: Ground) -> list[Finding]:
    """With ids: what is remembered of them lies all over the file, as it does in a real one."""
    count = ground.of(450_000, 60_000)
    async with house(ground) as served:
        await fill(served, "lobby", count, lambda number: f"{number} ".ljust(60, "x"), ids=True)
        await served.terminate()
        before = served.database.stat().st_size
        await served.start("--keep", "10MB" if not ground.short else "2MB")
        peak = await _peak_until_calm(served)
        await served.terminate()
        after = served.database.stat().st_size
    fault = f"--keep of a tenth of a log of {before / _MB:.0f} MB"
    return [
        Finding(fault, "the write-ahead log stays within 64 MB (+ 8)", peak <= 75_500_000,
                f"its peak {peak / _MB:.0f} MB"),
        Finding(fault, "the file shrinks", after <= before / 4, f"{after / _MB:.1f} MB afterwards"),
    ]  # fmt: skip


async def _peak_until_calm(served: House) -> int:
    """The largest write-ahead log until `first` has moved and nothing changes for 5 s."""
    peak, calm_since, before, has_moved = 0, time.monotonic(), (0, 0), False
    end = calm_since + 150
    while time.monotonic() < end and not (has_moved and time.monotonic() - calm_since > 5):
        peak = max(peak, served.wal_bytes())
        page = (await http(served.web, "GET", messages(limit=1))).json()
        now = page["first"], served.database.stat().st_size
        has_moved = has_moved or page["first"] > 1
        if now != before:
            before, calm_since = now, time.monotonic()
        await asyncio.sleep(0.02)
    return peak


# -- the clock


class _Clock:
    """The server's wall clock, by libfaketime: it steps, the monotonic one does not."""

    def __init__(self, folder: Path) -> None:
        if not Path(_FAKETIME).exists():
            raise NotTested("libfaketime is not installed (Debian: libfaketime)")
        self._file = folder / "clock"
        self.step(0)
        self.environment = {
            "LD_PRELOAD": _FAKETIME,
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """From the true time."""
        spare = self._file.with_suffix(".new")
        spare.write_text(f"{seconds:+d}")
        os.replace(spare, self._file)


@scenario
async def clock(ground: Ground) -> list[Finding]:
    return [
        *await _an_hour_back(another(ground, "back")),
        *await _a_year_ahead(another(ground, "ahead")),
    ]


async def _an_hour_back(ground: Ground) -> list[Finding]:
    clock = _Clock(ground.folder)
    async with (
        house(ground, environment=clock.environment) as served,
        listeners(served) as readers,
        talker(served, "speaker") as speaker,
    ):
        await speaker.post("before")
        clock.step(-3600)
        await speaker.post("meanwhile")
        clock.step(0)
        await speaker.post("after")
        whole = await soon(lambda: all(reader.has("after") for reader in readers))
        seqs = [[item.seq for item in reader.items if len(item) == 2] for reader in readers]
        late = await _seconds_ahead(served)
    whole = whole and all(own == [1, 2, 3] for own in seqs)
    return [
        Finding("the clock an hour back, then right", "order and numbers are not touched", whole,
                f"{len(readers)} readers have {seqs[0]}"),
        Finding("the clock an hour back, then right", "`at` is right afterwards", abs(late) < 60,
                f"{late:.0f} s ahead"),
    ]  # fmt: skip


async def _a_year_ahead(ground: Ground) -> list[Finding]:
    clock = _Clock(ground.folder)
    fault = "the clock a year ahead for a minute, --keep 90d"
    async with house(ground, "--keep", "90d", environment=clock.environment) as served:
        async with talker(served, "speaker") as speaker:
            await speaker.post_all((f"message {number}" for number in range(30)), window=3)
            clock.step(365 * 86400)
            await speaker.post("a year ahead")
        # The trim at the start sees the wrong time; the long form waits for that of a minute, too.
        await served.terminate()
        await served.start()
        await asyncio.sleep(ground.of(65, 2))
        clock.step(0)
        async with talker(served, "speaker-2") as speaker:
            await speaker.post("right again")
            page = (await http(served.web, "GET", messages(after=0, limit=100))).json()
        late = await _seconds_ahead(served)
        said = served.complaints()
    return [
        Finding(fault, "nothing is deleted by the step", page["first"] == 1,
                f"first {page['first']}, {len(page['events'])} of 32 kept"),
        Finding(fault, "`at` is right at once afterwards", abs(late) < 120, f"{late:.0f} s ahead"),
        Finding(fault, "stderr says that the clock stepped", bool(said), said[:80] or "nothing"),
    ]  # fmt: skip


async def _seconds_ahead(served: House) -> float:
    page = (await http(served.web, "GET", messages(limit=1))).json()
    at: int = page["events"][-1]["at"]
    return at / 1000 - time.time()
