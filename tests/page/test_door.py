"""At the door: one sees the room, says a name, and is in."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import PHONE, enter, is_in, look_away, look_back, texts, write

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


async def test_the_room_is_seen_before_one_joins_and_nobody_is_told(
    house: House, visit: Open
) -> None:
    async with terminal(house, "小明") as person:
        await person.type("早上好")
        page = await visit()
        await expect(texts(page)).to_have_text(["早上好"])
        await expect(page.locator("#join-room")).to_have_text("Join #lobby")
        await expect(page.locator("#join-here")).to_have_text("1 here: 1 terminal")
        await expect(page.locator("#composer")).to_be_hidden()
        await person.type("and what is said now")
        await expect(texts(page)).to_have_text(["早上好", "and what is said now"])
        assert len(house.hall) == 1
        await enter(page, "alice")
        assert "alice joined (2 here)" in await person.until("joined")
        await expect(texts(page)).to_have_text(["早上好", "and what is said now"])


async def test_what_one_said_in_an_earlier_visit_is_known_as_ones_own(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "hello")
    await write(page, "/quit")
    await expect(page.locator("#name")).to_be_visible()
    await page.reload()
    async with terminal(house, "bob") as person:
        await person.type("alice: are you there?")
        await expect(page.locator(".say")).to_have_count(2)
        await expect(page.locator(".own, .mention")).to_have_count(0)
        await enter(page, "alice")
        await expect(page.locator(".own .text")).to_have_text(["hello"])
        await expect(page.locator(".mention .text")).to_have_text(["alice: are you there?"])


async def test_the_name_is_known_at_the_next_visit(house: House, visit: Open) -> None:
    page = await visit("/r/garden")
    await enter(page, "alice")
    await page.reload()
    await is_in(page)
    await expect(page.locator("#room-name")).to_have_text("#garden")
    await write(page, "/quit")
    await expect(page.locator("#join-error")).to_have_text("You have left the room.")
    await expect(page.locator("#name")).to_have_value("alice")
    await page.close()
    again = await visit(beside=page)
    await expect(again.locator("#name")).to_have_value("alice")


async def test_a_taken_name_is_said_under_the_field_with_another(house: House, visit: Open) -> None:
    async with terminal(house, "bob") as person:
        await person.until("bob")
        page = await visit()
        await page.locator("#name").fill("bob")
        await page.locator("#name").press("Enter")
        error = page.locator("#join-error")
        await expect(error).to_contain_text("Somebody here is called bob")
        await look_away(page)
        await look_back(page)
        await person.type("one goes on reading")
        await expect(texts(page)).to_have_text(["one goes on reading"])
        await error.get_by_role("button", name="bob2").click()
        await is_in(page)
        await expect(page.locator("#doors bdi")).to_have_text(["bob2", "bob"])


async def test_an_empty_name_is_asked_for(visit: Open) -> None:
    page = await visit()
    await page.locator("#join-form button").click()
    await expect(page.locator("#join-error")).to_contain_text("A name, please")


async def test_on_a_phone_the_keyboard_does_not_hide_the_room(visit: Open) -> None:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await expect(page.locator("#name")).to_be_visible()
    await expect(page.locator("#name")).not_to_be_focused()
    desk = await visit()
    await expect(desk.locator("#name")).to_be_focused()
