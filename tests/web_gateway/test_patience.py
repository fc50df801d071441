from __future__ import annotations

import asyncio

import pytest

from web_gateway.patience import Patience


async def test_it_has_an_end() -> None:
    with pytest.raises(TimeoutError):
        async with Patience().wait(0.01):
            await asyncio.Event().wait()


async def test_what_comes_in_time_is_not_hurried() -> None:
    patience = Patience()
    async with patience.wait(60):
        pass
    patience.end()


async def test_when_the_house_closes_it_ends_at_once_for_all() -> None:
    patience = Patience()

    async def wait() -> str:
        try:
            async with patience.wait(60):
                await asyncio.Event().wait()
        except TimeoutError:
            return "no longer"
        return "came"

    tasks = [asyncio.create_task(wait()) for _ in range(3)]
    await asyncio.sleep(0)
    patience.end()
    patience.end()
    assert await asyncio.gather(*tasks) == ["no longer"] * 3
