"""Known keys and UTF-8 in the query, on every route for programs."""

from __future__ import annotations

import pytest

from tests.web_gateway.served import served

ROOM = "/rooms/lobby"


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (f"{ROOM}/messages?since=3", "before, after, limit"),
        (f"{ROOM}/stream?naem=ci", "nick, bot, since, epoch"),
        (f"{ROOM}/events?epoch=x", "nick, bot, since"),
        ("/rooms?limit=3", "nothing"),
    ],
)
async def test_a_word_that_is_not_known_is_refused(path: str, known: str) -> None:
    async with served() as house:
        answer = await house.get(path)
        assert answer.refusal == (400, "bad_message")
        assert known in answer.json["text"]
        assert len(house.hall) == 0


async def test_nobody_becomes_a_guest_by_a_slip_of_the_finger() -> None:
    async with served() as house:
        answer = await house.post("x", "?naem=ci")
        assert answer.refusal == (400, "bad_message")
        assert "nick, bot, but not naem" in answer.json["text"]
        assert await house.texts() == []


@pytest.mark.parametrize("query", ["?nick=%FF", "?nick=%C3", "?%FF=1", "?nick=%ED%A0%80"])
async def test_a_query_is_utf_8(query: str) -> None:
    async with served() as house:
        assert (await house.post("x", query)).refusal == (400, "bad_utf8")
        assert (await house.get(f"{ROOM}/stream{query}")).refusal == (400, "bad_utf8")


async def test_a_program_can_say_that_it_is_one() -> None:
    async with served() as house:
        assert (await house.post("x", "?nick=ci&bot=1")).json["door"] == "bot"
        assert (await house.post("x", "?bot=0")).json["door"] == "http"
        body = '{"text":"x","bot":true}'
        assert (await house.post(body, Content_Type="application/json")).json["door"] == "bot"
        assert (await house.post("x", "?bot=yes")).refusal == (400, "bad_message")
        for path in ("stream", "events"):
            await house.listen(f"{ROOM}/{path}?nick={path}&bot=1")
            assert house.member(path).door == "bot"
