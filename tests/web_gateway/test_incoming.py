"""Other programs say something."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web_gateway.served import Answer, Served, served
from web_gateway.hooks import Hooks, Incoming

TOKEN = "a-token-of-16-and-more"


@pytest.fixture
async def house() -> AsyncIterator[Served]:
    hooks = Hooks([Incoming(TOKEN, "ops", "grafana"), Incoming(TOKEN + "2")])
    async with served(hooks=hooks) as house:
        yield house


async def send(house: Served, body: str | bytes, token: str = TOKEN, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.ask("POST", f"/hooks/{token}", data=body, headers=sent)


async def newest(house: Served, room: str = "ops") -> dict[str, Any]:
    event: dict[str, Any] = (await house.page("?limit=1", room))["events"][-1]
    return event


async def test_it_is_said_as_a_bot_under_the_name_that_was_sent(house: Served) -> None:
    answer = await send(house, '{"text":"disk <b>","username":"Alert Manager"}')
    assert (answer.status, answer.body) == (200, b"ok")
    event = await newest(house)
    assert (event["nick"], event["door"], event["text"]) == ("Alert Manager", "bot", "disk <b>")


@pytest.mark.parametrize("username", ["", "a|b", "小明", "x" * 99])
async def test_a_name_that_cannot_be_had_is_the_hooks_own(house: Served, username: str) -> None:
    listener = await house.listen("/rooms/lobby/stream?nick=%E5%B0%8F%E6%98%8E")
    await listener.line()
    answer = await send(house, f'{{"text":"x","username":"{username}"}}')
    assert (answer.status, (await newest(house))["nick"]) == (200, "grafana")


async def test_if_that_is_taken_too_it_is_a_guests(house: Served) -> None:
    listener = await house.listen("/rooms/lobby/stream?nick=grafana")
    await listener.line()
    assert (await send(house, '{"text":"x"}')).status == 200
    assert (await newest(house))["nick"].startswith("guest-")


async def test_the_room_and_the_name_are_the_hooks(house: Served) -> None:
    await send(house, '{"text":"x","channel":"#elsewhere"}', TOKEN + "2")
    assert (await newest(house, "lobby"))["nick"] == "hook"


async def test_a_second_try_is_known(house: Served) -> None:
    for _ in range(2):
        assert (await send(house, '{"text":"x"}', Idempotency_Key="k1")).status == 200
    assert await house.texts("ops") == ["x"]


@pytest.mark.parametrize(
    ("token", "body", "refusal"),
    [
        ("a-token-that-is-none", '{"text":"x"}', (404, "not_found")),
        (TOKEN, "{}", (400, "empty")),
        (TOKEN, "{", (400, "bad_json")),
        (TOKEN, '{"text":"\\u001b[2J"}', (400, "bad_text")),
        (TOKEN, "x" * 5000, (413, "too_long")),
        (TOKEN, "x" * 50_000, (413, "too_long")),
    ],
    ids=str,
)
async def test_what_is_refused_says_why(
    house: Served, token: str, body: str, refusal: tuple[int, str]
) -> None:
    assert (await send(house, body, token)).refusal == refusal


async def test_nothing_is_to_be_had_there(house: Served) -> None:
    assert (await house.get(f"/hooks/{TOKEN}")).refusal == (405, "bad_method")


async def test_who_is_too_fast_is_told_when_to_come_again() -> None:
    async with served(hooks=Hooks([Incoming(TOKEN)]), rate=1.0, burst_messages=2) as house:
        answers = [await send(house, '{"text":"x"}') for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["Retry-After"] == "1"


async def test_programs_may_speak_in_shapes_of_their_own(house: Served) -> None:
    body = '{"alerts":[{"labels":{"alertname":"DiskFull"}}]}'
    assert (await send(house, body)).status == 200
    event = await newest(house)
    assert (event["nick"], event["text"]) == ("grafana", "[FIRING] DiskFull")
    form = "payload=%7B%22repository%22%3A%7B%22full_name%22%3A%22us%2Froom%22%7D%7D"
    assert (await send(house, form, X_GitHub_Event="ping")).status == 200
    assert (await newest(house))["text"] == "GitHub will tell here of us/room"
    quiet = await send(house, '{"ref":"refs/heads/gone"}', X_GitHub_Event="push")
    assert (quiet.status, (await newest(house))["seq"]) == (200, 2)
