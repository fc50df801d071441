"""Whatever people write is text, and breaks nothing."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Browser, expect

from tests.browser import House, terminal
from tests.page.conftest import Open
from tests.page.people import PHONE, ask, enter, is_in, overflow, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

# As many marks on each letter as the room lets pass.
ZALGO: Final = "".join("Z" + "".join(map(chr, range(0x300, 0x308))) for _ in range(100))
HOSTILE: Final = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script><b>bold</b>",
    "javascript:alert(1) JAVASCRIPT:alert(1) data:text/html,<script>alert(1)</script>",
    'https://example.org/"onmouseover="alert(1) https://bank.example@evil.example/',
    "\u200fabc \u0645\u0631\u062d\u0628\u0627 (xyz",
    "W" * 4096,
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "\u202egnp.exe\u202c \u2067abc\u2069 \u2066",
    "zero\u200bwidth\u2060joined\ufeff",
    ZALGO,
    "👩‍👩‍👧‍👦" * 60,
    "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e2\u05d1\u05e8\u05d9\u05ea " * 40,
    "`" * 300,
    "**" * 1000,
    "> " * 1000,
    "*a" * 1000,
]

MARKED: Final = ("**", "> ", "*a")


async def test_whatever_people_write_is_text(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "mallory & co") as person:
        for line in HOSTILE:
            await person.type(line)
        said = texts(page)
        await expect(said).to_have_count(len(HOSTILE))
        kept = [entry.event.text for entry in house.hall.room("lobby")._window.after(0, 100)]
        for text, line in zip(await said.all(), kept, strict=True):
            if not line.startswith(MARKED):
                assert await text.evaluate("(it) => it.textContent") == line
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


async def test_no_message_paints_over_another(house: House, visit: Open) -> None:
    page = await visit(viewport=PHONE)
    await enter(page, "alice")
    async with terminal(house, "mallory") as person:
        await person.type(ZALGO, "\u202eevil", "innocent")
        await expect(texts(page)).to_have_count(3)
        await expect(page.locator(".say .text").first).to_have_css("overflow", "clip")
        # A text that turns the direction does so in its own line alone.
        await expect(page.locator(".say .nick").last).to_have_css("unicode-bidi", "isolate")
        assert await texts(page).last.inner_text() == "innocent"


async def test_a_terminal_is_safe_from_what_the_page_sends(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await write(page, "a\nb\u2028c\u202ed\u200be")
        shown = await person.until("alice>| b")
        assert "alice> a" in shown and "alice>| b" in shown
        assert not any(mark in shown for mark in "\u2028\u202e")


async def test_what_is_kept_in_the_browser_by_other_hands_harms_nothing(visit: Open) -> None:
    page = await visit()
    await page.evaluate("""() => {
      localStorage.setItem("oneroom.settings", '{"theme":"<b>","language":{"a":1},"x":[]}');
      localStorage.setItem("oneroom.name", "<img src=x>");
      sessionStorage.setItem("oneroom.outbox", "not json");
    }""")
    await page.reload()
    await expect(page.locator("#name")).to_have_value("<img src=x>")
    await enter(page, "alice")
    await write(page, "still here")
    await expect(texts(page)).to_have_text(["still here"])
    await page.reload()
    await is_in(page)


async def test_the_page_cannot_make_html_of_strings(browser: Browser, house: House) -> None:
    page = await browser.new_page()
    await page.goto(house.url)
    refused = await page.evaluate("""() => {
      try { document.body.innerHTML = "<b>x</b>"; return ""; } catch (error) { return error.name; }
    }""")
    assert refused == "TypeError"
    violated = await page.evaluate("""() => new Promise((done) => {
      addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
      const style = document.createElement("style");
      document.head.append(style);
      style.textContent = "body { color: red }";
    })""")
    assert violated.startswith("style-src")
    await page.close()


LINKS: Final = {
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
    "mailto:a@b.example or mailto:nobody": ["mailto:a@b.example"],
    "**https://a.example/**": ["https://a.example/"],
    "`https://a.example`": [],
    "https://a.example/*b*": ["https://a.example/*b"],
    "https://a.example" + ")" * 4000: ["https://a.example"],
}


async def test_addresses_become_links(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    for text in LINKS:
        await write(page, text)
    await expect(texts(page)).to_have_count(len(LINKS))
    for said, links in zip(await texts(page).all(), LINKS.values(), strict=True):
        assert await said.locator("a").all_inner_texts() == links


SLOW: Final = [
    "```\n" * 1300,
    "```a\n" * 1000,
    "`" * 4096,
    "".join("`" * nth + "a" for nth in range(80)),
    "**a" * 1300,
    "*" * 4096,
    "* a *" * 800,
    ">\n" * 2000,
    "https://" * 500,
    "mailto:" * 500,
    "https://a.example/" + "(" * 4000,
]


async def test_no_text_takes_long_to_show(visit: Open) -> None:
    page = await visit()
    measure = """return args.map((text) => {
      const start = performance.now();
      for (let nth = 0; nth < 10; nth += 1) it.parse(text);
      return (performance.now() - start) / 10;
    });"""
    took = await ask(page, "markup", measure, *SLOW)
    assert {text[:9]: ms for text, ms in zip(SLOW, took, strict=True) if ms > 50} == {}
