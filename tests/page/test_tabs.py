"""Several tabs of one browser are one person."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tcp_room.errors import RoomError
from tcp_room.member import Member
from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import enter, is_in, texts, until, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


def member(house: House, nick: str) -> Member | None:
    """The member with that name. There is none between the end of one tab and another's turn."""
    try:
        return house.hall.find(nick)
    except RoomError:
        return None


async def test_a_second_tab_is_in_at_once_under_the_same_name(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await expect(page.locator("#doors bdi")).to_have_text(["alice", "bob"])
        other = await visit(beside=page)
        await is_in(other)
        await expect(other.locator("#doors bdi")).to_have_text(["alice", "bob"])
        await write(other, "from the second")
        await expect(texts(page)).to_have_text(["from the second"])  # the first goes on reading
        await expect(page.locator(".own .text")).to_have_text("from the second")
        await write(page, "from the first")
        await expect(texts(other)).to_have_text(["from the second", "from the first"])
        await expect(page.locator("#banner")).to_be_hidden()
        await person.type("both hear me")
        for tab in (page, other):
            await expect(texts(tab).last).to_have_text("both hear me")
        shown = await person.until("from the first")
        assert "joined" not in shown and "left" not in shown
        assert house.said() == 3


async def test_when_the_tab_that_is_in_is_closed_another_takes_its_place(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    other = await visit(beside=page)
    await is_in(other)
    await write(other, "here")
    await expect(texts(page)).to_have_text(["here"])
    first = member(house, "alice")
    await other.close(run_before_unload=True)
    await until(lambda: member(house, "alice") not in (None, first))
    async with terminal(house, "bob") as person:
        await person.type("/msg alice are you there?")
        await expect(page.locator(".dm .text")).to_have_text("are you there?")


async def test_another_name_and_a_leave_hold_for_all_tabs(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    other = await visit(beside=page)
    await is_in(other)
    await write(other, "/nick carol")
    await expect(page.locator(".you").first).to_be_visible()
    await expect(page.locator("#doors li", has_text="carol").locator(".you")).to_be_visible()
    await write(page, "still one person")
    await expect(texts(other)).to_have_text(["still one person"])
    await expect(other.locator(".say .nick").first).to_have_text("carol")
    await write(other, "/quit")
    for tab in (page, other):
        await expect(tab.locator("#name")).to_be_visible()
    assert len(house.hall) == 0


async def test_an_unsent_text_of_one_tab_is_not_sent_by_another(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.locator("#text").fill("a draft")
    other = await visit(beside=page)
    await is_in(other)
    await expect(other.locator("#text")).to_have_value("")
    await expect(page.locator("#text")).to_have_value("a draft")
