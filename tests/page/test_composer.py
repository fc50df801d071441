"""The box one writes in, and what is put at hand there."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import PHONE, enter, is_in, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


class InputMethod:
    """What a Chinese input method does, by the DevTools protocol."""

    def __init__(self, chrome: Any) -> None:
        self._chrome = chrome

    @classmethod
    async def of(cls, page: Page) -> InputMethod:
        return cls(await page.context.new_cdp_session(page))

    async def compose(self, text: str) -> None:
        place = {"selectionStart": len(text), "selectionEnd": len(text)}
        await self._chrome.send("Input.imeSetComposition", {"text": text, **place})

    async def press(self, key: str) -> None:
        """A key that the input method takes for itself."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": 229}
        await self._chrome.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **about})

    async def commit(self, text: str) -> None:
        await self._chrome.send("Input.insertText", {"text": text})


async def test_an_input_methods_enter_sends_nothing_and_a_real_one_once(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.locator("#text").focus()
    method = await InputMethod.of(page)
    await method.compose("nihao")
    await method.press("Enter")
    await method.commit("你好")
    await method.press("Enter")  # Safari's order: once more, after the composition
    await expect(page.locator("#text")).to_have_value("你好")
    await page.locator("#text").press("Enter")
    await expect(texts(page)).to_have_text(["你好"])
    await expect(page.locator("#text")).to_have_value("")
    assert house.said() == 1


async def test_an_input_methods_keys_choose_no_suggestion(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "小明") as person:
        await person.until("小明")
        await page.locator("#text").press_sequentially("@")
        await expect(page.get_by_role("option")).to_have_text(["小明"])
        method = await InputMethod.of(page)
        await method.compose("xiao")
        for key in ("ArrowDown", "Enter", "Tab", "Escape"):
            await method.press(key)
        await method.commit("小")
        await expect(page.locator("#text")).to_have_value("@小")
        await expect(page.get_by_role("option")).to_have_text(["小明"])
        await page.keyboard.press("Enter")
        await expect(page.locator("#text")).to_have_value("@小明 ")


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


async def test_who_wants_it_breaks_the_line_with_enter(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Enter key").select_option("break")
    box = page.locator("#text")
    await expect(page.locator("#composer-hint")).to_contain_text("Ctrl+Enter sends")
    await box.press_sequentially("one")
    await box.press("Enter")
    await box.press_sequentially("two")
    await box.press("Control+Enter")
    await expect(texts(page)).to_have_text(["one\ntwo"], use_inner_text=True)


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


async def test_a_slash_lists_the_servers_commands(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    box, options = page.locator("#text"), page.get_by_role("option")
    await box.press_sequentially("/")
    await expect(options.first).to_have_text("/helpthis list")
    await box.press_sequentially("me")
    await expect(options).to_have_count(0)  # written out: Enter is to send it
    await box.fill("")
    await box.press_sequentially("/m")
    await expect(options).to_have_count(2)
    await expect(box).to_have_attribute("aria-activedescendant", "completion-0")
    await box.press("ArrowDown")
    await box.press("Tab")
    await expect(box).to_have_value("/msg ")
    await expect(box).to_be_focused()
    await box.fill("/zzz")
    await expect(options).to_have_count(0)


async def test_names_are_completed_where_names_may_stand(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "小明") as first, terminal(house, "Bob Smith") as second:
        await first.until("小明")
        await second.until("Bob")
        await expect(page.locator("#doors bdi")).to_have_count(3)
        box, options = page.locator("#text"), page.get_by_role("option")
        for typed, whole in (
            ("hi @bo", "hi @Bob Smith "),
            ("你好＠小", "你好@小明 "),
            ("/msg bo", "/msg Bob Smith "),
        ):
            await box.fill("")
            await box.press_sequentially(typed)
            await expect(options).to_have_count(1)
            await box.press("Enter")
            await expect(box).to_have_value(whole)
        await box.fill("")
        await box.press_sequentially("mail bob@bo")
        await expect(options).to_have_count(0)


async def test_escape_closes_the_list_and_takes_nothing_away(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    box, options = page.locator("#text"), page.get_by_role("option")
    await box.press_sequentially("/m")
    await expect(options).to_have_count(2)
    await box.press("Escape")
    await expect(options).to_have_count(0)
    await expect(box).to_have_value("/m")
    await box.press("Escape")
    await expect(box).to_have_value("/m")
    await box.press("Tab")
    await expect(page.get_by_role("button", name="Send")).to_be_focused()


@pytest.mark.parametrize(
    ("locale", "typed", "picture"), [("en-GB", ":thumbsup", "👍"), ("zh-CN", "：大笑", "😄")]
)
async def test_a_colon_and_letters_find_a_picture(
    visit: Open, locale: str, typed: str, picture: str
) -> None:
    page = await visit(locale=locale)
    await enter(page, "alice")
    box = page.locator("#text")
    await box.press_sequentially(typed)
    await expect(page.get_by_role("option").first).to_contain_text(picture)
    await box.press("Tab")
    await expect(box).to_have_value(picture)


async def test_up_in_an_empty_box_brings_the_last_text_back(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "helo")
    await page.locator("#text").press("ArrowUp")
    await expect(page.locator("#text")).to_have_value("helo")


async def test_what_is_half_written_outlives_a_reload(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.locator("#text").fill("half a th")
    await page.reload()
    await is_in(page)
    await expect(page.locator("#text")).to_have_value("half a th")


async def test_a_click_on_a_name_speaks_to_it(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob"):
        await page.locator("#text").fill("hello")
        await page.get_by_role("button", name="bob").click()
        await expect(page.locator("#text")).to_have_value("hello @bob ")
        await expect(page.locator("#text")).to_be_focused()
