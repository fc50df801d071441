"""One connection to a room: lines out, events in, and whether the server is still there.

It neither reconnects nor knows what an event means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Self

from oneroom_client.address import Address
from oneroom_client.errors import CannotConnect
from oneroom_client.link import Link, open_link
from oneroom_client.stranger import not_a_room
from oneroom_client.wire import decode, encode
from tcp_room import events, messages

# How often the server is asked whether it is there, and when the connection is given up.
BEAT_S: Final = 10.0
SILENCE_S: Final = 35.0


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
        self._words: bytes | None = None  # the first line, if it is no event
        self._has_heard = False

    @classmethod
    async def opened(cls, address: Address, new_id: Callable[[], str]) -> Self:
        """Raises CannotConnect, Refused."""
        return cls(await open_link(address), address, new_id)

    def write(self, line: bytes) -> None:
        """`line` has no end. Does not wait, and does not raise."""
        self._link.write(line)

    async def read(self) -> list[Heard]:
        """The next events. Raises CannotConnect when the connection has ended or is silent for
        SILENCE_S, Refused when the server's last line says so to people."""
        try:
            async with asyncio.timeout(SILENCE_S):
                lines = await self._link.read()
        except TimeoutError:
            raise CannotConnect(f"{self._address} has fallen silent") from None
        if not lines:
            raise self.why or CannotConnect(f"{self._address} has closed the connection")
        heard = [Heard(event, len(line)) for line in lines if (event := decode(line)) is not None]
        self._has_heard = self._has_heard or bool(heard)
        self._words = self._words or next(filter(None, lines), None)
        return heard

    @property
    def why(self) -> Exception | None:
        """Why this is no room, as far as can be told."""
        if self._link.why is None and self._words and not self._has_heard:
            return not_a_room(self._address, self._words.decode("utf-8", "replace"))
        return self._link.why

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
