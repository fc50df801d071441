"""The box one writes in."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_input_methods_enter_sends_nothing_and_a_real_one_once(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.locator("#text").focus()
    chrome = await page.context.new_cdp_session(page)
    composition = {"selectionStart": 5, "selectionEnd": 5}
    await chrome.send("Input.imeSetComposition", {"text": "nihao", **composition})
    ime_enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    await chrome.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **ime_enter})
    await chrome.send("Input.insertText", {"text": "你好"})
    # Safari's order: the same Enter comes again, after the composition.
    await chrome.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **ime_enter})
    await expect(page.locator("#text")).to_have_value("你好")
    await page.locator("#text").press("Enter")
    await expect(texts(page)).to_have_text(["你好"])
    await expect(page.locator("#text")).to_have_value("")
    assert house.said() == 1


async def test_shift_enter_breaks_the_line(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    box = page.locator("#text")
    before = await box.bounding_box()
    await box.press_sequentially("one")
    await box.press("Shift+Enter")
    await box.press_sequentially("two")
    after = await box.bounding_box()
    assert before and after and after["height"] > before["height"]
    await box.press("Enter")
    await expect(texts(page)).to_have_text(["one\ntwo"], use_inner_text=True)
    assert house.said() == 1


async def test_on_a_touch_screen_enter_breaks_the_line_and_the_button_sends(
    house: House, visit: Open
) -> None:
    page = await visit(viewport=PHONE, has_touch=True, is_mobile=True)
    await enter(page, "alice")
    await page.locator("#text").tap()
    await page.locator("#text").press_sequentially("one")
    await page.locator("#text").press("Enter")
    await page.locator("#text").press_sequentially("two")
    await page.get_by_role("button", name="Send").tap()
    await expect(texts(page)).to_have_text(["one\ntwo"], use_inner_text=True)


async def test_who_types_is_told_to_others_and_what_is_too_long_is_counted(
    house: House, visit: Open
) -> None:
    page, other = await visit(), await visit()
    await enter(page, "alice")
    await enter(other, "bob")
    await page.locator("#text").press_sequentially("h")
    await expect(other.locator("#typing")).to_have_text("alice is typing…")
    await expect(page.locator("#typing")).to_have_text("")
    await page.locator("#text").fill("好" * 1366)
    await expect(page.locator("#left")).to_have_text("2 bytes too long")
    await page.locator("#text").press("Enter")
    await expect(page.locator("#text")).to_have_value("好" * 1366)
