"""Errors as answers: JSON for programs, a sentence for people, no traceback for anybody."""

from __future__ import annotations

import logging

import pytest

from tests.web_gateway.served import served


async def test_a_mistake_of_ours_is_a_code_and_one_record(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served() as house:
        monkeypatch.setattr(house.hall, "listing", lambda: 1 / 0)
        answer = await house.get("/rooms")
        assert answer.refusal == (500, "internal")
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.ERROR, "GET /rooms failed")
    ]


async def test_an_address_of_nothing_says_where_things_are() -> None:
    async with served() as house:
        page = await house.get("/lobby")
        assert (page.status, page.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
        assert b"/rooms" in page.body
        assert (await house.get("/rooms/lobby")).refusal == (404, "not_found")
        posted = await house.ask("POST", "/", data="hi")
        assert (posted.status, posted.headers["Allow"]) == (405, "GET, HEAD")
