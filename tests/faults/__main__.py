"""Plays the scenarios, and prints the table. See `tests.faults`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from tests.checker import ROOT
from tests.faults import damage, restoring, stopping, storage, strangers, talking, trimming
from tests.faults.finding import HEAD, SCENARIOS, Finding, Ground, NotTested

MODULES = (restoring, trimming, damage, talking, strangers, storage, stopping)


async def play(name: str, root: Path, *, short: bool) -> list[Finding]:
    """One scenario, in a folder of its own. Raises NotTested."""
    with tempfile.TemporaryDirectory(prefix=f"oneroom-{name}-") as folder:
        found = await SCENARIOS[name](Ground(Path(folder), root, short))
        return [replace(each, seen=each.seen.replace(folder, "…")) for each in found]


async def _played(name: str, root: Path, *, short: bool) -> list[Finding]:
    try:
        async with asyncio.timeout(400):
            return await play(name, root, short=short)
    except NotTested as reason:
        return [Finding("NOT TESTED", str(reason), True, "")]
    except Exception as error:
        traceback.print_exc()
        why = (str(error) or "").splitlines()
        return [
            Finding("the scenario broke off", type(error).__name__, False, why[-1] if why else "")
        ]


def record(table: str, mark: str, document: Path) -> None:
    """Puts a table into the document, between that mark and the next `end`."""
    text = document.read_text("utf-8")
    before, begin, rest = text.partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition("<!-- end -->")
    document.write_text(before + begin + table + end + after, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *SCENARIOS], help="which; all if none")
    parser.add_argument("--server", type=Path, default=ROOT, help="the checkout whose server runs")
    parser.add_argument("--short", action="store_true", help="the forms that the gate runs")
    parser.add_argument("--record", metavar="MARK", help="put the table into docs/reliability.md")
    flags = parser.parse_args()
    print(HEAD, flush=True)
    failed, rows = 0, [HEAD]
    for name in flags.names or SCENARIOS:
        started = time.monotonic()
        for finding in asyncio.run(_played(name, flags.server.resolve(), short=flags.short)):
            failed += not finding.holds
            rows.append(finding.row(name))
            print(rows[-1], flush=True)
        print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    if flags.record:
        record("\n".join([*rows, ""]), flags.record, ROOT / "docs" / "reliability.md")
    print(f"\n{failed} promises broken" if failed else "\nEvery promise holds.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
