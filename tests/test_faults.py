"""The fault drill in its short form, and docs/reliability.md.

What takes long, or depends on how fast the machine is, is in `python -m tests.faults` alone.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.checker import ROOT
from tests.faults.__main__ import play
from tests.faults.finding import SCENARIOS, NotTested

DOCUMENT = (ROOT / "docs" / "reliability.md").read_text("utf-8")
IN_THE_GATE = (
    "lost-rows",
    "private-message",
    "epoch-gap",
    "trim",
    "read-errors",
    "errors-that-end",
    "frozen",
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
