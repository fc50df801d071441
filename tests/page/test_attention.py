"""Who looks elsewhere: what is counted, who is called, and where one had stopped reading."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import enter, look_away, look_back, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_title_counts_what_was_not_seen(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type("seen")
        await expect(texts(page)).to_have_count(1)
        await look_away(page)
        await person.type("one", "/me waves")
        await expect(page).to_have_title("(2) #lobby · oneroom")
        await person.type("@alice, three")
        await expect(page).to_have_title("(@1) #lobby · oneroom")
        await person.type("/msg alice four")
        await expect(page).to_have_title("(@2) #lobby · oneroom")
        await look_back(page)
        await expect(page).to_have_title("#lobby · oneroom")


async def test_the_icon_has_a_dot_while_something_is_unread(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    icon = page.locator("#icon")
    async with terminal(house, "bob") as person:
        await look_away(page)
        await person.type("one")
        await expect(icon).to_have_attribute("href", re.compile("^data:image/png"))
        await look_back(page)
        await expect(icon).to_have_attribute("type", "image/svg+xml")


async def test_comings_and_own_words_are_no_news(house: House, visit: Open) -> None:
    page, other = await visit(), await visit()
    await enter(page, "alice")
    await look_away(page)
    await enter(other, "carol")
    await write(page, "my own")
    async with terminal(house, "bob"):
        await expect(page.locator(".presence", has_text="carol")).to_have_count(1)
        await expect(page.locator(".presence", has_text="bob joined")).to_have_count(1)
    await expect(page).to_have_title("#lobby · oneroom")
    await expect(page.locator(".unread")).to_have_count(0)


async def test_a_line_stands_where_one_had_stopped_reading(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type("seen")
        await expect(texts(page)).to_have_count(1)
        await look_away(page)
        await person.type("unseen", "unseen too")
        await expect(texts(page)).to_have_count(3)
        after = page.locator(".unread + .say .text")
        await expect(after).to_have_text("unseen")
        await look_back(page)
        await person.type("seen again")
        await expect(texts(page)).to_have_count(4)
        await expect(after).to_have_text("unseen")  # it stays, to be found
        await look_away(page)
        await person.type("unseen again")
        await expect(after).to_have_text("unseen again")


async def test_who_is_meant_is_called_as_was_chosen(house: House, visit: Open) -> None:
    page = await visit(permissions=["notifications"])
    await page.evaluate("""() => {
      window.called = [];
      window.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(title) { called.push(title); }
      };
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (at) { called.push("beep"); start.call(this, at); };
    }""")
    await enter(page, "alice")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Sound when you are meant").select_option("on")
    await page.get_by_label("Notification when you are meant").select_option("on")
    await page.evaluate("() => { called.length = 0 }")
    async with terminal(house, "bob") as person:
        await person.type("@alice seen at once")
        await expect(texts(page)).to_have_count(1)
        await look_away(page)
        await person.type("nothing special")
        await expect(texts(page)).to_have_count(2)
        assert await page.evaluate("() => called") == []
        await person.type("@alice, where are you?")
        await page.wait_for_function("() => called.length >= 3")
        assert await page.evaluate("() => called") == [
            "beep",
            "beep",
            "Somebody in #lobby means you",
        ]
