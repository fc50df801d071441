"""What people do on the page, and where to look for what it shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import ConsoleMessage, Error, Locator, Page, expect

from tests.browser import House

WIDE: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 360, "height": 640}
TO_END: Final = "(it) => it.scrollHeight - it.scrollTop - it.clientHeight"
# What the browser says by itself when there is no network: what some tests are about.
EXPECTED: Final = ("WebSocket connection", "net::ERR_INTERNET_DISCONNECTED")


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
        # A refused policy is an error here.
        if message.type == "error" and not any(part in message.text for part in EXPECTED):
            self.wrong.append(message.text)


async def enter(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#name").press("Enter")
    await is_in(page)


async def is_in(page: Page) -> None:
    await expect(page.locator("#text")).to_be_visible()
    await expect(page.locator("#log")).to_have_attribute("aria-busy", "false")


async def write(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Control+Enter")


async def look_away(page: Page) -> None:
    await page.evaluate("() => dispatchEvent(new Event('blur'))")


async def look_back(page: Page) -> None:
    await page.evaluate("() => dispatchEvent(new Event('focus'))")


def texts(page: Page) -> Locator:
    """What was said, in order, without what is still on its way."""
    return page.locator("#log .say:not(.pending) .text")


async def from_end(page: Page) -> float:
    pixels: float = await page.locator("#scroller").evaluate(TO_END)
    return pixels


async def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    measure = "() => document.documentElement.scrollWidth - window.innerWidth"
    pixels: int = await page.evaluate(measure)
    return max(pixels, 0)


async def ask(page: Page, module: str, expression: str, *arguments: Any) -> Any:
    """Evaluates an expression with one of the page's modules as `it`."""
    code = f"async (args) => {{ const it = await import('/static/js/{module}.js'); {expression} }}"
    return await page.evaluate(code, list(arguments))


async def until(is_so: Callable[[], bool]) -> None:
    """Lets the others go on until that is so."""
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


# -- lines that break


@asynccontextmanager
async def deaf(house: House) -> AsyncIterator[None]:
    """The server hears, but what it answers is lost; then the lines break."""
    for bridge in house.bridges:
        bridge.session.member.mute()
    yield
    drop(house)


def drop(house: House) -> None:
    """Every WebSocket breaks, without a word."""
    for bridge in list(house.bridges):
        bridge._transport.abort()


async def refuse_lines(page: Page) -> None:
    """From here on, until the page is loaded anew, it cannot reach the server."""
    await page.evaluate("() => { window.WebSocket = class { close() {} } }")
