"""For everybody: languages, screens, eyes and ears."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
