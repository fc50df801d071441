"""Plain http, and not localhost, as a class has it: nothing that counts is missing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser import NAME, House, terminal
from tests.page.conftest import Open
from tests.page.people import enter, is_in, look_away, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_page_that_the_browser_trusts_with_nothing_does_all(
    house: House, visit: Open
) -> None:
    page = await visit(f"http://{NAME}:{house.http_port}/")
    assert await page.evaluate("() => isSecureContext || Boolean(crypto.randomUUID)") is False
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await write(page, "hello")
        await person.until("alice> hello")
        await person.type("@alice, hi")
        await expect(texts(page)).to_have_text(["hello", "@alice, hi"])
        await look_away(page)
        await person.type("@alice?")
        await expect(page).to_have_title("(@1) #lobby · oneroom")
    second = await visit(f"http://{NAME}:{house.http_port}/", beside=page)
    await is_in(second)
    await page.reload()
    await is_in(page)
    await expect(texts(page)).to_have_count(3)
    await page.get_by_role("button", name="Search").click()
    await page.locator("#query").fill("hello")
    await expect(page.locator("#results .said")).to_have_text(["hello"])


async def test_what_the_browser_keeps_back_is_said_in_the_settings(
    house: House, visit: Open
) -> None:
    page = await visit(f"http://{NAME}:{house.http_port}/")
    await page.get_by_role("button", name="Settings").click()
    await expect(page.locator("#settings")).to_contain_text("Notifications need https")
    await expect(page.get_by_label("Notification when you are meant")).to_have_count(0)
    secure = await visit()
    await secure.get_by_role("button", name="Settings").click()
    await expect(secure.get_by_label("Notification when you are meant")).to_have_value("off")


async def test_the_other_ways_in_are_told_and_can_be_copied(house: House, visit: Open) -> None:
    page = await visit(f"http://{NAME}:{house.http_port}/r/garden")
    await page.get_by_role("button", name="Other ways in").click()
    ways = page.locator("#ways")
    address = f"http://{NAME}:{house.http_port}"
    await expect(ways.get_by_role("link")).to_have_attribute("href", f"{address}/r/garden")
    await expect(ways.locator("code")).to_have_text(
        [
            f"nc {NAME} {house.tcp_port}",
            f"curl telnet://{NAME}:{house.tcp_port}",
            f"curl -d hello {address}/rooms/garden/messages",
        ]
    )
    code = ways.get_by_role("img")
    await expect(code).to_have_attribute("alt", f"QR code for {address}/r/garden")
    await expect(code).to_have_js_property("complete", True)
    assert await code.evaluate("(it) => it.naturalWidth") > 0
    await page.evaluate("""() => document.addEventListener("copy", () => {
      window.copied = String(getSelection());
    })""")
    await ways.get_by_role("button", name="Copy").first.click()
    await expect(ways.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("() => copied") == f"nc {NAME} {house.tcp_port}"
