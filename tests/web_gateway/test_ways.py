from __future__ import annotations

import pytest

from tests.web_gateway.served import served
from web_gateway.ways import is_loopback, lan_address


async def test_who_came_in_by_a_name_gives_that_name_to_others() -> None:
    async with served() as house:
        house.hall.advertise(9000)
        told = (await house.get("/ways?room=3班", Host="chat.test:8080")).json
        assert told == {
            "page": "http://chat.test:8080/r/3%E7%8F%AD",
            "host": "chat.test",
            "tcp_port": 9000,
            "open": False,
        }


async def test_behind_a_proxy_the_browser_knows_the_scheme() -> None:
    async with served() as house:
        told = (await house.get("/ways?scheme=https", Host="chat.test")).json
        assert told["page"] == "https://chat.test/"


async def test_localhost_is_nobody_elses_address() -> None:
    async with served(host="0.0.0.0") as house:
        told = (await house.get("/ways", Host="localhost:8080")).json
        assert told["host"] == lan_address()
        assert told["page"] == f"http://{lan_address()}:8080/"
        assert told["open"] is True
    async with served() as house:
        told = (await house.get("/ways", Host="localhost:8080")).json
        assert (told["page"], told["open"]) == ("http://localhost:8080/", False)


async def test_the_code_is_a_picture() -> None:
    async with served() as house:
        answer = await house.get("/qr.svg", Host="chat.test:8080")
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.body.startswith(b"<svg")
        other = await house.get("/qr.svg?room=garden", Host="chat.test:8080")
        assert other.body != answer.body


@pytest.mark.parametrize("host", ["a b", "", "<script>", "[::1"])
async def test_a_strange_host_has_no_ways(host: str) -> None:
    async with served() as house:
        assert (await house.get("/ways", Host=host)).status == 400


async def test_a_strange_room_has_no_ways() -> None:
    async with served() as house:
        assert (await house.get("/qr.svg?room=a%20b")).status == 400


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("room.localhost", True),
        ("192.168.1.20", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_what_only_this_machine_is_reached_by(host: str, is_here: bool) -> None:
    assert is_loopback(host) is is_here
