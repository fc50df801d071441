"""What one may choose, and keep."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import enter, is_in, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def choose(page: Page, label: str, value: str) -> None:
    if not await page.locator("#settings").is_visible():
        await page.get_by_role("button", name="Settings").click()
    await page.get_by_label(label).select_option(value)


def read(path: Path) -> str:
    return path.read_text("utf-8")


async def test_comings_are_folded_shown_or_hidden(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob"):
        await expect(page.locator(".presence")).to_have_text(["bob joined"])
    await expect(page.locator(".presence")).to_have_count(0)  # came and went: no trace
    await choose(page, "Who comes and goes", "show")
    await expect(page.locator(".presence")).to_have_text(["bob joined", "bob left"])
    await choose(page, "Who comes and goes", "hide")
    await expect(page.locator(".presence")).to_have_count(0)


async def test_times_are_shown_in_the_form_that_was_chosen(house: House, visit: Open) -> None:
    page = await visit(locale="en-US")
    await enter(page, "alice")
    await write(page, "hello")
    time = page.locator(".say time")
    await expect(time).to_have_text(re.compile(r"^\d\d:\d\d$"))
    await choose(page, "Times", "12")
    await expect(time).to_have_text(re.compile(r"^\d\d:\d\d [AP]M$"))


async def test_what_is_chosen_holds_in_all_tabs_and_after_a_reload(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    other = await visit(beside=page)
    await is_in(other)
    await choose(page, "Enter key", "break")
    await expect(other.locator("#composer-hint")).to_contain_text("Ctrl+Enter sends")
    await other.reload()
    await is_in(other)
    await expect(other.locator("#composer-hint")).to_contain_text("Ctrl+Enter sends")


async def test_the_conversation_can_be_kept(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type(*[f"line {nth}" for nth in range(600)], "/me waves")
        await write(page, "你好")
        await expect(texts(page).last).to_have_text("你好")
    await page.get_by_role("button", name="Settings").click()
    kept: dict[str, str] = {}
    for name, kind in (("As text", "txt"), ("As JSON", "json")):
        async with page.expect_download() as download:
            await page.get_by_role("button", name=name).click()
        file = await download.value
        assert re.fullmatch(rf"lobby-\d{{4}}-\d\d-\d\d\.{kind}", file.suggested_filename)
        kept[kind] = read(await file.path())
    lines = re.sub(r"\[\d\d:\d\d\]", "[12:03]", kept["txt"]).splitlines()
    assert lines[0] == "[12:03] <bob> line 0"
    assert set(lines[-2:]) == {"[12:03] * bob waves", "[12:03] <alice> 你好"}
    assert [event["seq"] for event in json.loads(kept["json"])] == list(range(1, 603))
