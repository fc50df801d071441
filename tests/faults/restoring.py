"""A log that is not the one it was: a backup put back, a lost tail, a copy of the folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apsw

from tests.faults.clients import Listener, fill, http, listeners, messages, soon, talker
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import House, another, house
from tests.verdict import followed

Change = Callable[[House, Path], None]
_BEFORE, _LOST, _AFTER = 100, 50, 200


@scenario
async def restore(ground: Ground) -> list[Finding]:
    cases: list[tuple[str, bool, bool, Change, tuple[str, ...]]] = [
        ("a backup put back after a clean stop", False, False, _put_back, ()),
        ("a backup of the same life put back after kill -9", True, False, _put_back, ()),
        ("the write-ahead log cut to 90 % after kill -9", True, True, _cut_wal, ()),
        ("the write-ahead log deleted after kill -9", True, True, _delete_wal, ()),
        ("oneroom serve --new-epoch", False, False, _nothing, ("--new-epoch",)),
    ]
    found = []
    for number, (fault, kill, restart, change, flags) in enumerate(cases):
        found.append(
            await _another_log(another(ground, str(number)), fault, kill, restart, change, flags)
        )
    for kill in (False, True):
        found.append(await _same_log(another(ground, f"same-{kill}"), kill))
    return found


async def _another_log(
    ground: Ground, fault: str, kill: bool, restart: bool, change: Change, flags: tuple[str, ...]
) -> Finding:
    promise = "each reader that resumes is told of another log; nothing is missed in silence"
    copy = ground.folder / "copy.db"
    async with house(ground) as served:
        if restart:
            # What names the log is in the file then, and no longer in the write-ahead log.
            await served.terminate()
            await served.start()
        async with listeners(served) as readers:
            await _say(served, "before", _BEFORE)
            _back_up(served.database, copy)
            await _say(served, "lost", _LOST)
            last = f"lost-{_LOST - 1}"
            await soon(lambda: all(reader.has(last) for reader in readers))
            epoch = (await http(served.web, "GET", messages(limit=1))).page().epoch
            for reader in readers:
                await reader.stop()
            await (served.halt() if kill else served.terminate())
            change(served, copy)
            try:
                await served.start(*flags)
            except RuntimeError as error:
                return Finding(fault, promise, False, _last_line(str(error)))
            await _say(served, "after", _AFTER)
            for reader in readers:
                reader.start()
            found = await _resumed(served, readers, fault, promise)
            page = (await http(served.web, "GET", messages(limit=1))).page()
            return replace(found, holds=found.holds and page.epoch != epoch)


async def _resumed(served: House, readers: list[Listener], fault: str, promise: str) -> Finding:
    last = f"after-{_AFTER - 1}"
    await soon(lambda: all(reader.has(last) for reader in readers), 6)
    async with talker(served, "auditor") as auditor:
        log = [(event.seq, event.text) for event in await auditor.pages()]
    wrong = {reader.door: followed(reader.items, log) for reader in readers}
    told = sum(bool(reader.gaps("epoch")) for reader in readers)
    silent = {door: faults for door, faults in wrong.items() if faults}
    example = next((f"; {door}: {faults[0]}" for door, faults in silent.items()), "")
    lost = sum("lost-" in text for _, text in log)
    seen = (
        f"{told} of {len(readers)} told, {len(silent)} misled; {_LOST - lost} events gone{example}"
    )
    return Finding(fault, promise, not silent and told == len(readers), seen)


async def _same_log(ground: Ground, kill: bool) -> Finding:
    fault = "no fault: " + ("kill -9" if kill else "a clean stop") + " and a start"
    async with house(ground) as served, listeners(served) as readers:
        await _say(served, "before", _BEFORE)
        before = (await http(served.web, "GET", messages(limit=1))).json()["epoch"]
        await (served.halt() if kill else served.terminate())
        await served.start()
        await _say(served, "after", _AFTER)
        found = await _resumed(served, readers, fault, "the log keeps its epoch; no gap")
        after = (await http(served.web, "GET", messages(limit=1))).json()["epoch"]
        faults = [fault for reader in readers for fault in followed(reader.items, _log(readers))]
        gaps = sum(len(reader.gaps()) for reader in readers)
        holds = before == after and not gaps and not faults
        return Finding(fault, found.promise, holds, f"{gaps} gaps, epoch kept: {before == after}")


def _log(readers: list[Listener]) -> list[tuple[int, str]]:
    return [item for item in readers[0].items if len(item) == 2]


async def _say(served: House, what: str, count: int) -> None:
    async with talker(served, f"says-{what}") as client:
        await client.post_all((f"{what}-{number}" for number in range(count)), window=5)


def _back_up(database: Path, copy: Path) -> None:
    """As `sqlite3 oneroom.db ".backup copy.db"` does."""
    source, target = apsw.Connection(str(database)), apsw.Connection(str(copy))
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step(100)
    source.close()
    target.close()


def _put_back(served: House, copy: Path) -> None:
    served.forget_wal()
    served.database.write_bytes(copy.read_bytes())


def _cut_wal(served: House, copy: Path) -> None:
    size = served.wal_bytes()
    with served.wal.open("r+b") as file:
        file.truncate(size * 9 // 10)


def _delete_wal(served: House, copy: Path) -> None:
    served.forget_wal()


def _nothing(served: House, copy: Path) -> None:
    pass


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:120]


@scenario
async def backup(ground: Ground) -> list[Finding]:
    fault = "oneroom backup FILE, while people talk"
    promise = "it ends; the restored copy is whole up to some seq, and is another log"
    copy = ground.folder / "copy.db"
    megabytes = ground.of(40, 4)
    async with house(ground) as served, talker(served, "talks") as client:
        await fill(served, "bulk", megabytes * 250, lambda n: f"{n} ".ljust(4000, "x"))
        talking = asyncio.ensure_future(_keep_talking(client))
        oneroom = str(ground.root / ".venv" / "bin" / "oneroom")
        process = await asyncio.create_subprocess_exec(
            *(oneroom, "backup", str(copy), "--data", str(served.data)),
            env=served.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 60)
        except TimeoutError:
            process.kill()
            return [Finding(fault, promise, False, "not ended after 60 s")]
        finally:
            talking.cancel()
            await asyncio.wait([talking])
        if process.returncode or not copy.exists():
            return [Finding(fault, promise, False, _last_line(output.decode() or "no copy"))]
        acks = dict(client.acks.values())
        before = (await http(served.web, "GET", messages(limit=1))).json()["epoch"]
        await served.terminate()
        _put_back(served, copy)
        await served.start()
        after = (await http(served.web, "GET", messages(limit=1))).json()["epoch"]
        async with talker(served, "auditor") as auditor:
            log = [(event.seq, event.text) for event in await auditor.pages()]
        whole = log == [(seq, acks[seq]) for seq in sorted(acks)][: len(log)]
        seen = f"{len(log)} of {len(acks)} messages in the copy, in order: {whole}; another epoch: "
        seen += f"{before != after}"
        return [Finding(fault, promise, whole and bool(log) and before != after, seen)]


async def _keep_talking(client: object) -> None:
    number = 0
    while True:
        await client.post(f"talk-{number}")  # type: ignore[attr-defined]
        number += 1
        await asyncio.sleep(0.01)
