"""The README's picture: the page beside a terminal, in the same conversation.

    python -m tests.picture docs/picture.png

The conversation is real: Chromium on one side, `nc` in a tmux pane on the other.
"""

from __future__ import annotations

import asyncio
import base64
import html
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.browser import House, launched, opened

SESSION = "oneroom-picture"
# Who says what: in the page, or on the line.
WORDS = [
    ("page", "早上好！今天讲 selectors 吗？"),
    ("line", "good morning! yes, and then we build the room itself"),
    ("line", "open two terminals, or a browser"),
    ("page", "我在浏览器里，你在 nc 里，看到的是同一场对话"),
    ("line", "that is the whole trick: the room is a log"),
    ("page", "and each of us is a cursor in it"),
]
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 36px; display: inline-flex; gap: 28px; background: #dfe4ea;
  font: 15px/1.5 sans-serif; width: max-content }}
figure {{ margin: 0; border-radius: 12px; overflow: hidden; box-shadow: 0 10px 34px #0004 }}
figcaption {{ background: #eceff2; color: #555; padding: 7px 16px; font-size: 13px }}
.line figcaption {{ background: #2d333b; color: #adbac7 }}
img {{ display: block; width: 640px }}
pre {{ margin: 0; padding: 16px; width: 640px; height: 528px; background: #1c2128; color: #cdd9e5;
  font: 14.5px/1.55 "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace;
  white-space: pre-wrap; box-sizing: border-box }}
</style>
<figure><figcaption>http://localhost:8080</figcaption><img src="data:image/png;base64,{page}">
</figure>
<figure class="line"><figcaption>a terminal</figcaption><pre>{line}</pre></figure>"""


async def tmux(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *("tmux", "-u", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    output, _ = await process.communicate()
    return output.decode()


@asynccontextmanager
async def line(house: House) -> AsyncIterator[None]:
    """Somebody in a terminal."""
    command = f"nc localhost {house.tcp_port}"
    await tmux("new-session", "-d", "-s", SESSION, "-x", "72", "-y", "24", command)
    try:
        await shown("You are guest")
        await type_line("/nick alice")
        await shown("You are now alice")
        yield
    finally:
        await tmux("kill-session", "-t", SESSION)


async def type_line(text: str) -> None:
    await tmux("send-keys", "-t", SESSION, "-l", text)
    await tmux("send-keys", "-t", SESSION, "Enter")


async def shown(text: str) -> str:
    """The terminal, as soon as that is on it."""
    async with asyncio.timeout(20):
        while text not in (screen := await tmux("capture-pane", "-p", "-J", "-t", SESSION)):
            await asyncio.sleep(0.05)
    return screen


async def talk(page: Page) -> str:
    """What the terminal shows when all is said."""
    for door, words in WORDS:
        if door == "page":
            await page.locator("#text").fill(words)
            await page.locator("#text").press("Enter")
        else:
            await type_line(words)
        await expect(page.locator("#log")).to_contain_text(words)
        await shown(words[:20])
    return await shown(WORDS[-1][1])


async def photograph(browser: Browser) -> bytes:
    async with opened(rate=0.0, presence_gather_s=0.1) as house:
        page = await browser.new_page(viewport={"width": 640, "height": 528}, device_scale_factor=2)
        await page.goto(f"{house.url}/?name=小明")
        await page.locator("#name").press("Enter")
        await expect(page.locator("#text")).to_be_visible()
        async with line(house):
            terminal = (await talk(page)).replace(str(house.tcp_port), "9000").strip()
            await page.locator("#text").focus()
            picture = base64.b64encode(await page.screenshot()).decode()
    sheet = await browser.new_page(viewport={"width": 1420, "height": 640}, device_scale_factor=1.5)
    command = f"$ nc localhost 9000\n{terminal}\n█"
    await sheet.set_content(SHEET.format(page=picture, line=html.escape(command)))
    return await sheet.locator("body").screenshot()


async def picture() -> bytes:
    """A PNG."""
    async with launched() as browser:
        return await photograph(browser)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(asyncio.run(picture()))
