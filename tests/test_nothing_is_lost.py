"""The promise, on a real server: what was acknowledged is there, once, in one order, for everybody.

Each of these is a run of `tests.checker`, which can be had by hand too, longer:
`python -m tests.checker --help`.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checker import Plan, Run, check, served
from tests.verdict import Verdict

MARKS = 2  # the posts that frame a run
SILENT_DOORS = ("tcp-text", "tcp-json", "ws-json")
MAY_GROW_KB = 20_000


def all_said(verdict: Verdict, plan: Plan) -> None:
    assert verdict.is_good, verdict.report()
    assert verdict.total("sent") == verdict.total("acknowledged") == plan.messages + MARKS
    assert verdict.total("gaps") == 0
    assert verdict.rows[-1].received == plan.messages + MARKS


async def test_five_kills_under_load_lose_nothing(tmp_path: Path) -> None:
    plan = Plan(messages=10_000, kills=5)
    verdict = await check(plan, tmp_path)
    all_said(verdict, plan)
    assert verdict.total("reconnects") >= plan.kills * (plan.writers + plan.readers) / 2


async def test_five_kills_lose_nothing_of_a_log_that_survives_a_power_cut(tmp_path: Path) -> None:
    plan = Plan(messages=3_000, kills=5, seed=2)
    all_said(await check(plan, tmp_path, "--durability", "full"), plan)


async def test_two_hundred_resets_lose_nothing(tmp_path: Path) -> None:
    plan = Plan(cuts=200, seed=3)
    verdict = await check(plan, tmp_path)
    all_said(verdict, plan)
    assert verdict.total("reconnects") >= plan.cuts * 0.9  # some hit who was about to go


async def test_all_of_it_at_once(tmp_path: Path) -> None:
    plan = Plan(kills=5, cuts=200, pause=4, seed=4)
    all_said(await check(plan, tmp_path), plan)


async def test_who_comes_late_reads_a_hundred_thousand_events(tmp_path: Path) -> None:
    plan = Plan(messages=100_000, readers=4, late=True)
    verdict = await check(plan, tmp_path)
    all_said(verdict, plan)
    read = {row.door: row.received for row in verdict.rows}
    for door in ("tcp-json", "ws-json", "sse"):
        assert read[door] == plan.messages + MARKS


@pytest.mark.timeout(120)
async def test_those_who_do_not_read_cost_nobody_anything(tmp_path: Path) -> None:
    """Fifty members that stop, four of whom go on at the end. (A run without them before shows
    what the same conversation takes by itself.)"""
    plan = Plan(messages=100_000, readers=4, patience_s=40.0)
    async with served(tmp_path) as server, AsyncExitStack() as silent:
        all_said(await Run(server, plan).check(), plan)
        before = server.peak_kb()
        run = Run(server, replace(plan, pause=4))
        for number in range(46):
            door, visitor = SILENT_DOORS[number % len(SILENT_DOORS)], run.visitor(f"s{number}")
            link = await silent.enter_async_context(run.link(door, visitor, slow=True))
            await link.enter(visitor)
        all_said(await run.check(), plan)
        assert server.peak_kb() - before < MAY_GROW_KB
    assert server.complaints() == ""
