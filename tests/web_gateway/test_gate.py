"""The checks of every request: its Host, its turn, and whether the house closes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.web_gateway.served import Served, served
from web_gateway.hooks import Hooks, Incoming

WEBSOCKET = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def raw(house: Served, request: str) -> bytes:
    """The first line of the answer to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
    writer.write(request.encode())
    line = await asyncio.wait_for(reader.readline(), timeout=10)
    writer.close()
    return line.rstrip()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/r/ops",
        "/static/js/main.js",
        "/ways",
        "/qr.svg",
        "/ws",
        "/rooms",
        "/rooms/lobby/messages",
        "/rooms/lobby/stream",
        "/rooms/lobby/events",
        "/nowhere",
    ],
)
async def test_no_route_answers_to_a_foreign_name(path: str) -> None:
    async with served() as house:
        origin = "Origin: http://evil.example:8080\r\n"
        request = f"GET {path} HTTP/1.1\r\nHost: evil.example:8080\r\n{origin}{WEBSOCKET}\r\n"
        assert await raw(house, request) == b"HTTP/1.1 421 Misdirected Request"
        assert len(house.hall) == 0


async def test_a_program_gets_a_code_and_a_person_a_sentence() -> None:
    async with served() as house:
        answer = await house.get("/rooms", Host="chat.test")
        assert answer.refusal == (421, "foreign_host")
        assert "--public-url" in answer.json["text"]
        page = await house.get("/", Host="chat.test")
        assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert b"chat.test" in page.body
        assert b"--public-url" in page.body
    async with served(public_url="https://chat.test/") as house:
        assert (await house.get("/rooms", Host="chat.test")).status == 200


async def test_a_post_by_a_foreign_name_says_nothing() -> None:
    async with served() as house:
        assert (await house.post("hi", Host="evil.example")).refusal == (421, "foreign_host")
        assert await house.texts() == []


@pytest.mark.parametrize("host", ["a b", "<script>", "[::1", "a" * 256, "a." * 1400])
async def test_what_is_no_host_is_not_repeated(host: str) -> None:
    async with served() as house:
        answer = await house.get("/", Host=host)
        assert answer.status == 421
        assert host.encode() not in answer.body


async def test_an_absolute_target_must_agree_with_the_host() -> None:
    async with served() as house:
        get = "GET http://{}/livez2 HTTP/1.1\r\nHost: {}\r\n\r\n"
        foreign = await raw(house, get.format("evil.example", "localhost"))
        assert b"421" in foreign
        assert b"421" in await raw(house, get.format("localhost", "evil.example"))
        assert b"404" in await raw(house, get.format("LocalHost:80", "localhost:80"))


async def test_a_program_of_http_1_0_need_not_name_a_host() -> None:
    async with served() as house:
        assert await raw(house, "GET / HTTP/1.0\r\n\r\n") == b"HTTP/1.0 200 OK"


async def test_a_probe_comes_by_any_name() -> None:
    async with served() as house:
        assert (await house.get("/livez", Host="10.1.2.3.pods.test")).status == 200


async def test_nothing_new_begins_when_the_house_closes() -> None:
    async with served() as house:
        house.hall.close()
        for path in ("/", "/rooms", "/rooms/lobby/stream", "/rooms/lobby/events"):
            assert (await house.get(path)).status == 503
        assert (await house.post("hi")).refusal == (503, "stopping")
        upgrade = f"GET /ws?nick=alice HTTP/1.1\r\nHost: localhost\r\n{WEBSOCKET}\r\n"
        assert await raw(house, upgrade) == b"HTTP/1.1 503 Service Unavailable"


# -- the pace of an address

FEW: Any = {"rate": 5.0, "address_burst_s": 1.0, "address_reserve": 0.0}


async def test_every_request_has_a_turn_and_none_is_refused_for_a_short_wait() -> None:
    async with served(**FEW, address_requests_per_s=50.0) as house:
        answers = await asyncio.gather(*(house.get("/nowhere") for _ in range(60)))
        assert {answer.status for answer in answers} == {404}


@pytest.mark.parametrize("path", ["/", "/livez", "/rooms", "/qr.svg", "/nowhere", "/hooks/guess"])
async def test_a_request_that_would_wait_too_long_gets_retry_after(path: str) -> None:
    async with served(**FEW, address_requests_per_s=1.0, http_wait_s=0.01) as house:
        assert (await house.get("/livez")).status == 200
        answer = await house.get(path)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


async def test_a_large_answer_costs_more_than_one_request() -> None:
    async with served(**FEW, address_requests_per_s=8.0, http_wait_s=0.01) as house:
        for _ in range(8):
            await house.said("x" * 4000)
        assert (await house.get("/rooms/lobby/messages")).status == 200  # 32 KB: 8 more
        assert (await house.get("/rooms/lobby/messages")).status == 429


async def test_a_code_that_was_drawn_already_costs_no_more_than_a_page() -> None:
    few: Any = {**FEW, "address_requests_per_s": 1.0, "address_burst_s": 100.0}
    async with served(**few, qr_requests=60, http_wait_s=0.01) as house:
        for room in ("drawn-once", "drawn-once", "drawn-once", "drawn-next"):
            assert (await house.get(f"/qr.svg?room={room}")).status == 200
        assert (await house.get("/livez")).status == 429


async def test_per_address_0_lifts_it() -> None:
    async with served(**FEW, per_address=0, address_requests_per_s=1.0) as house:
        assert {(await house.get("/rooms")).status for _ in range(10)} == {200}


async def test_hooks_have_their_own_pace_whatever_comes_from_their_address() -> None:
    token = "a-token-of-16-and-more"
    async with served(
        hooks=Hooks([Incoming(token)]),
        **FEW,
        address_requests_per_s=1.0,
        address_messages_per_s=1.0,
        http_wait_s=0.01,
    ) as house:
        assert {(await house.post("x")).status for _ in range(5)} == {201, 429}
        for _ in range(5):
            answer = await house.ask("POST", f"/hooks/{token}", data='{"text":"disk full"}')
            assert answer.status == 200
