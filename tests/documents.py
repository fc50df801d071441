"""The wire as documents for machines, made from the message types: OpenAPI 3.1 of what HTTP takes
and gives, AsyncAPI 3.1 of what goes over TCP, WebSockets and streams.

    python -m tests.documents          writes docs/openapi.json and docs/asyncapi.json
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from oneroom_client import wire
from tcp_room import __version__, messages
from tcp_room.errors import CODES
from web_gateway import api, slack
from web_gateway.refusals import STATUS
from web_gateway.ways import Ways

DOCS: Final = Path(__file__).parent.parent / "docs"
Json = dict[str, Any]

EVENTS: Final[tuple[type, ...]] = get_args(wire.AnyEvent)
MESSAGES: Final[tuple[type, ...]] = get_args(messages.AnyMessage)
LOGGED: Final = ("say", "act", "topic")
STREAMED: Final = ("say", "act", "topic", "presence", "gap")
LICENSE: Final = {"name": "MIT", "identifier": "MIT"}


def kind(type: type) -> str:
    return str(type.__struct_config__.tag)  # type: ignore[attr-defined]


def schemas(types: Iterable[type], prefix: str) -> Json:
    """A schema for each, and for what they hold, under names that begin with `prefix`."""
    template = f"#/components/schemas/{prefix}{{name}}"
    _, components = msgspec.json.schema_components(types, ref_template=template)
    for made in components.values():
        if "description" in made:  # a docstring, which Python 3.13 alone takes the indentation from
            made["description"] = cleandoc(made["description"])
    for holder in (made for name, made in components.items() if name in ("History", "Found")):
        # OpenAPI's own word, that AsyncAPI has in another sense.
        holder["properties"].get("events", {}).get("items", {}).pop("discriminator", None)
    return {f"{prefix}{name}": schema for name, schema in components.items()}


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def event(name: str) -> Json:
    return schema(f"event.{name.capitalize()}")


# -- OpenAPI


def said(description: str, **more: Any) -> Json:
    return {"description": description, **more}


def of_json(content: Json, media_type: str = "application/json") -> Json:
    return {"content": {media_type: {"schema": content}}}


# Of every route.
ANY_REFUSALS: Final = ("foreign_host", "internal", "stopping", "too_fast")


def refusals(*codes: str) -> Json:
    """By status, the codes that an answer of that status may have."""
    by_status: dict[str, list[str]] = {}
    for code in dict.fromkeys((*codes, *ANY_REFUSALS)):
        by_status.setdefault(str(STATUS.get(code, 400)), []).append(code)
    return {
        status: said(", ".join(found), **of_json(schema("Refusal")))
        for status, found in sorted(by_status.items())
    }


def query(name: str, description: str, of: Json) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": of}


NUMBER: Final = {"type": "integer", "minimum": 0}
WORD: Final = {"type": "string"}
ROOM: Final = {"name": "name", "in": "path", "required": True, "schema": WORD}
TOKEN: Final = {"name": "token", "in": "path", "required": True, "schema": WORD}
NICK: Final = query("nick", "The name; without one a number of a guest.", WORD)
IS_BOT: Final = query("bot", "1 for a program: what it says sets off no hook.", {"enum": [0, 1]})
KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same one again is not said twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}
STREAM_REFUSALS: Final = (
    "bad_message",
    "bad_nick",
    "bad_room",
    "foreign_origin",
    "no_such_room",
    "nick_taken",
    "too_many_connections",
    "server_full",
)
POST_REFUSALS: Final = (
    "bad_json",
    "bad_message",
    "bad_nick",
    "bad_room",
    "bad_text",
    "bad_utf8",
    "empty",
    "foreign_origin",
    "id_reused",
    "nick_taken",
    "too_long",
    "too_slow",
    "too_fast",
    "hall_full",
    "storage",
    "busy",
    "unknown",
)


def _messages() -> Json:
    logged = {"oneOf": [event(name) for name in LOGGED]}
    page = {
        "type": "object",
        "properties": {
            "room": WORD,
            "epoch": WORD,
            "events": {"type": "array", "items": logged},
            "more": {"type": "boolean"},
            "first": NUMBER,
            "head": NUMBER,
        },
        "required": ["room", "epoch", "events", "more", "first", "head"],
    }
    return {
        "parameters": [ROOM],
        "get": {
            "operationId": "page",
            "summary": "A page of the log, oldest first",
            "parameters": [
                query("after", "The first ones behind this seq.", NUMBER),
                query("before", "The last ones before this seq.", NUMBER),
                query("limit", "At most so many; 50 without it.", {**NUMBER, "minimum": 1}),
            ],
            "responses": {
                "200": said("The page.", **of_json(page)),
                **refusals("bad_message", "bad_room", "no_such_room", "storage"),
            },
        },
        "post": {
            "operationId": "say",
            "summary": "Say something",
            "parameters": [NICK, IS_BOT, KEY],
            "requestBody": {
                "required": True,
                "content": {
                    "text/plain": {"schema": WORD},
                    "application/json": {"schema": schema("Said")},
                },
            },
            "responses": {
                "201": said("The event that it became.", **of_json(logged)),
                "200": said("It was said before: the first one's event.", **of_json(logged)),
                **refusals(*POST_REFUSALS),
            },
        },
    }


def _streams() -> Json:
    ids = query("since", "EPOCH:SEQ, or SEQ: read on behind it.", WORD)
    last = {"name": "Last-Event-ID", "in": "header", "schema": WORD}
    epoch = query("epoch", "Of which log that is.", WORD)
    return {
        "/rooms/{name}/events": {
            "parameters": [ROOM],
            "get": {
                "operationId": "events",
                "summary": "Listen: server-sent events, without an end",
                "parameters": [NICK, IS_BOT, ids, last],
                "responses": {
                    "200": said("See docs/asyncapi.json.", **of_json(WORD, "text/event-stream")),
                    **refusals(*STREAM_REFUSALS),
                },
            },
        },
        "/rooms/{name}/stream": {
            "parameters": [ROOM],
            "get": {
                "operationId": "stream",
                "summary": "Listen: JSON lines, without an end",
                "parameters": [NICK, IS_BOT, ids, epoch],
                "responses": {
                    "200": said("See docs/asyncapi.json.", **of_json(WORD, "application/x-ndjson")),
                    **refusals(*STREAM_REFUSALS),
                },
            },
        },
    }


def openapi() -> Json:
    listing = {"type": "array", "items": schema("event.RoomLine")}
    rooms = {"type": "object", "properties": {"rooms": listing}, "required": ["rooms"]}
    hook = {
        "operationId": "hook",
        "summary": "Say something, in the shape of Slack's and Mattermost's incoming hooks",
        "parameters": [KEY],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema("hook.Payload")},
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "properties": {"payload": WORD}}
                },
                "text/plain": {"schema": WORD},
            },
        },
        "responses": {
            "200": said("ok", **of_json(WORD, "text/plain")),
            **refusals("not_found", *POST_REFUSALS),
        },
    }
    live = {"200": said("It answers.", **of_json(WORD, "text/plain"))}
    reasons = {"type": "array", "items": schema("Refusal")}
    readiness = {
        "type": "object",
        "properties": {"ready": {"type": "boolean"}, "reasons": reasons},
        "required": ["ready", "reasons"],
    }
    ready = {
        "200": said("They can.", **of_json(readiness)),
        "503": said("They cannot: stopping, storage", **of_json(readiness)),
    }
    refusal = {
        "type": "object",
        "properties": {"code": {"enum": sorted(CODES)}, "text": WORD},
        "required": ["code", "text"],
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "oneroom", "version": __version__, "license": LICENSE},
        "servers": [{"url": "http://localhost:8080"}],
        "security": [],
        "paths": {
            "/rooms": {
                "get": {
                    "operationId": "rooms",
                    "summary": "The rooms, those with most people first",
                    "responses": {
                        "200": said("The rooms.", **of_json(rooms)),
                        **refusals("storage"),
                    },
                }
            },
            "/rooms/{name}/messages": _messages(),
            **_streams(),
            "/hooks/{token}": {"parameters": [TOKEN], "post": hook},
            "/ways": {
                "parameters": [
                    query("room", "The room; the lobby without it.", WORD),
                    query("scheme", "By which the page was loaded.", {"enum": ["http", "https"]}),
                ],
                "get": {
                    "operationId": "ways",
                    "summary": "The other ways in: the page's address, and the line door's port",
                    "responses": {
                        "200": said("The ways.", **of_json(schema("Ways"))),
                        "400": said("No such address.", **of_json(WORD, "text/plain")),
                    },
                },
            },
            "/readyz": {
                "get": {
                    "operationId": "readyz",
                    "summary": "Whether people can come in and talk",
                    "responses": ready,
                }
            },
            "/livez": {
                "get": {
                    "operationId": "livez",
                    "summary": "Whether the process answers",
                    "responses": live,
                }
            },
        },
        "components": {
            "schemas": {
                **schemas([*EVENTS], "event."),
                **schemas([api.Said], ""),
                **schemas([slack.Payload], "hook."),
                **schemas([Ways], ""),
                "Refusal": refusal,
            }
        },
    }


# -- AsyncAPI


def _message(name: str, ref: str, description: str) -> Json:
    return {
        "name": name,
        "contentType": "application/json",
        "summary": description.strip().partition("\n")[0],
        "payload": schema(ref),
    }


def _channel(title: str, address: str | None, server: str, names: Mapping[str, str]) -> Json:
    return {
        "title": title,
        "address": address,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {
            name: {"$ref": f"#/components/messages/{message}"} for name, message in names.items()
        },
    }


def _operation(action: str, channel: str, names: Iterable[str], summary: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names],
    }


def asyncapi() -> Json:
    to_client = {f"event.{kind(type)}": f"event.{kind(type)}" for type in EVENTS}
    to_server = {f"message.{kind(type)}": f"message.{kind(type)}" for type in MESSAGES}
    streamed = {name: name for name in (f"event.{each}" for each in STREAMED)}
    names = {"name": {"description": "The name of a room."}}
    doc = {type: cleandoc(type.__doc__ or "") for type in (*EVENTS, *MESSAGES)}
    of_events = {
        f"event.{kind(t)}": _message(kind(t), f"event.{t.__name__}", doc[t]) for t in EVENTS
    }
    of_messages = {
        f"message.{kind(t)}": _message(kind(t), f"message.{t.__name__}", doc[t]) for t in MESSAGES
    }
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "oneroom", "version": __version__, "license": {"name": "MIT"}},
        "defaultContentType": "application/json",
        "servers": {
            "line": {"host": "localhost:9000", "protocol": "tcp"},
            "web": {"host": "localhost:8080", "protocol": "ws"},
            "http": {"host": "localhost:8080", "protocol": "http"},
        },
        "channels": {
            "line": _channel("JSON lines over TCP", None, "line", {**to_client, **to_server}),
            "websocket": _channel(
                "JSON lines in text messages", "/ws", "web", {**to_client, **to_server}
            ),
            "events": {
                **_channel("Server-sent events", "/rooms/{name}/events", "http", streamed),
                "parameters": names,
            },
            "stream": {
                **_channel("JSON lines over HTTP", "/rooms/{name}/stream", "http", to_client),
                "parameters": names,
            },
        },
        "operations": {
            "line.hear": _operation("receive", "line", to_server, "What a client says"),
            "line.tell": _operation("send", "line", to_client, "What a client is told"),
            "websocket.hear": _operation("receive", "websocket", to_server, "What a client says"),
            "websocket.tell": _operation("send", "websocket", to_client, "What a client is told"),
            "events.tell": _operation("send", "events", streamed, "What a listener is told"),
            "stream.tell": _operation("send", "stream", to_client, "What a listener is told"),
        },
        "components": {
            "messages": {**of_events, **of_messages},
            "schemas": {**schemas(EVENTS, "event."), **schemas(MESSAGES, "message.")},
        },
    }


DOCUMENTS: Final = {"openapi.json": openapi, "asyncapi.json": asyncapi}


def written(document: Json) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, make in DOCUMENTS.items():
        (DOCS / name).write_text(written(make()), encoding="utf-8")
