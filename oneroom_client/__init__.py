"""A client of a room, for programs, by any of its doors.

    async with oneroom_client.connect("localhost:9000", nick="ci") as room:
        await room.say("the build is green")
        async for event in room:
            ...

It reconnects, resumes where it stopped, and says each message once. It knows
nothing of the server but what goes over the wire (`events`, `messages`) and
how that looks in a terminal.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oneroom_client.address import AddressError
    from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
    from oneroom_client.room import Room, connect
    from oneroom_client.visit import Back, Offline

__all__ = [
    "AddressError",
    "Back",
    "CannotConnect",
    "Offline",
    "Refused",
    "Room",
    "Unconfirmed",
    "connect",
]
_MODULES = {
    "AddressError": "address",
    "CannotConnect": "errors",
    "Refused": "errors",
    "Unconfirmed": "errors",
    "Back": "visit",
    "Offline": "visit",
}


def __getattr__(name: str) -> object:
    """Imports at first use: `start` must run before anything that takes time."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'room')}"), name)
