"""One connection to a room: lines out, events in, and whether the server is still there.

It neither reconnects nor knows what an event means.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Final, NamedTuple, Self

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect, Refused
from oneroom_client.link import Link, open_link
from oneroom_client.wire import decode, encode
from tcp_room import events, messages

# How often the server is asked whether it is there, and when the connection is given up.
BEAT_S: Final = 10.0
SILENCE_S: Final = 35.0

# How the line door refuses somebody of whom it does not know yet that it is a program.
_SPOKEN: Final = re.compile(r"(.*) \((\w+)\)")


class Heard(NamedTuple):
    """An event, and the bytes of its line."""

    event: events.Event
    size: int


class Connection:
    def __init__(self, link: Link, address: Address, new_id: Callable[[], str]) -> None:
        """`new_id` makes the ids of pings."""
        self.lag_s: float | None = None  # how long the answer to the last ping took
        self._link = link
        self._address = address
        self._new_id = new_id
        self._pinged: tuple[str, float] | None = None  # the id of a ping, and when it was sent
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def opened(cls, address: Address, new_id: Callable[[], str]) -> Self:
        """Raises CannotConnect."""
        return cls(await open_link(address), address, new_id)

    def write(self, line: bytes) -> None:
        """`line` has no end. Does not wait, and does not raise."""
        self._link.write(line)

    async def read(self) -> list[Heard]:
        """The next events. Raises CannotConnect when the connection has ended or is silent for
        SILENCE_S, Refused when the server says so in words as its last ones."""
        try:
            async with asyncio.timeout(SILENCE_S):
                lines = await self._link.read()
        except TimeoutError:
            raise CannotConnect(f"{self._address} has fallen silent") from None
        if not lines:
            raise self._end()
        heard = ((decode(line), len(line)) for line in lines)
        return [Heard(event, size) for event, size in heard if event is not None]

    def _end(self) -> Exception:
        if spoken := _SPOKEN.fullmatch(self._link.farewell):
            return Refused(spoken[2], spoken[1])
        return CannotConnect(f"{self._address} has closed the connection")

    def beat(self) -> None:
        """Pings now, and every BEAT_S from here on."""
        loop = asyncio.get_running_loop()
        id = self._new_id()
        self._pinged = id, loop.time()
        self.write(encode(messages.Ping(id=id)))
        self._timer = loop.call_later(BEAT_S, self.beat)

    def hear_pong(self, pong: events.Pong) -> bool:
        """Whether it answers a ping of this connection; then `lag_s` is new."""
        if self._pinged is None or pong.id != self._pinged[0]:
            return False
        self.lag_s = asyncio.get_running_loop().time() - self._pinged[1]
        self._pinged = None
        return True

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._link.close()
