"""A house that everybody has left when it closes, programs of other processes too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tcp_room.cli import empty
from tests.browser import House, opened


@asynccontextmanager
async def open_house(**config: object) -> AsyncIterator[House]:
    async with opened(**{"leave_grace_s": 0.0, "presence_gather_s": 0.0, **config}) as house:
        yield house
        await empty(house.hall, house.turnstile)


def said(house: House, room: str = "lobby") -> list[str]:
    """What is in the log, oldest first."""
    entries = house.hall.room(room)._window.after(0, 1 << 30) if house.said(room) else []
    return [entry.event.text for entry in entries]
