"""Reading: at the end, and further back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_who_reads_back_is_left_in_peace(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type(*[f"line {number}" for number in range(45)])
        await expect(texts(page).last).to_have_text("line 44")
        scroller = page.locator("#scroller")
        assert await scroller.evaluate(TO_END) < 50
        await scroller.evaluate("(it) => { it.scrollTop = 100 }")
        await expect(page.locator("#pill")).to_have_text("To the newest")
        await person.type("new")
        await expect(page.locator("#pill")).to_have_text("1 new message")
        assert await scroller.evaluate("(it) => it.scrollTop") == 100
        await page.locator("#pill").click()
        await expect(page.locator("#pill")).to_be_hidden()
        assert await scroller.evaluate(TO_END) < 50
