"""The page in a real Chromium, against the real program: what people do, and what may be done to
them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Error, Page, expect

from tests.browser import House, launched, opened, terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")
expect.set_options(timeout=10_000)

I18N = Path(__file__).parent.parent / "static" / "i18n"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 640}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


class Visit:
    """A page, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("pageerror", self._error)
        page.on("console", self._console)
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))

    def _error(self, error: Error) -> None:
        self.wrong.append(str(error))

    def _console(self, message: ConsoleMessage) -> None:
        # A refused policy is an error here; so is a lost line, which is what some tests are about.
        if message.type == "error" and "WebSocket connection" not in message.text:
            self.wrong.append(message.text)


Open = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, house: House) -> AsyncIterator[Open]:
    """Opens pages, each as another person's browser; nothing may have gone wrong in any."""
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def open(path: str = "/", **options: Any) -> Page:
            context = await browser.new_context(
                **{"viewport": WIDE, "locale": "en-GB", "color_scheme": "light", **options}
            )
            stack.push_async_callback(context.close)
            page = await context.new_page()
            visits.append(Visit(page))
            await page.goto(house.url + path)
            return page

        yield open
    assert [wrong for visit in visits for wrong in visit.wrong] == []


async def enter(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#name").press("Enter")
    await expect(page.locator("#text")).to_be_visible()
    await expect(page.locator("#log")).to_have_attribute("aria-busy", "false")


async def write(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


def texts(page: Page) -> Any:
    """What was said, in order, without what is still on its way."""
    return page.locator("#log .say:not(.pending) .text")


@asynccontextmanager
async def deaf(house: House) -> AsyncIterator[None]:
    """The server hears, but what it answers is lost; then the lines break."""
    for bridge in house.bridges:
        bridge._send = lambda data: None
    yield
    drop(house)


def drop(house: House) -> None:
    """Every WebSocket breaks, without a word."""
    for bridge in list(house.bridges):
        bridge._transport.abort()


# -- in, and speaking


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


# -- the keyboard


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


# -- hostile people

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script><b>bold</b>",
    "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script>",
    'https://example.org/"onmouseover="alert(1) https://bank.example@evil.example/',
    "\u200fabc \u0645\u0631\u062d\u0628\u0627 (xyz",
    "W" * 4096,
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
]


async def test_whatever_people_write_is_text(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "mallory & co") as person:
        for line in HOSTILE:
            await person.type(line)
        await expect(texts(page)).to_have_text(HOSTILE, use_inner_text=True)
        await person.type("/topic <img src=x onerror=alert(1)>")
        await expect(page.locator("#topic")).to_have_text("<img src=x onerror=alert(1)>")
        await person.type("/me <script>alert(1)</script>")
        await expect(page.locator(".act")).to_contain_text("<script>alert(1)</script>")
    for foreign in ("img", "script", "b", "iframe", "style"):
        await expect(page.locator(f"#room {foreign}")).to_have_count(0)
    links = page.locator("#log a")
    await expect(links).to_have_count(1)
    await expect(links).to_have_attribute("href", "https://example.org/")
    await expect(links).to_have_attribute("rel", "noopener noreferrer")
    assert await overflow(page) == 0


LINKS = {
    "see https://a.example/x.": ["https://a.example/x"],
    "(https://a.example/b_(c)) and http://b.example": [
        "https://a.example/b_(c)",
        "http://b.example",
    ],
    "看https://a.example，谢谢": ["https://a.example"],
    "http://a.example看看": ["http://a.example"],
    "https://zh.example/wiki/聊天室 ok": ["https://zh.example/wiki/聊天室"],
    "http:// https://) ftp://a.example xhttp://a.example": [],
    "https://user:pass@a.example": [],
    "https://a.example" + ")" * 4000: ["https://a.example"],
}


async def test_addresses_become_links(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    for text in LINKS:
        await write(page, text)
    await expect(texts(page)).to_have_text(list(LINKS))
    for said, links in zip(await texts(page).all(), LINKS.values(), strict=True):
        assert await said.locator("a").all_inner_texts() == links


# -- a line that breaks


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


async def refuse_lines(page: Page) -> None:
    """From here on, until the page is loaded anew, it cannot reach the server."""
    await page.evaluate("() => { window.WebSocket = class { close() {} } }")


async def pings(page: Page) -> Callable[[], Awaitable[int]]:
    """Counts what the page asks only to hear whether the line is alive."""
    await page.evaluate("""() => {
      const send = WebSocket.prototype.send;
      window.pings = 0;
      WebSocket.prototype.send = function (data) {
        if (data.includes('"ping"')) window.pings += 1;
        send.call(this, data);
      };
    }""")
    return lambda: page.evaluate("() => window.pings")


async def test_another_tab_of_the_same_session_is_said_and_not_fought(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    kept = await page.evaluate("() => JSON.stringify(sessionStorage)")
    other = await page.context.new_page()
    script = f"Object.assign(sessionStorage, {kept})"
    await other.add_init_script(script)
    await other.goto(house.url)
    await expect(other.locator("#doors bdi")).to_have_text(["alice"])
    await expect(page.locator("#banner")).to_contain_text("another tab or window")
    await page.get_by_role("button", name="Come back here").click()
    await expect(page.locator("#banner")).to_be_hidden()
    await expect(other.locator("#banner")).to_contain_text("another tab or window")


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


async def test_one_who_reads_back_is_left_in_peace(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type(*[f"line {number}" for number in range(45)])
        await expect(texts(page).last).to_have_text("line 44")
        scroller = page.locator("#scroller")
        assert await scroller.evaluate(TO_END) < 50
        await scroller.evaluate("(it) => { it.scrollTop = 100 }")
        await expect(page.locator("#pill")).to_have_text("To the newest")
        await person.type("new")
        await expect(page.locator("#pill")).to_have_text("1 new message")
        assert await scroller.evaluate("(it) => it.scrollTop") == 100
        await page.locator("#pill").click()
        await expect(page.locator("#pill")).to_be_hidden()
        assert await scroller.evaluate(TO_END) < 50


TO_END = "(it) => it.scrollHeight - it.scrollTop - it.clientHeight"


# -- for everybody


async def test_it_speaks_chinese(house: House, visit: Open) -> None:
    page = await visit(locale="zh-CN")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("#join-form button")).to_have_text("加入")
    await enter(page, "李雷")
    await expect(page.locator("#members-title")).to_have_text("1 人在这里")
    await write(page, "/help")
    await expect(page.locator(".answer.help dd").first).to_have_text("查看这份列表")
    await write(page, "/nope")
    await expect(page.locator(".failed .state")).to_contain_text("没有这个命令")
    english = await visit("/?lang=en", locale="zh-CN")
    await expect(english.locator("#join-form button")).to_have_text("Join")


async def test_the_languages_say_the_same_things() -> None:
    english, chinese = (
        json.loads((I18N / f"{language}.json").read_text("utf-8")) for language in ("en", "zh")
    )
    ours = {key for key in chinese if not key.startswith(("error.", "help."))}
    assert set(english) == ours
    for key in ours:
        assert holes(english[key]) == holes(chinese[key]), key


def holes(entry: str | dict[str, str]) -> set[str]:
    """Of a table the form that may be chosen for any number."""
    text = entry if isinstance(entry, str) else entry["other"]
    return set(re.findall(r"\{(\w+)\}", text))


async def overflow(page: Page) -> int:
    measure = "() => document.documentElement.scrollWidth - window.innerWidth"
    pixels: int = await page.evaluate(measure)
    return max(pixels, 0)


@pytest.mark.parametrize("width", [320, 360])
async def test_it_fits_a_phone(house: House, visit: Open, width: int) -> None:
    page = await visit(
        "/r/a-room-of-a-very-long-name", viewport={"width": width, "height": 560}, has_touch=True
    )
    card, field = page.locator(".card"), page.locator("#join-form button")
    for part in (card, field):
        box = await part.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    await enter(page, "W" * 32)
    await page.locator("#text").fill("a word " * 60)
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".own .text")).to_have_count(1)
    assert await overflow(page) == 0
    members = page.locator("#members")
    await expect(members).to_be_hidden()
    await page.locator("#members-open").click()
    await expect(members).to_be_visible()
    await expect(members.locator("bdi")).to_have_text("W" * 32)
    await page.keyboard.press("Escape")
    await expect(members).to_be_hidden()
    await expect(page.locator("#members-open")).to_be_focused()


# A canvas turns every kind of colour into what is seen.
CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const seen = (colour) => {
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, nth) => sum + part * [0.2126, 0.7152, 0.0722][nth], 0);
  const ratio = (a, b) => {
    const [high, low] = [light(seen(a)), light(seen(b))].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const probe = document.body.appendChild(document.createElement("bdi"));
  const style = (name, property) => {
    probe.className = name;
    return getComputedStyle(probe)[property];
  };
  const value = (name) => {
    probe.style.color = `var(--${name})`;
    const colour = getComputedStyle(probe).color;
    probe.style.color = "";
    return colour;
  };
  const found = {};
  const grounds = ["paper", "own", "sunk", "raised", "private"];
  for (let hue = 0; hue < 12; hue += 1) {
    const colour = style(`nick hue-${hue}`, "color");
    for (const ground of grounds) found[`hue-${hue} on ${ground}`] = ratio(colour, value(ground));
    const face = `face hue-${hue}`;
    found[face] = ratio(style(face, "color"), style(face, "backgroundColor"));
  }
  for (const ink of ["ink", "soft", "accent"])
    for (const ground of grounds) found[`${ink} on ${ground}`] = ratio(value(ink), value(ground));
  found["alarm"] = ratio(value("alarm"), value("alarm-wash"));
  found["button"] = ratio(value("on-accent"), value("accent"));
  found["banner"] = ratio(value("ink"), value("warn-wash"));
  probe.remove();
  return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everything_can_be_read_by_day_and_by_night(visit: Open, scheme: str) -> None:
    page = await visit(color_scheme=scheme)
    contrasts: dict[str, float] = await page.evaluate(CONTRASTS)
    assert {what: ratio for what, ratio in contrasts.items() if ratio < 4.5} == {}
    shown = await page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    lightness = float(re.findall(r"[\d.]+", shown)[0])
    assert (lightness > 0.5) == (scheme == "light")


async def test_it_is_named_for_those_who_hear_it(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("log", name="Messages")).to_be_visible()
    await expect(page.get_by_role("complementary", name="1 here")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await expect(page.get_by_role("form", name="Write a message")).to_be_visible()
    await expect(page.get_by_role("button", name="Send")).to_be_visible()
