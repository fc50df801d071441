"""The fault drill in its short form, and docs/reliability.md.

What takes long, or depends on how fast the machine is, is in `python -m tests.faults` alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checker import ROOT
from tests.doors import Event
from tests.faults.__main__ import play, record
from tests.faults.clients import skipped
from tests.faults.finding import SCENARIOS, NotTested

DOCUMENT = (ROOT / "docs" / "reliability.md").read_text("utf-8")
IN_THE_GATE = (
    "restore",
    "backup",
    "damaged-files",
    "lost-rows",
    "odd-rows",
    "trim",
    "clock",
    "refused-stays-refused",
    "errors-that-end",
    "retries",
    "read-errors",
    "slow-page-cache",
    "foreign-writer",
    "folder-deleted",
    "full-disk",
    "second-server",
    "doors-while-stopping",
    "private-message",
    "id-reused",
    "epoch-gap",
    "many-rooms",
)


@pytest.mark.parametrize("name", IN_THE_GATE)
async def test_a_fault_costs_nobody_anything_in_silence(name: str) -> None:
    try:
        findings = await play(name, ROOT, short=True)
    except NotTested as reason:
        pytest.skip(f"NOT TESTED: {reason}")
    assert findings
    broken = [found.row(name) for found in findings if not (found.holds or found.is_timed)]
    assert not broken, "\n".join(broken)


# -- how it judges


def page(*seqs: int, gaps: Sequence[tuple[int, int]] = (), oldest: int = 1) -> Event:
    ranges = [{"from": first, "to": last} for first, last in gaps]
    return Event(events=[Event(seq=seq) for seq in seqs], gaps=ranges, oldest=oldest)


@pytest.mark.parametrize(
    ("found", "silent"),
    [
        (page(5, 6), ""),
        (page(), ""),
        (page(6, gaps=[(5, 5)]), ""),
        (page(5, 8, gaps=[(6, 7)]), ""),
        (page(9, 10, oldest=9), ""),
        (page(6), "6 where 5 is due"),
        (page(5, 7), "7 where 6 is due"),
        (page(5, 8, gaps=[(6, 6)]), "8 where 7 is due"),
        (page(9, 10, oldest=7), "9 where 5 is due"),
    ],
)
def test_a_page_says_what_it_leaves_out(found: Event, silent: str) -> None:
    assert skipped(found, after=4) == silent


def test_a_table_is_put_into_its_place(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("a\n<!-- one -->\nold\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n")
    record("new\n", "one", document)
    assert document.read_text() == (
        "a\n<!-- one -->\nnew\n<!-- end -->\nb\n<!-- two -->\n<!-- end -->\n"
    )


# -- the document


def rows() -> list[list[str]]:
    """The lines of its tables of promises, as cells."""
    lines = [line for line in DOCUMENT.splitlines() if re.match(r"\| V?\d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def cases(path: Path) -> set[str]:
    """Its functions, and the cases that it assigns names to."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    functions = {
        node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return functions | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def test_every_promise_and_incident_has_a_result() -> None:
    assert [row[0] for row in rows()] == [
        *(str(number) for number in range(1, 26)),
        *(f"V{number}" for number in range(1, 25)),
    ]
    for number, *_, proof, result in rows():
        assert result in ("holds", "open"), number
        assert proof or result == "open", number


def test_every_test_that_it_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)
    assert len(named) > 60
    for path, name in named:
        assert name in cases(ROOT / path), f"{path}::{name}"


def test_every_scenario_proves_a_promise_and_is_one() -> None:
    promised = {name for *_, proof, _ in rows() for name in re.findall(r"`faults ([\w-]+)`", proof)}
    assert promised == SCENARIOS.keys()


def test_the_gate_runs_scenarios() -> None:
    assert set(IN_THE_GATE) <= SCENARIOS.keys()
