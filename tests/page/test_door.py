"""At the door: one sees the room, says a name and is in."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_joins_and_sees_what_one_said(house: House, visit: Open) -> None:
    page = await visit("/?name=alice")
    await expect(page.locator("#name")).to_have_value("alice")
    await page.locator("#join-form button").click()
    await write(page, "hello")
    await expect(texts(page)).to_have_text(["hello"])
    await expect(page.locator(".pending")).to_have_count(0)
    await expect(page.locator(".own .you")).to_have_text("you")
    await expect(page.locator(".own .door")).to_have_text("web")
    await expect(page).to_have_title("#lobby · oneroom")


async def test_the_name_is_known_at_the_next_visit(house: House, visit: Open) -> None:
    page = await visit("/r/garden")
    await enter(page, "alice")
    await page.reload()
    await expect(page.locator("#text")).to_be_visible()
    await expect(page.locator("#room-name")).to_have_text("#garden")
    await write(page, "/quit")
    await expect(page.locator("#join-error")).to_have_text("You have left the room.")
    await expect(page.locator("#name")).to_have_value("alice")


async def test_a_taken_name_is_said_under_the_field_with_another(house: House, visit: Open) -> None:
    async with terminal(house, "bob") as person:
        await person.until("bob")
        page = await visit()
        await page.locator("#name").fill("bob")
        await page.locator("#name").press("Enter")
        error = page.locator("#join-error")
        await expect(error).to_contain_text("Somebody here is called bob")
        await error.get_by_role("button", name="bob2").click()
        await expect(page.locator("#doors bdi")).to_have_text(["bob2", "bob"])


async def test_who_looks_elsewhere_at_the_door_still_finds_the_reason(
    house: House, visit: Open
) -> None:
    async with terminal(house, "bob") as person:
        await person.until("bob")
        page = await visit()
        asked = await pings(page)
        await page.locator("#name").fill("bob")
        await page.locator("#name").press("Enter")
        error = page.locator("#join-error")
        await expect(error).to_contain_text("Somebody here is called bob")
        await page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        await error.get_by_role("button", name="bob2").click()
        await expect(page.locator("#text")).to_be_visible()
        assert await asked() == 0


async def test_an_empty_name_is_asked_for(visit: Open) -> None:
    page = await visit()
    await page.locator("#join-form button").click()
    await expect(page.locator("#join-error")).to_contain_text("A name, please")
