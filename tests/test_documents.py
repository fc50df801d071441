"""The wire's documents: as the types say, sound by their own standards, and true of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from tcp_room import events, messages
from tcp_room.errors import CODES
from tcp_room.limits import Turnstile
from tcp_room.views import JSON
from tests.documents import DOCS, DOCUMENTS, EVENTS, MESSAGES, asyncapi, kind, openapi, written
from tests.fakes import House
from tests.oneroom_client.test_wire import SAMPLES
from tests.web_gateway.served import served
from web_gateway.app import create_app
from web_gateway.hooks import Hooks, Incoming

TOKEN = "a-token-of-16-and-more"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_what_the_types_make_it(name: str) -> None:
    """If they changed: python -m tests.documents"""
    assert (DOCS / name).read_text(encoding="utf-8") == written(DOCUMENTS[name]())


def references(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_it_refers_to_is_there(name: str) -> None:
    document = DOCUMENTS[name]()
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_openapi_is_sound() -> None:
    validate(openapi())


def test_every_route_is_in_it_and_no_other() -> None:
    app = create_app(House().hall, Turnstile(0, 0))
    routes = {
        (route.method.lower(), resource.canonical)
        for resource in app.router.resources()
        for route in resource
        if isinstance(resource, web.Resource) and route.method in ("GET", "POST")
    }
    documented = {
        (method, path)
        for path, item in openapi()["paths"].items()
        for method in item.keys() & {"get", "post"}
    }
    of_the_page = {("get", path) for path in ("/", "/r/{name}", "/static/{name}", "/qr.svg")}
    assert routes - documented == {*of_the_page, ("get", "/ws")}
    assert documented <= routes


def valid(document: dict[str, Any], name: str, value: object) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    return validator.is_valid(value)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: kind(type(sample)))
def test_what_is_sent_is_as_the_document_says(sample: events.Event) -> None:
    document = asyncapi()
    sent = json.loads(JSON.encode(sample))
    name = f"event.{type(sample).__name__}"
    assert valid(document, name, sent)
    assert not valid(document, name, {**sent, "kind": "other"})
    for field in sent.keys() - {"id", "at"}:
        assert not valid(document, name, {**sent, field: {"of": "another type"}})


TO_SERVER: list[dict[str, Any]] = [
    {"kind": "hello", "nick": "al", "since": 3, "session": "s" * 16, "bot": True},
    {"kind": "say", "text": "hi", "id": "x"},
    {"kind": "act", "text": "waves"},
    {"kind": "command", "line": "/who"},
    {"kind": "nick", "nick": "bob"},
    {"kind": "join", "room": "attic", "since": 1},
    {"kind": "topic", "text": ""},
    {"kind": "typing"},
    {"kind": "dm", "to": "bob", "text": "psst"},
    {"kind": "who", "id": "w"},
    {"kind": "history", "before": 9, "limit": 2},
    {"kind": "search", "text": "tea", "before": 9},
    {"kind": "ping"},
]


@pytest.mark.parametrize("sent", TO_SERVER, ids=lambda sent: sent["kind"])
def test_what_the_document_allows_the_server_takes(sent: dict[str, Any]) -> None:
    document = asyncapi()
    message = messages.decode(json.dumps(sent).encode())
    name = f"message.{type(message).__name__}"
    assert valid(document, name, sent)
    bad = {**sent, "id": ""}
    assert not valid(document, name, bad)
    with pytest.raises(Exception, match="not right"):
        messages.decode(json.dumps(bad).encode())


def test_every_kind_is_in_asyncapi() -> None:
    assert {sent["kind"] for sent in TO_SERVER} == {kind(type) for type in MESSAGES}
    channel = asyncapi()["channels"]["line"]["messages"]
    assert {f"event.{kind(type)}" for type in EVENTS} <= channel.keys()


REQUESTS = [
    ("get", "/rooms", "", {}, 200),
    ("post", "/rooms/{name}/messages", "hi", {"Idempotency-Key": "k"}, 201),
    ("post", "/rooms/{name}/messages", "hi", {"Idempotency-Key": "k"}, 200),
    ("post", "/rooms/{name}/messages", "", {}, 400),
    ("post", "/rooms/{name}/messages", "x" * 5000, {}, 413),
    ("post", "/rooms/{name}/messages", "hi", {"Origin": "http://evil.example"}, 403),
    ("get", "/rooms/{name}/messages", "", {}, 200),
    ("get", "/rooms/attic/messages", "", {}, 404),
    ("get", "/rooms/attic/events", "", {}, 404),
    ("get", "/rooms/{name}/stream?since=x", "", {}, 400),
    ("post", "/hooks/{token}", '{"text":"x"}', {}, 200),
    ("post", "/hooks/none", '{"text":"x"}', {}, 404),
    ("get", "/ways", "", {}, 200),
    ("get", "/livez", "", {}, 200),
    ("get", "/readyz", "", {}, 200),
]


async def test_answers_are_as_openapi_says() -> None:
    document = openapi()
    async with served(hooks=Hooks([Incoming(TOKEN)])) as house:
        for method, path, body, headers, status in REQUESTS:
            filled = path.replace("{name}", "lobby").replace("{token}", TOKEN)
            sent = {"Content-Type": "text/plain", **headers}
            answer = await house.ask(method, filled, data=body, headers=sent)
            assert answer.status == status, (path, answer.body)
            check(document, method, path.partition("?")[0], answer.status, answer)


def check(document: dict[str, Any], method: str, path: str, status: int, answer: Any) -> None:
    path = re.sub("attic", "{name}", re.sub("none$", "{token}", path))
    content = document["paths"][path][method]["responses"][str(status)]["content"]
    media_type = answer.headers["Content-Type"].partition(";")[0]
    schema = {**content[media_type]["schema"], "components": document["components"]}
    value = json.loads(answer.body) if media_type.endswith("json") else answer.body.decode()
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


def test_every_refusal_has_a_code_that_there_is() -> None:
    refusal = openapi()["components"]["schemas"]["Refusal"]
    assert refusal["properties"]["code"]["enum"] == sorted(CODES)
    assert msgspec.json.decode(Path(DOCS / "openapi.json").read_bytes())
