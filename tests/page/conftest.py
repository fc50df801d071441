"""One Chromium for all tests of the page; a house and fresh visitors for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser import House, launched, opened
from tests.page.people import WIDE, Visit

Open = Callable[..., Any]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def house() -> AsyncIterator[House]:
    async with opened(leave_grace_s=0.2) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, house: House) -> AsyncIterator[Open]:
    """Opens pages, each as another person's browser; nothing may have gone wrong in any."""
    visits: list[Visit] = []
    async with AsyncExitStack() as stack:

        async def open(path: str = "/", *, beside: Page | None = None, **options: Any) -> Page:
            """`beside`: another tab of that page's browser."""
            if beside is None:
                context = await browser.new_context(
                    **{"viewport": WIDE, "locale": "en-GB", "color_scheme": "light", **options}
                )
                stack.push_async_callback(context.close)
            else:
                context = beside.context
            page = await context.new_page()
            visits.append(Visit(page))
            await page.goto(path if path.startswith("http") else house.url + path)
            return page

        yield open
    assert [wrong for visit in visits for wrong in visit.wrong] == []
