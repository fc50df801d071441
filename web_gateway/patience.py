"""Waiting for clients: for a bounded time, and no longer once the house closes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web


class Patience:
    def __init__(self) -> None:
        self._waits: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def wait(self, seconds: float) -> AsyncIterator[None]:
        """Raises TimeoutError after so many seconds, or when the patience has ended."""
        async with asyncio.timeout(seconds) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def end(self) -> None:
        """Ends all waits now."""
        for wait in [*self._waits]:
            if not wait.expired():
                wait.reschedule(0.0)


PATIENCE: Final = web.AppKey("patience", Patience)
