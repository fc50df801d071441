"""Probes: whether the process lives, and whether people should be sent to it."""

from __future__ import annotations

from tests.fakes import FaultyEngine
from tests.web_gateway.served import served


async def test_a_house_that_is_open_is_alive_and_ready() -> None:
    async with served() as house:
        alive = await house.get("/livez")
        assert (alive.status, alive.body, alive.headers["Cache-Control"]) == (
            200,
            b"ok\n",
            "no-store",
        )
        ready = await house.get("/readyz")
        assert (ready.status, ready.json) == (200, {"ready": True, "reasons": []})
        assert ready.headers["Cache-Control"] == "no-store"


async def test_a_house_that_stops_is_alive_and_not_ready() -> None:
    async with served() as house:
        house.hall.close()
        assert (await house.get("/livez")).status == 200
        answer = await house.get("/readyz")
        assert answer.status == 503
        assert [reason["code"] for reason in answer.json["reasons"]] == ["stopping"]


async def test_a_log_that_cannot_be_written_is_a_reason() -> None:
    engine = FaultyEngine()
    engine.trouble = "the disk is full"
    async with served(engine) as house:
        answer = await house.get("/readyz")
        assert answer.status == 503
        assert answer.json == {
            "ready": False,
            "reasons": [{"code": "storage", "text": "the disk is full"}],
        }
