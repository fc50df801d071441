"""In the room: what is said, by whom, through which door."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_both_doors_are_one_conversation(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "小明") as person:
        await person.type("你好")
        await expect(page.locator(".say .door")).to_have_text("terminal")
        await expect(texts(page)).to_have_text(["你好"])
        headings = page.locator("#doors h3")
        await expect(headings).to_have_text(["web1", "terminal1"])
        await expect(page.locator("#terminal code")).to_have_text(f"nc 127.0.0.1 {house.tcp_port}")
        await write(page, "welcome")
        assert "<alice> welcome" in await person.until("welcome")
        await person.type("/me waves")
        await expect(page.locator(".act .text")).to_have_text("* 小明 waves")
    await expect(page.locator(".presence").last).to_have_text("小明 left")


async def test_commands_are_answered(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "／who")
    await expect(page.locator(".answer.members")).to_have_text("One is here: alice (web)")
    await write(page, "//who")
    await expect(texts(page)).to_have_text(["/who"])
    await write(page, "/me waves")
    await expect(page.locator(".act.own .text")).to_have_text("* alice waves")
    await write(page, "/nick carol")
    await expect(page.locator(".answer.nick")).to_have_text("You are now carol.")
    await write(page, "/help")
    await expect(page.locator(".answer.help dt").first).to_have_text("/help")
    await write(page, "/history 2")
    await expect(page.locator(".answer.history li")).to_have_count(2)
    await write(page, "/topic tea")
    await expect(page.locator("#topic")).to_have_text("tea")
    await write(page, "/join garden")
    await expect(page).to_have_url(re.compile(r"/r/garden$"))
    await write(page, "/rooms")
    await page.locator(".answer.rooms a", has_text="#lobby").click()
    await expect(page.locator("#room-name")).to_have_text("#lobby")
    await page.go_back()
    await expect(page.locator("#room-name")).to_have_text("#garden")
    await expect(page.locator(".pending")).to_have_count(0)


async def test_a_refusal_stands_at_the_message_and_the_text_is_kept(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "/nope at all")
    refused = page.locator(".pending.failed")
    await expect(refused.locator(".state")).to_contain_text("there is no command /nope")
    await refused.get_by_role("button", name="Edit").click()
    await expect(page.locator("#text")).to_have_value("/nope at all")
    await expect(refused).to_have_count(0)
    await page.locator("#text").press("Enter")
    await refused.get_by_role("button", name="Delete").click()
    await expect(refused).to_have_count(0)
    await expect(page.locator("#text")).to_be_focused()
