"""A house that everybody has left when it closes, programs of other processes too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oneroom_client import connect
from tcp_room.cli import emptied
from tests.browser import House, opened


@asynccontextmanager
async def open_house(**config: object) -> AsyncIterator[House]:
    async with opened(**{"leave_grace_s": 0.0, "presence_gather_s": 0.0, **config}) as house:
        yield house
        house.hall.close()
        await emptied(house.turnstile, house.hall.config.shutdown_s)


def said(house: House, room: str = "lobby") -> list[str]:
    """What was said since the house was opened, oldest first."""
    entries = house.hall.room(room)._window.after(0, 1 << 30) if house.said(room) else []
    return [entry.event.text for entry in entries]


async def logged(house: House) -> list[str]:
    """The last 500 messages of the lobby's log, oldest first."""
    async with connect(f"127.0.0.1:{house.tcp_port}", watch=True) as room:
        return [event.text for event in (await room.history(limit=500)).events]
