"""Whatever people write is text."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import *  # noqa: F403

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
