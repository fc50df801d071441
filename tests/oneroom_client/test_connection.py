"""One connection, with a link that a test plays."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import pytest

from oneroom_client import connection
from oneroom_client.address import Address
from oneroom_client.connection import Connection
from oneroom_client.errors import CannotConnect, Refused
from tcp_room.events import Live, Pong

LIVE = b'{"kind":"live","seq":7}'
ADDRESS = Address("tcp", "chat.local", 9000)


class Played:
    """A link that says what it is told to, and then ends."""

    def __init__(self, *reads: Sequence[bytes], why: Exception | None = None) -> None:
        self.why = why
        self.written: list[bytes] = []
        self.is_closed = False
        self._reads = list(reads)

    async def read(self) -> Sequence[bytes]:
        return self._reads.pop(0) if self._reads else ()

    def write(self, line: bytes) -> None:
        self.written.append(line)

    async def close(self) -> None:
        self.is_closed = True


class Silent(Played):
    async def read(self) -> Sequence[bytes]:
        await asyncio.Event().wait()
        return ()


def connected(link: Played) -> Connection:
    ids = iter("abc")
    return Connection(link, ADDRESS, lambda: next(ids))


async def test_events_come_with_the_size_of_their_lines_and_the_rest_is_skipped() -> None:
    read = await connected(Played([b"* hello", LIVE, b"{broken", b'{"kind":"new"}'])).read()
    assert read == [(Live(7), len(LIVE))]


async def test_the_end_is_raised() -> None:
    with pytest.raises(CannotConnect, match=r"chat\.local:9000 has closed the connection"):
        await connected(Played()).read()


async def test_the_reason_of_the_link_is_raised() -> None:
    with pytest.raises(Refused, match="server_full"):
        await connected(Played(why=Refused("server_full", "full"))).read()


async def test_the_words_of_something_that_is_no_room_are_raised() -> None:
    mail, room = connected(Played([b"", b"220 mail"])), connected(Played([b"* hi", LIVE]))
    assert await mail.read() == []
    with pytest.raises(CannotConnect, match="not as a room: 220 mail"):
        await mail.read()
    await room.read()
    with pytest.raises(CannotConnect, match="has closed the connection"):
        await room.read()


async def test_silence_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENCE_S", 0.01)
    with pytest.raises(CannotConnect, match="has fallen silent"):
        await connected(Silent()).read()


async def test_it_asks_again_and_again_and_tells_how_long_the_answer_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "BEAT_S", 0.001)
    link = Played()
    one = connected(link)
    one.beat()
    assert (one.hear_pong(Pong("a")), one.lag_s is not None) == (True, True)
    assert not one.hear_pong(Pong("a"))
    async with asyncio.timeout(5):
        while len(link.written) < 2:
            await asyncio.sleep(0)
    assert not one.hear_pong(Pong("elsewhere"))
    await one.close()
    assert one._timer is not None
    assert (link.is_closed, one._timer.cancelled()) == (True, True)
    assert [json.loads(line)["id"] for line in link.written[:2]] == ["a", "b"]
