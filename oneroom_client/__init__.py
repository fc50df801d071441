"""A client of a room, for programs, by any of its doors.

    async with oneroom_client.connect("localhost:9000", nick="ci") as room:
        await room.say("the build is green")
        async for event in room:
            ...

It reconnects, reads on where it stopped, and says what it was told once. It
must not know how the server works: it shares with it only what goes over the
wire (`events`, `messages`) and how that looks in a terminal.
"""

from oneroom_client.address import AddressError
from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
from oneroom_client.room import Back, Offline, Room, connect

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
