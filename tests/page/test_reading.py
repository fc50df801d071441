"""Reading: at the end, and further back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tcp_room.events import Say
from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import PHONE, enter, from_end, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

DOM_CAP = 300


def said(house: House, count: int, nick: str = "robot", text: str = "line {}") -> None:
    """So much was said before."""
    for nth in range(1, count + 1):
        house.hall.post(
            "lobby",
            Say,
            text.format(nth),
            door="http",
            author="http",
            nick=nick,
            id=None,
            settled=lambda outcome, is_new: None,
        )


async def scroll_up(page: Page) -> None:
    await page.locator("#scroller").evaluate("(it) => { it.scrollTop = 0 }")


async def first_in_sight(page: Page, scroll_to: int | None = None) -> tuple[str, float]:
    """The first message in sight, and where it is; perhaps just after one has scrolled there."""
    look = """(to) => {
      const scroller = document.getElementById("scroller");
      if (to !== null) scroller.scrollTop = to;
      const top = scroller.getBoundingClientRect().top;
      const lines = [...document.querySelectorAll("#log .say")];
      const first = lines.find((line) => line.getBoundingClientRect().bottom > top + 1);
      return [first.querySelector(".text").textContent, first.getBoundingClientRect().top];
    }"""
    place: list[Any] = await page.evaluate(look, scroll_to)
    return place[0], place[1]


async def test_one_who_reads_back_is_left_in_peace(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type(*[f"line {number}" for number in range(45)])
        await expect(texts(page).last).to_have_text("line 44")
        scroller = page.locator("#scroller")
        assert await from_end(page) < 50
        await scroller.evaluate("(it) => { it.scrollTop = 100 }")
        await expect(page.locator("#pill")).to_be_visible()
        await expect(page.locator("#pill")).to_have_text("To the newest")
        await person.type("new")
        await expect(page.locator("#pill")).to_have_text("1 new message")
        assert await scroller.evaluate("(it) => it.scrollTop") == 100
        await page.locator("#pill").click()
        await expect(page.locator("#pill")).to_be_hidden()
        assert await from_end(page) < 50


async def test_scrolling_up_reads_on_and_moves_nothing_in_sight(house: House, visit: Open) -> None:
    said(house, 200)
    page = await visit()
    await enter(page, "alice")
    await expect(texts(page)).to_have_count(50)
    before = await first_in_sight(page, scroll_to=200)
    await expect(texts(page)).to_have_count(100)
    assert await first_in_sight(page) == before
    while await texts(page).first.inner_text() != "line 1":
        await scroll_up(page)
    await expect(page.locator("#beginning")).to_have_text("This is where #lobby begins.")
    await expect(page.locator("#older")).to_be_hidden()
    shown = await texts(page).all_inner_texts()
    assert shown == [f"line {nth}" for nth in range(1, 201)]


async def test_the_page_holds_some_hundred_messages_and_reads_both_ways(
    house: House, visit: Open
) -> None:
    said(house, 600)
    page = await visit()
    await enter(page, "alice")
    older = page.locator("#older")
    while await older.is_visible():
        await older.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#log")).to_be_visible()
    await expect(texts(page).first).to_have_text("line 1")
    assert await texts(page).count() == DOM_CAP
    await write(page, "I am still here")  # one is brought to the newest
    await expect(texts(page).last).to_have_text("I am still here")
    assert await from_end(page) < 50
    assert await texts(page).count() <= DOM_CAP


async def test_from_an_older_page_one_reads_forward_to_the_newest(
    house: House, visit: Open
) -> None:
    said(house, 500)
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        while await texts(page).first.inner_text() != "line 1":
            await scroll_up(page)
        await person.type("said meanwhile")
        await expect(page.locator("#pill")).to_have_text("1 new message")
        newer = page.locator("#newer")
        while await newer.is_visible():
            await page.locator("#scroller").evaluate("(it) => { it.scrollTop = it.scrollHeight }")
        await expect(texts(page).last).to_have_text("said meanwhile")
        await page.locator("#scroller").evaluate("(it) => { it.scrollTop = it.scrollHeight }")
        await expect(page.locator("#pill")).to_be_hidden()
    shown = await texts(page).all_inner_texts()
    assert shown[:-1] == [f"line {nth}" for nth in range(502 - len(shown), 501)]


async def test_what_is_no_longer_kept_is_said_at_the_top(visit: Open) -> None:
    async with opened(memory_events=60) as house:
        said(house, 100)
        page = await visit(house.url)
        await expect(texts(page).last).to_have_text("line 100")
        while await page.locator("#older").is_visible():
            await scroll_up(page)
        beginning = page.locator("#beginning")
        await expect(beginning).to_have_text(re.compile(r"Messages 1 to \d+ are no longer kept."))


async def test_a_private_word_is_still_there_after_reading_back(house: House, visit: Open) -> None:
    said(house, 500)
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type("/msg alice psst")
        await expect(page.locator(".dm")).to_have_count(1)
        while await texts(page).first.inner_text() != "line 1":
            await scroll_up(page)
        await expect(page.locator(".dm")).to_have_count(0)
        await page.locator("#scroller").focus()
        await page.keyboard.press("End")
        await expect(page.locator(".dm .text")).to_have_text("psst")


async def test_what_is_found_leads_to_its_place(house: House, visit: Open) -> None:
    said(house, 400)
    page = await visit()
    await enter(page, "alice")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("#query")).to_be_focused()
    await page.locator("#query").fill("LINE 123")
    await expect(page.locator("#search-status")).to_have_text("1 message")
    await expect(page.locator("#results mark")).to_have_text(["line", "123"])
    await page.locator("#results button").click()
    found = page.locator(".say.pointed")
    await expect(found.locator(".text")).to_have_text("line 123")
    await expect(found).to_be_in_viewport()
    await expect(found).to_be_focused()
    await page.locator("#pill").click()
    await expect(texts(page).last).to_have_text("line 400")
    await page.locator("#query").fill("nothing of the kind")
    await expect(page.locator("#search-status")).to_have_text("0 messages")


async def test_a_search_reads_on_until_it_has_found_enough(visit: Open) -> None:
    async with opened(search_events=50) as house:
        said(house, 1, text="needle")
        said(house, 300)
        page = await visit(house.url)
        await page.get_by_role("button", name="Search").click()
        await page.locator("#query").fill("needle")
        await expect(page.locator("#results .said")).to_have_text(["needle"])


async def test_arrow_keys_go_from_message_to_message(house: House, visit: Open) -> None:
    said(house, 5)
    page = await visit()
    await enter(page, "alice")
    await page.locator("#scroller").focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#log > :focus .text")).to_have_text("line 5")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#log > :focus .text")).to_have_text("line 4")
    await page.keyboard.press("Tab")
    await expect(page.locator("#text")).to_be_focused()
