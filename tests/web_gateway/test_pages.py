from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from tests.browser import House, opened
from web_gateway.files import without_comments
from web_gateway.pages import STATIC


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened() as house:
        yield house


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/r/lobby", "/r/3班", "/r/%23lobby"])
async def test_the_page_is_at_each_rooms_address(
    house: House, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(house.url + path) as response:
        assert response.status == 200
        assert await response.text() == (STATIC / "index.html").read_text()
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/r/", "/r/a%20b", "/r/..%2f..", "/nothing", "/static/nothing"])
async def test_there_is_nothing_elsewhere(
    house: House, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(URL(house.url + path, encoded=True)) as response:
        assert response.status in (403, 404)
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/js", "/static/"]
)
async def test_no_file_but_the_pages_is_served(
    house: House, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(URL(house.url + path, encoded=True)) as response:
        assert response.status in (403, 404)
        assert b"oneroom" not in await response.read()


async def test_every_file_of_the_page_is_served_with_its_type(
    house: House, client: aiohttp.ClientSession
) -> None:
    types = {".js": "javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path in STATIC.rglob("*"):
        if path.is_file():
            async with client.get(f"{house.url}/static/{path.relative_to(STATIC)}") as response:
                assert response.status == 200
                assert types.get(path.suffix, "") in response.content_type
                assert await response.read() == without_comments(path.read_bytes(), path.suffix)
                assert "Server" not in response.headers


async def test_a_page_that_has_not_changed_is_not_sent_again(
    house: House, client: aiohttp.ClientSession
) -> None:
    async with client.get(house.url) as first:
        tag = first.headers["ETag"]
    async with client.get(house.url, headers={"If-None-Match": tag}) as again:
        assert again.status == 304


async def test_a_live_server_says_so(house: House, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{house.url}/livez") as response:
        assert (response.status, await response.text()) == (200, "ok\n")
