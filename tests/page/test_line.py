"""The line breaks: nothing is lost, nothing is said twice."""

from __future__ import annotations

import re
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_broken_line_loses_nothing_and_doubles_nothing(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "one")
    await expect(texts(page)).to_have_text(["one"])
    async with terminal(house, "bob") as person, deaf(house):
        await write(page, "two")
        await person.until("two")
        await person.type("three")
        await expect(page.locator(".pending.waiting")).to_have_count(1)
    await write(page, "four")
    await expect(texts(page)).to_have_text(["one", "two", "three", "four"])
    await expect(page.locator(".pending")).to_have_count(0)
    assert house.said() == 4


async def test_what_is_written_without_a_line_waits_for_it(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.clock.install()
    await refuse_lines(page)
    drop(house)
    await expect(page.locator("#banner")).to_be_hidden()
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#banner")).to_contain_text("Reconnecting…")
    await write(page, "still here?")
    await expect(page.locator(".pending.queued .state")).to_have_text("waits for the connection")
    await page.reload()
    await expect(texts(page)).to_have_text(["still here?"])
    assert house.said() == 1


async def test_what_is_not_answered_is_said_to_be_not_sent(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.clock.install()
    async with deaf(house):
        await write(page, "anybody?")
        await page.clock.fast_forward(400)
        await expect(page.locator(".pending.waiting")).to_have_count(1)
        await page.clock.fast_forward(10_000)
        failed = page.locator(".pending.failed")
        await expect(failed.locator(".state")).to_contain_text("not sent")
        await failed.get_by_role("button", name="Retry").click()
        await expect(failed).to_have_count(0)
    await expect(texts(page)).to_have_text(["anybody?"])
    await expect(page.locator(".pending")).to_have_count(0)
    assert house.said() == 1


async def test_what_is_written_in_one_room_is_never_said_in_another(
    house: House, visit: Open
) -> None:
    page = await visit("/r/staff")
    await enter(page, "alice")
    await refuse_lines(page)
    drop(house)
    await write(page, "for the staff")
    await page.goto(f"{house.url}/r/garden")
    await write(page, "for the garden")
    await expect(texts(page)).to_have_text(["for the garden"])
    await expect(page.locator(".pending")).to_have_count(0)
    await write(page, "/join staff")
    await expect(texts(page)).to_have_text(["for the staff"])
    assert [house.said("staff"), house.said("garden")] == [1, 1]


async def test_one_who_only_reads_notices_that_the_line_is_dead(house: House, visit: Open) -> None:
    page = await visit()
    await page.clock.install()
    await enter(page, "alice")
    for bridge in house.bridges:
        bridge._send = lambda data: None
    async with terminal(house, "bob") as person:
        await person.type("are you there?", "/who")
        await person.until("alice")
        await page.clock.fast_forward(30_000)  # asks
        await page.clock.fast_forward(5_000)  # has no answer
        await page.clock.fast_forward(1_200)  # dials
        await expect(texts(page)).to_have_text(["are you there?"])


async def test_a_dial_that_leads_nowhere_is_given_up(house: House, visit: Open) -> None:
    page = await visit()
    await page.clock.install()
    await enter(page, "alice")
    await refuse_lines(page)
    drop(house)
    await expect(page.locator("#banner")).to_be_hidden()
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#banner")).to_contain_text("(attempt 1)")
    await page.clock.fast_forward(10_000)
    await expect(page.locator("#banner")).to_contain_text("(attempt 2")


async def test_messages_that_are_gone_leave_a_mark(browser: Browser) -> None:
    async with opened(memory_events=3, window_events=2) as house:
        page = await browser.new_page(locale="en-GB")
        await page.goto(house.url)
        await enter(page, "alice")
        await write(page, "one")
        await expect(texts(page)).to_have_text(["one"])
        async with terminal(house, "bob") as person, deaf(house):
            await person.type("two", "three", "four", "five", "six", "seven", "/who")
            await person.until("alice")
        gap = page.locator(".gap")
        await expect(gap).to_have_text(re.compile(r"Messages 2 to \d are no longer kept."))
        await expect(texts(page).last).to_have_text("seven")
        await page.close()


async def test_a_house_that_was_built_anew_is_entered_anew(browser: Browser) -> None:
    page = await browser.new_page(locale="en-GB")
    async with opened() as house:
        await page.goto(house.url)
        await enter(page, "alice")
        await write(page, "one")
        await expect(texts(page)).to_have_text(["one"])
    await write(page, "two")
    await expect(page.locator(".pending.queued")).to_have_count(1)
    async with opened(http_port=house.http_port):
        await expect(texts(page)).to_have_text(["one", "two"])
        await expect(page.locator(".gap")).to_contain_text("a new log")
        await expect(page.locator(".pending")).to_have_count(0)
        await page.close()
