"""What people say, posted to other programs."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tcp_room.config import Config
from tcp_room.events import Say
from web_gateway.hooks import Outgoing
from web_gateway.outgoing import Dispatcher, signature

SECRET = "a-secret-of-16-or-more"
QUICK: dict[str, Any] = {"hook_retries_s": (0.01, 0.01), "shutdown_s": 5.0}


class Receiver:
    """Somebody's program, which answers as it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.holding = asyncio.Event()
        self.holding.set()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(({name.lower(): v for name, v in request.headers.items()}, body))
        await self.holding.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def texts(self) -> list[str]:
        return [json.loads(body)["event"]["text"] for _, body in self.requests]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.take)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/"))
        yield receiver
        receiver.holding.set()


@asynccontextmanager
async def telling(*hooks: Outgoing, **config: Any) -> AsyncIterator[Callable[[str], None]]:
    """Everything said is delivered when the block ends."""
    async with Dispatcher(list(hooks), Config(**{**QUICK, **config})) as dispatcher:
        seqs = iter(range(1, 10_000))

        def say(text: str) -> None:
            dispatcher.witness("3班", "e1", Say(next(seqs), None, 7, "bob", "tcp", text))

        yield say


async def test_it_is_posted_signed_and_in_order(receiver: Receiver) -> None:
    async with telling(Outgoing(receiver.url, SECRET)) as say:
        for text in ("one", "二", "three"):
            say(text)
    assert receiver.texts == ["one", "二", "three"]
    headers, body = receiver.requests[1]
    assert json.loads(body)["room"] == "3班"
    assert json.loads(body)["event"] == {
        "kind": "say",
        "seq": 2,
        "id": None,
        "at": 7,
        "nick": "bob",
        "door": "tcp",
        "text": "二",
    }
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert headers["webhook-id"] == "e1.3%E7%8F%AD.2"


def test_a_signature_is_as_in_the_standard() -> None:
    """The example of www.standardwebhooks.com's own libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_only_who_wants_it_is_told(receiver: Receiver) -> None:
    async with telling(Outgoing(receiver.url, SECRET, pattern="^!")) as say:
        say("nothing")
        say("!deploy")
    assert receiver.texts == ["!deploy"]


async def test_what_fails_is_tried_again_with_the_same_id(receiver: Receiver) -> None:
    receiver.answers = [500, 429, 200]
    async with telling(Outgoing(receiver.url, SECRET)) as say:
        say("one")
        say("two")
    assert receiver.texts == ["one", "one", "one", "two"]
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 2


async def test_what_is_refused_is_not_tried_again(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [400, 302]
    async with telling(Outgoing(receiver.url, SECRET)) as say:
        for text in ("one", "two", "three"):
            say(text)
    assert receiver.texts == ["one", "two", "three"]
    assert "refuses e1.3%E7%8F%AD.1: status 400" in caplog.text


async def test_who_is_gone_is_sent_nothing_more(receiver: Receiver) -> None:
    receiver.answers = [410]
    async with telling(Outgoing(receiver.url, SECRET)) as say:
        for text in ("one", "two"):
            say(text)
    assert receiver.texts == ["one"]


async def test_who_never_answers_is_given_up_and_holds_nobody(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.holding.clear()
    async with telling(
        Outgoing(receiver.url, SECRET),
        Outgoing("http://127.0.0.1:1/", SECRET),
        hook_timeout_s=0.05,
        hook_queue_posts=3,
    ) as say:
        for number in range(100):
            say(str(number))
        assert receiver.requests == []  # nobody has waited for anything
    assert "is too slow: it misses what is said now" in caplog.text
    assert "did not take" in caplog.text
    assert set(receiver.texts) <= {"0", "1", "2"}


async def test_a_house_that_stops_waits_only_so_long(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    receiver.holding.clear()
    async with telling(Outgoing(receiver.url, SECRET), shutdown_s=0.05) as say:
        say("one")
        say("two")
    assert "did not get 2 posts" in caplog.text
