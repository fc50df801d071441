"""A file with holes: flipped bits, lost pages, cut ends, rows that are gone or odd."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Final

import apsw

from tests.faults.clients import (
    NUMBERED,
    Answer,
    Listener,
    Talker,
    http,
    listeners,
    messages,
    skipped,
    soon,
    talker,
)
from tests.faults.finding import Finding, Ground, scenario
from tests.faults.server import House, another, house
from tests.verdict import Seen, followed

_PAGE: Final = 4096
_DOORS: Final = (*NUMBERED, "tcp-text")
_LIVE: Final = ("live-0", "live-1", "live-2")


def _text(number: int) -> str:
    """Told apart everywhere, so that a flipped bit in a text cannot pass."""
    return f"message {number} says {random.Random(number).randbytes(40).hex()}"


async def _written(ground: Ground, count: int) -> list[tuple[int, str]]:
    """A log of some turns, in the ground's data folder; what it has."""
    async with house(ground) as served, talker(served, "author") as author:
        await author.post_all(map(_text, range(count)), window=6)
        await served.terminate()
        return sorted(author.acks.values())


@scenario
async def damaged_files(ground: Ground) -> list[Finding]:
    origin = another(ground, "origin")
    log = await _written(origin, ground.of(3000, 600))
    seeds = range(20)
    kinds = {"bit flips": seeds[:10], "lost pages": seeds[10:15], "truncations": seeds[15:]}
    findings = []
    for kind, own in kinds.items():
        results = []
        for seed in own[: ground.of(20, 1)]:
            place = another(ground, "damaged")
            shutil.copytree(origin.folder / "data", place.folder / "data")
            _damage(place.folder / "data" / "oneroom.db", kind, random.Random(seed))
            results.append((seed, *await _read_damaged(place, log)))
        findings.append(_summary(kind, results))
    return findings


def _damage(file: Path, kind: str, draw: random.Random) -> None:
    data = bytearray(file.read_bytes())
    if kind == "bit flips":
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif kind == "lost pages":
        page = draw.randrange(1, len(data) // _PAGE) * _PAGE
        data[page : page + _PAGE] = bytes(_PAGE)
    else:
        del data[draw.randrange(_PAGE, len(data)) :]
    file.write_bytes(data)


def _summary(kind: str, results: list[tuple[int, str, str]]) -> Finding:
    counts = Counter(result for _, result, _ in results)
    bad = [f"seed {seed}: {why}" for seed, result, why in results if result == "FAULT"]
    seen = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    promise = (
        "refused at the start, or every reader has all or a declared gap, and then live events"
    )
    return Finding(f"{len(results)} {kind}", promise, not bad, "; ".join([seen, *bad[:2]]))


async def _read_damaged(ground: Ground, log: list[tuple[int, str]]) -> tuple[str, str]:
    """What became of it (refused, whole, gap, FAULT), and why."""
    served = House(ground)
    try:
        await served.start()
    except RuntimeError as error:
        sentence = str(error)
        is_clear = "Traceback" not in sentence and served.process.returncode == 1
        return ("refused", "") if is_clear else ("FAULT", sentence.splitlines()[-1][:100])
    try:
        return await _read_all(served, log)
    except (TimeoutError, OSError) as error:
        return "FAULT", str(error) or type(error).__name__
    finally:
        served.process.kill()
        await served.process.wait()


async def _read_all(served: House, log: list[tuple[int, str]]) -> tuple[str, str]:
    async with listeners(served, _DOORS) as readers, talker(served, "now", patience_s=6) as now:
        for text in _LIVE:
            await now.post(text)
        if now.refusals:
            return "FAULT", f"a new message is refused: {set(now.refusals.values())}"
        await soon(lambda: all(reader.has(_LIVE[-1]) for reader in readers), 6)
        pages = await now.pages()
        if pages and pages[0].kind == "error":
            return "FAULT", f"history is refused: {pages[0].text[:60]}"
        kept = [(event.seq, event.text) for event in pages]
        wrong = set(kept) - set(log) - set(now.acks.values())
        if wrong:
            return "FAULT", f"history has {min(wrong)!r:.80}"
        if now.silent:
            return "FAULT", f"history skips in silence: {now.silent}"
        if other := await _other_ways(served, now, kept):
            return "FAULT", other
        for reader in readers:
            if fault := _fault(reader, kept):
                return "FAULT", f"{reader.door}: {fault}"
        has_gap = any(reader.gaps() for reader in readers)
        return ("gap", "") if has_gap else ("whole", "")


async def _other_ways(served: House, asker: Talker, kept: list[tuple[int, str]]) -> str:
    """Pages by HTTP, and a search: what is wrong with them."""
    after, paged = 0, []
    while True:
        answer = await http(served.web, "GET", messages(after=after, limit=500))
        if answer.status != 200:
            return f"a page is refused: {answer.status} {answer.body[:60]!r}"
        page = answer.page()
        if silent := skipped(page, after):
            return f"a page skips in silence: {silent}"
        paged += [(event.seq, event.text) for event in page.events]
        after = max(page.reaches, after + 1)
        if not page.more:
            break
    if paged != kept:
        return f"pages have {len(paged)} events, history {len(kept)}"
    found = await asker.ask("search", text="message says", limit=100)
    if wrong := {(event.seq, event.text) for event in found.events} - set(kept):
        return f"a search found {min(wrong)!r:.80}"
    return "" if found.kind == "found" else f"a search is refused: {found.code}"


def _fault(reader: Listener, kept: list[tuple[int, str]]) -> str:
    if not reader.has(_LIVE[-1]):
        return "never came to the live events"
    if reader.door == "tcp-text":
        # It is told no seqs, and looks back.
        texts = {text for _, text in kept}
        shown = [item.key for item in reader.items if isinstance(item, Seen)]
        return next((f"shows {text!r:.60}" for text in shown if text not in texts), "")
    faults = followed(reader.items, [Seen(*event) for event in kept])
    return faults[0] if faults else ""


# -- rows


@scenario
async def lost_rows(ground: Ground) -> list[Finding]:
    log = await _written(ground, 3000 if not ground.short else 600)
    with _opened(ground) as file:
        file.execute("DELETE FROM turn WHERE place = ?", (_place(file, 80),))
    result, why = await _read_damaged(ground, log)
    promise = "every reader has a declared gap there, and then live events"
    findings = [Finding("a row gone from the middle", promise, result == "gap", f"{result}: {why}")]
    async with house(ground) as served:
        page = (await http(served.web, "GET", messages(after=0, limit=500))).page()
        silent = skipped(page, 0)
        findings.append(
            Finding(
                "the same, by HTTP pages",
                "no page skips silently",
                not silent and bool(page.events),
                f"in silence: {silent or 'nothing'}; gaps: {page.gaps}",
            )
        )
    return findings


class _opened:
    """The file of a server that does not run."""

    def __init__(self, ground: Ground) -> None:
        self._connection = apsw.Connection(str(ground.folder / "data" / "oneroom.db"))

    def __enter__(self) -> apsw.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@scenario
async def odd_rows(ground: Ground) -> list[Finding]:
    return [
        *await _unknown_kind(another(ground, "kind")),
        *await _orphan(another(ground, "orphan")),
    ]


async def _unknown_kind(ground: Ground) -> list[Finding]:
    log = await _written(ground, 600)
    with _opened(ground) as file:
        said = "UPDATE turn SET said = replace(said, '[\"say\"', '[\"sax\"') WHERE place = ?"
        file.execute(said, (_place(file, 80),))
    fault = "a row of an unknown kind"
    result, why = await _read_damaged(ground, log)
    promise = "the room is not wedged: a declared gap, and then live events"
    async with house(ground) as served:
        page = await http(served.web, "GET", messages(after=0, limit=500))
    return [
        Finding(fault, promise, result == "gap", f"{result}: {why}"),
        Finding(fault, "HTTP answers JSON, never 500", *_is_json(page)),
    ]


async def _orphan(ground: Ground) -> list[Finding]:
    async with house(ground) as served, talker(served, "author", session="s" * 20) as author:
        for number in range(60):
            await author.post(_text(number), f"id-{number}")
        await served.terminate()
    with _opened(ground) as file:
        # One in the middle, and the last: there the numbers themselves go back.
        for number in (59, 20):
            file.execute("DELETE FROM turn WHERE place = ?", (_place(file, number),))
    fault = "ids whose rows are gone, posted again"
    async with house(ground) as served:
        async with talker(served, "author", session="s" * 20) as author:
            texts = {f"id-{number}": _text(number) for number in range(60)} | {"id-new": "new"}
            unanswered = 0
            for id, text in texts.items():
                answer = author.ask("say", text=text, id=id)
                unanswered += not await soon(answer.done, 2 if not unanswered else 0.1)
            page = await http(served.web, "GET", messages(after=0), patience_s=4)
        seconds = await served.terminate()
        complaints = served.complaints().count("Traceback")
    is_good = seconds < 6 and not complaints
    ended = f"{seconds:.1f} s, {complaints} tracebacks"
    return [
        Finding(fault, "each post is answered", not unanswered, f"{unanswered} of 61 unanswered"),
        Finding(fault, "HTTP answers JSON, never 500", *_is_json(page)),
        Finding(fault, "SIGTERM ends it in time, no traceback", is_good, ended),
    ]  # fmt: skip


def _is_json(answer: Answer) -> tuple[bool, str]:
    is_right = answer.is_json and answer.status in (200, 503)
    return is_right, f"status {answer.status}, JSON: {answer.is_json}"


def _place(file: apsw.Connection, number: int) -> int:
    """Of the row after so many."""
    rows = file.execute("SELECT place FROM turn ORDER BY place LIMIT 1 OFFSET ?", (number,))
    return int(str(rows.fetchall()[0][0]))
