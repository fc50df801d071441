"""A log that is not the one it was: a backup put back, a lost tail, a copy of the folder."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import apsw

from tests.faults.clients import Listener, fill, http, listeners, messages, soon, talker
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import House, another, house
from tests.verdict import followed

_BEFORE, _LOST, _AFTER = 100, 50, 200
_PROMISE: Final = "each reader that resumes is told of another log; nothing is missed in silence"


async def _back_up(served: House, copy: Path) -> None:
    """As `sqlite3 oneroom.db ".backup copy.db"` does."""
    source, target = apsw.Connection(str(served.database)), apsw.Connection(str(copy))
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step(100)
    source.close()
    target.close()


async def _copy_file(served: House, copy: Path) -> None:
    """The file alone, without its write-ahead log, in which the latest messages are."""
    shutil.copyfile(served.database, copy)


async def _copy_folder(served: House, copy: Path) -> None:
    await served.terminate()
    shutil.copytree(served.data, copy)
    await served.start()


def _put_back(served: House, copy: Path) -> None:
    served.forget_wal()
    served.database.write_bytes(copy.read_bytes())


def _put_folder_back(served: House, copy: Path) -> None:
    shutil.rmtree(served.data)
    shutil.copytree(copy, served.data)


def _cut_wal(served: House, copy: Path) -> None:
    size = served.wal_bytes()
    with served.wal.open("r+b") as file:
        file.truncate(size * 9 // 10)


def _delete_wal(served: House, copy: Path) -> None:
    served.forget_wal()


def _nothing(served: House, copy: Path) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Case:
    """How a log becomes another one: a copy is made while it runs, it is ended and changed."""

    fault: str
    change: Callable[[House, Path], None] = _put_back
    kill: bool = False
    # What names the log is in the file then, and no longer in the write-ahead log.
    restart: bool = False
    copy: Callable[[House, Path], Awaitable[None]] = _back_up
    flags: Sequence[str] = ()


_CASES: Final = (
    _Case("a backup put back after a clean stop"),
    _Case("a backup of the same life put back after kill -9", kill=True),
    _Case("the write-ahead log cut to 90 % after kill -9", _cut_wal, kill=True, restart=True),
    _Case("the write-ahead log deleted after kill -9", _delete_wal, kill=True, restart=True),
    _Case("oneroom serve --new-epoch", _nothing, flags=("--new-epoch",)),
    _Case("the file alone, copied while it ran, put back", restart=True, copy=_copy_file),
    _Case("the folder, copied while it was stopped, put back", _put_folder_back, copy=_copy_folder),
    _Case("the same after kill -9", _put_folder_back, kill=True, copy=_copy_folder),
)


@scenario
async def restore(ground: Ground) -> list[Finding]:
    cases = _CASES[: ground.of(len(_CASES), 5)]
    return [
        *[await _another_log(another(ground, str(n)), case) for n, case in enumerate(cases)],
        await _same_log(another(ground, "stopped"), kill=False),
        await _same_log(another(ground, "killed"), kill=True),
    ]


async def _another_log(ground: Ground, case: _Case) -> Finding:
    copy = ground.folder / "copy"
    async with house(ground) as served:
        if case.restart:
            await served.terminate()
            await served.start()
        async with listeners(served) as readers:
            await _say(served, "before", _BEFORE)
            await case.copy(served, copy)
            await _say(served, "lost", _LOST)
            last = f"lost-{_LOST - 1}"
            await soon(lambda: all(reader.has(last) for reader in readers))
            epoch = (await http(served.web, "GET", messages(limit=1))).page().epoch
            for reader in readers:
                await reader.stop()
            await (served.halt() if case.kill else served.terminate())
            case.change(served, copy)
            try:
                await served.start(*case.flags)
            except RuntimeError as error:
                return Finding(case.fault, _PROMISE, False, _last_line(str(error)))
            await _say(served, "after", _AFTER)
            for reader in readers:
                reader.start()
            found = await _resumed(served, readers, case.fault, _PROMISE)
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


async def _same_log(ground: Ground, *, kill: bool) -> Finding:
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
