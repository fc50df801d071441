"""What the tests of a room share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from oneroom_client import Room
from tcp_room import events
from tcp_room.events import Event
from tests.browser import House

DOORS: dict[str, Callable[[House], str]] = {
    "tcp": lambda house: f"127.0.0.1:{house.tcp_port}",
    "web": lambda house: house.url,
}


def cut(house: House, nick: str) -> None:
    """As if a cable were pulled."""
    house.hall.find(nick).outlet._transport.abort()  # type: ignore[attr-defined]


async def until(room: Room, is_it: Callable[[Event], bool]) -> list[Event]:
    """All events up to the one that is it."""
    told: list[Event] = []
    async with asyncio.timeout(10):
        async for event in room:
            told.append(event)
            if is_it(event):
                return told
    raise AssertionError(told)


async def until_said(room: Room, text: str) -> list[str]:
    told = await until(room, lambda event: getattr(event, "text", None) == text)
    return [event.text for event in told if isinstance(event, events.Say)]
