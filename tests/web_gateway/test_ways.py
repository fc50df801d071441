from __future__ import annotations

from tests.web_gateway.served import served
from web_gateway.ways import lan_address


async def test_others_are_given_the_address_that_this_browser_has() -> None:
    async with served() as house:
        house.hall.advertise(9000)
        told = (await house.get("/ways?room=3班", Host="room.localhost:8080")).json
        assert told == {
            "page": "http://room.localhost:8080/r/3%E7%8F%AD",
            "host": "room.localhost",
            "tcp_port": 9000,
            "open": False,
        }


async def test_behind_a_proxy_the_browser_knows_the_scheme() -> None:
    async with served() as house:
        told = (await house.get("/ways?scheme=https", Host="localhost")).json
        assert told["page"] == "https://localhost/"


async def test_the_operator_knows_best_how_people_reach_the_house() -> None:
    async with served(public_url="https://chat.test/") as house:
        house.hall.advertise(9000)
        told = (await house.get("/ways?room=ops", Host="localhost:8080")).json
        assert told == {
            "page": "https://chat.test/r/ops",
            "host": "chat.test",
            "tcp_port": 0,  # it listens on 127.0.0.1 alone
            "open": True,
        }
    async with served(public_url="http://chat.test:81", host="0.0.0.0") as house:
        house.hall.advertise(9000)
        told = (await house.get("/ways", Host="chat.test:81")).json
        assert (told["page"], told["tcp_port"]) == ("http://chat.test:81/", 9000)


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
        answer = await house.get("/qr.svg", Host="localhost:8080")
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.body.startswith(b"<svg")
        other = await house.get("/qr.svg?room=garden", Host="localhost:8080")
        assert other.body != answer.body


async def test_a_strange_room_has_no_ways() -> None:
    async with served() as house:
        assert (await house.get("/qr.svg?room=a%20b")).status == 400
