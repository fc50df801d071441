"""For everybody: languages, screens, keyboards, eyes and ears."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import axe_playwright_python
import pytest
from playwright.async_api import Page, expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import (
    PHONE,
    enter,
    is_in,
    look_away,
    overflow,
    refuse_lines,
    texts,
    write,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

I18N: Final = Path(__file__).parent.parent.parent / "static" / "i18n"
AXE: Final = Path(axe_playwright_python.__file__).parent / "axe.min.js"
PANELS: Final = ["Search", "Other ways in", "Settings"]


# -- languages


async def test_it_speaks_chinese(house: House, visit: Open) -> None:
    page = await visit(locale="zh-CN")
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("#join-form button")).to_have_text("加入")
    await enter(page, "李雷")
    await expect(page.locator("#side-title")).to_have_text("1 人在这里")
    await write(page, "/help")
    await expect(page.locator(".answer.help dd").first).to_have_text("查看这份列表")
    await write(page, "/nope")
    await expect(page.locator(".failed .state")).to_contain_text("没有这个命令")
    english = await visit("/?lang=en", locale="zh-CN")
    await expect(english.locator("#join-form button")).to_have_text("Join")


async def test_the_language_is_changed_in_place_and_kept(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "hello")
    await page.locator("#text").fill("half a th")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Language").focus()
    await page.get_by_label("Language").select_option("zh")
    await expect(page.get_by_label("语言")).to_be_focused()
    await expect(page.locator("#side-title")).to_have_text("设置")
    await expect(page.locator(".day")).to_have_text("今天")
    await expect(page.locator(".own .door")).to_have_text("网页")
    await expect(page.locator("#text")).to_have_attribute("placeholder", "发消息到 #lobby")
    await expect(page.locator("#text")).to_have_value("half a th")
    await page.reload()
    await expect(page.locator(".own .door")).to_have_text("网页")


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


# All visible words, but for what people wrote, names, numbers, and what is typed into terminals.
WORDS = """() => {
  const ours = "bdi, .text, time, code, option, title, script, noscript, #topic, .face";
  const words = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest(ours)) words.push(walker.currentNode.data);
  for (const node of document.querySelectorAll("*"))
    for (const name of ["aria-label", "placeholder", "title", "alt"])
      if (!node.closest(ours) && node.hasAttribute(name)) words.push(node.getAttribute(name));
  return words;
}"""


async def test_no_visible_word_stands_in_code(house: House, visit: Open) -> None:
    """In a language of marks alone, no letter is seen."""
    english = json.loads((I18N / "en.json").read_text("utf-8"))
    marks = {key: "·" + "".join(f"{{{hole}}}" for hole in holes(english[key])) for key in english}
    page = await visit("/static/icon.svg")
    await page.route("**/i18n/en.json", lambda route: route.fulfill(json=marks))
    await page.goto(house.url)
    await expect(page.locator("#name")).to_be_visible()
    seen = await page.evaluate(WORDS)
    await enter(page, "1")
    async with terminal(house, "2") as person:
        await look_away(page)
        await person.type("7", "/me 7", "/topic 7", "/msg 1 7", "@1 7")
        for line in ("/who", "/rooms", "/history 3", "/search 7", "/nick 3", "/nope"):
            await write(page, line)
        await expect(page.locator(".failed")).to_have_count(1)
    await expect(page.locator(".presence").last).to_be_visible()
    for panel in ("search", "ways", "settings"):
        await page.locator(f"button[data-panel={panel}]").click()
        await expect(page.locator(f"#{panel} > *").first).to_be_visible()
        seen += await page.evaluate(WORDS)
    await page.locator("#text").fill("x" * 4000)
    seen += await page.evaluate(WORDS)
    # Names of rooms and of the server's own parts, which are the same in every language.
    known = re.compile(r"#?lobby|/\w+|there is no command .*|http://\S+|nc|curl")
    lists = {" and ", ", and ", "and "}  # the browser's own
    assert {word for word in seen if re.search(r"[^\W\d_]", known.sub("", word))} <= lists


# -- screens


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
    side = page.locator("#side")
    await expect(side).to_be_hidden()
    await page.locator("#members-open").click()
    await expect(side).to_be_visible()
    await expect(side.locator("bdi")).to_have_text("W" * 32)
    await page.keyboard.press("Escape")
    await expect(side).to_be_hidden()
    await expect(page.locator("#members-open")).to_be_focused()


async def test_it_can_be_used_at_twice_its_size(house: House, visit: Open) -> None:
    """What a window of 1280 by 720 is to a browser at 200 %, and at 400 %."""
    for width, height in ((640, 360), (320, 256)):
        page = await visit(viewport={"width": width, "height": height})
        await enter(page, f"alice{width}")
        await write(page, "hello")
        await expect(texts(page).last).to_be_in_viewport()
        await expect(page.locator("#text")).to_be_in_viewport()
        assert await overflow(page) == 0


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
    assert await is_light(page) == (scheme == "light")


async def test_day_and_night_can_be_chosen(visit: Open) -> None:
    page = await visit(color_scheme="light")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Colours").select_option("dark")
    assert not await is_light(page)
    await page.reload(wait_until="commit")
    await page.locator("body").wait_for(state="attached")
    assert not await is_light(page)  # from the first picture on


async def is_light(page: Page) -> bool:
    shown = await page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor")
    return float(re.findall(r"[\d.]+", shown)[0]) > 0.5


async def test_forced_colours_leave_nothing_unseen(house: House, visit: Open) -> None:
    page = await visit(forced_colors="active")
    await enter(page, "alice")
    await write(page, "hello")
    await page.locator("#text").press_sequentially("/m")
    chosen, other = page.get_by_role("option").first, page.get_by_role("option").last
    ground = "(it) => getComputedStyle(it).backgroundColor"
    assert await chosen.evaluate(ground) != await other.evaluate(ground)
    for part in (".own", "#composer .box", ".send"):
        edge = "(it) => getComputedStyle(it).borderTopStyle"
        assert await page.locator(part).first.evaluate(edge) == "solid", part


async def test_who_wants_no_motion_sees_none(house: House, visit: Open) -> None:
    page = await visit(reduced_motion="reduce", viewport=PHONE)
    await enter(page, "alice")
    await write(page, "hello")
    moving = await page.evaluate("""() => [...document.querySelectorAll("*")].filter((node) => {
      const { transitionProperty, transitionDuration, animationName } = getComputedStyle(node);
      const still = transitionDuration.split(",").every((time) => parseFloat(time) === 0);
      const moves = /transform|all|opacity/.test(transitionProperty);
      return animationName !== "none" || (!still && moves);
    }).map((node) => node.tagName + "." + node.className)""")
    assert moving == []


# -- ears and keyboards


async def violations(page: Page) -> list[str]:
    """What axe-core finds, of every kind."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate("() => axe.run({ resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark", "locale": "zh-CN"}], ids=str)
async def test_axe_finds_nothing_in_any_state(
    house: House, visit: Open, options: dict[str, str]
) -> None:
    page = await visit(**options)
    async with terminal(house, "bob") as person:
        await person.type("hello **there**", "> quoted\n", "/me waves", "/topic tea")
        await expect(page.locator(".topic")).to_be_visible()
        assert await violations(page) == []  # at the door
        await page.locator("#join-form button").click()
        assert await violations(page) == []  # refused
        await enter(page, "alice")
        await look_away(page)
        await person.type("@alice `code` https://a.example", "/msg alice psst", "👍")
        await write(page, "```\na fence\n```")
        await write(page, "/help")
        await write(page, "/nope")
        await expect(page.locator(".failed")).to_be_visible()
        assert await violations(page) == []  # inside
        await page.locator("#text").fill("")
        await page.locator("#text").press_sequentially("/")
        await expect(page.get_by_role("option").first).to_be_visible()
        assert await violations(page) == []  # with suggestions
        await page.locator("#text").fill("")
        for panel in ("search", "ways", "settings"):
            await page.locator(f"button[data-panel={panel}]").click()
            await expect(page.locator(f"#{panel} > *").first).to_be_visible()
            if panel == "search":
                await page.locator("#query").fill("hello")
                await expect(page.locator("#results li")).to_have_count(1)
            assert await violations(page) == [], panel
        await page.keyboard.press("Escape")
        await page.set_viewport_size({"width": 360, "height": 640})
        await page.locator("#scroller").evaluate("(it) => { it.scrollTop = 0 }")
        assert await violations(page) == []  # a phone, reading back
        await page.locator("#members-open").click()
        assert await violations(page) == []  # with its drawer
        await page.keyboard.press("Escape")
        await page.clock.install()
        await refuse_lines(page)
        for bridge in list(house.bridges):
            bridge._transport.abort()
        await page.clock.run_for(10_000)
        await expect(page.locator("#banner")).to_be_visible()
        await write(page, "is anybody there?")
        assert await violations(page) == []  # offline


async def test_it_is_named_for_those_who_hear_it(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await expect(page.get_by_role("main")).to_have_count(1)
    await write(page, "hello")
    await expect(page.get_by_role("log", name="Messages")).to_be_visible()
    await expect(page.get_by_role("complementary", name="1 here")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await expect(page.get_by_role("form", name="Write a message")).to_be_visible()
    await expect(page.get_by_role("button", name="Send")).to_be_visible()


async def test_what_comes_is_read_out_and_a_flood_is_counted(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    log, said = page.locator("#log"), page.locator("#said")
    await page.clock.install()
    async with terminal(house, "bob") as person:
        await person.type("one")
        await expect(texts(page)).to_have_count(1)
        await page.clock.run_for(2_500)
        await expect(log).not_to_have_attribute("aria-live", "off")
        await expect(said).to_have_text("")
        await person.type(*[f"line {nth}" for nth in range(20)])
        await expect(texts(page)).to_have_count(21)
        await expect(log).to_have_attribute("aria-live", "off")
        await page.clock.run_for(2_500)
        await expect(log).to_have_attribute("aria-live", "polite")
        await expect(said).to_have_text("20 new messages")


async def test_all_of_it_is_done_by_keyboard(house: House, visit: Open) -> None:
    page = await visit()
    keyboard = page.keyboard
    await expect(page.locator("#name")).to_be_focused()
    await keyboard.type("alice")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await is_in(page)
    await expect(page.locator("#text")).to_be_focused()
    await keyboard.type("hello")
    await keyboard.press("Tab")
    await keyboard.press("Space")
    await expect(texts(page)).to_have_text(["hello"])
    await page.locator("#skip").focus()
    passed = []
    for _ in range(6):
        await keyboard.press("Tab")
        label = (
            "() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"
        )
        passed.append(await page.evaluate(label))
    assert passed == ["Search", "Other ways in", "Settings", "Conversation", "text", "Send"]
    for panel in PANELS:
        opener = page.get_by_role("button", name=panel)
        await opener.focus()
        await keyboard.press("Enter")
        await expect(page.get_by_role("complementary", name=panel)).to_be_visible()
        await expect(opener).to_have_attribute("aria-expanded", "true")
        await expect(page.locator("#side :focus")).to_have_count(1)
        await keyboard.press("Escape")
        await expect(opener).to_be_focused()
    await page.locator("#skip").focus()
    await keyboard.press("Enter")
    await expect(page.locator("#text")).to_be_focused()
