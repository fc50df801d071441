"""A link over a WebSocket."""

from __future__ import annotations

import asyncio

from oneroom_client.address import parse
from oneroom_client.link import open_link
from tests.oneroom_client.house import open_house, said


async def test_what_is_written_is_sent_in_order_and_read_line_by_line() -> None:
    async with open_house() as house:
        opened = await open_link(parse(house.url))
        opened.write(b'{"kind":"hello","nick":"al"}')
        for number in range(100):
            opened.write(b'{"kind":"say","text":"m%d"}' % number)
        lines: list[bytes] = []
        while len(lines) < 102 + 100:
            lines += [line for line in await opened.read() if line]
            if b'"m99"' in lines[-1]:
                break
        await opened.close()
        assert said(house) == [f"m{number}" for number in range(100)]


async def test_it_ends_when_the_server_closes_and_takes_no_harm() -> None:
    async with open_house() as house:
        opened = await open_link(parse(house.url))
        opened.write(b'{"kind":"hello","nick":"al"}')
        await opened.read()
        house.hall.dismiss(house.hall.find("al"))
        async with asyncio.timeout(10):
            while await opened.read():
                pass
        opened.write(b"into the void")
        await asyncio.sleep(0)
        assert await opened.read() == ()
        await opened.close()
