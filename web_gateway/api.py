"""HTTP for programs: everything under `/rooms`.

    curl -d 'the build is green' localhost:8080/rooms/lobby/messages
    curl 'localhost:8080/rooms/lobby/messages?after=120'
    curl -N localhost:8080/rooms/lobby/events

Who posts is not a member, and is not announced: the room is asked for an event,
and answers when the log has it and all who are level were written to. Who reads
a page neither. Who listens is a member (`web_gateway.stream`).

Every refusal is `{"code","text"}` and a status (`web_gateway.refusals`).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec
from aiohttp import hdrs, web

from tcp_room import events, text
from tcp_room.errors import RoomError, echo
from tcp_room.hall import Hall
from tcp_room.logs.port import Outcome
from tcp_room.messages import BAD_ID, Id, is_printable_ascii
from tcp_room.room import Room
from web_gateway.authors import AUTHORS
from web_gateway.bridge import HALL
from web_gateway.patience import PATIENCE
from web_gateway.query import Query, door_of
from web_gateway.refusals import TooFast, as_json
from web_gateway.security import refuse_foreign
from web_gateway.stream import json_lines, server_sent_events

_KINDS: Final[dict[str, type[events.Logged]]] = {"say": events.Say, "act": events.Act}


class Said(msgspec.Struct, frozen=True):
    """What a JSON body may hold, and what any other body amounts to."""

    text: str
    nick: str | None = None
    kind: Literal["say", "act"] = "say"
    id: Id | None = None
    bot: bool = False


_decoder: Final = msgspec.json.Decoder(Said)


# -- what can be asked for


async def post(request: web.Request) -> web.Response:
    """Says something. 201 with the event; 200 with the first one's if its id was posted before."""
    refuse_foreign(request.headers)
    asked = Query(request, "nick", "bot")
    hall = request.app[HALL]
    if wait_s := hall.message_pace.wait(request.remote or ""):
        raise TooFast(wait_s)
    said = await _said(request, asked)
    said_text = text.clean(said.text, hall.config.text_bytes)
    room, kind, door = request.match_info["name"], _KINDS[said.kind], door_of(said.bot)
    author = request.app[AUTHORS].poster(request.remote or "", said.nick)
    event, is_new = await settled(
        hall, room, kind, said_text, door=door, author=author, nick=said.nick, id=said.id
    )
    where = f"{quote(request.path)}?after={event.seq - 1}&limit=1"
    return as_json(event, 201 if is_new else 200, {hdrs.LOCATION: where})


async def page(request: web.Request) -> web.Response:
    """`?before=` or `?after=`, `?limit=`: a page of the log, oldest first."""
    hall = request.app[HALL]
    asked = Query(request, "before", "after", "limit")
    before, after, limit = (asked.number(name) for name in ("before", "after", "limit"))
    room = hall.known(request.match_info["name"])
    if limit == 0 or None not in (before, after):
        raise RoomError("bad_message", "one of before and after, and a limit of one at least")
    history = await _history(room, before, after, limit or hall.config.json_history_events)
    body = {
        "room": room.name,
        "epoch": room.epoch,
        "events": history.events,
        "more": history.more,
        "from": history.first,
        "to": history.last,
        "gaps": history.gaps,
        "first": room.first,
        "head": room.head,
    }
    return charged(request, as_json(body))


async def rooms(request: web.Request) -> web.Response:
    Query(request)
    return charged(request, as_json({"rooms": request.app[HALL].listing()}))


def charged(request: web.Request, answer: web.Response) -> web.Response:
    """The answer, after its address has paid for its size."""
    hall = request.app[HALL]
    size = len(answer.body) if isinstance(answer.body, bytes) else 0
    hall.request_pace.charge(request.remote or "", size // hall.config.request_bytes)
    return answer


# -- what it says


async def _said(request: web.Request, asked: Query) -> Said:
    """Raises RoomError (bad_json, bad_message, bad_utf8, too_long)."""
    sent = await body(request)
    content_type = request.content_type
    if content_type == "application/json" or content_type.endswith("+json"):
        said = _decoded(sent)
    elif content_type.startswith("multipart/"):
        raise RoomError("bad_message", "the message is the body itself: text, or JSON")
    else:
        said = Said(_text(sent))
    nick = asked.get("nick") if said.nick is None else said.nick
    bot = said.bot or asked.is_bot
    return msgspec.structs.replace(said, nick=nick, bot=bot, id=id_of(request) or said.id)


def _text(sent: bytes) -> str:
    """Raises RoomError (bad_utf8)."""
    try:
        return sent.decode()
    except UnicodeDecodeError:
        raise RoomError("bad_utf8", "the body is not UTF-8, so nothing was said") from None


async def body(request: web.Request) -> bytes:
    """The whole body. Raises RoomError (bad_message, stopping, too_long, too_slow)."""
    hall = request.app[HALL]
    config = hall.config
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise RoomError("bad_message", "send the body as it is, without a Content-Encoding")
    try:
        async with request.app[PATIENCE].wait(config.http_body_s):
            return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise RoomError("too_long", f"a message has {config.text_bytes} bytes at most") from None
    except web.RequestPayloadError:
        raise RoomError("bad_message", "the body is not whole") from None
    except TimeoutError:
        if hall.is_closing:
            raise RoomError("stopping", "the server is stopping; send it again later") from None
        seconds = f"{config.http_body_s:g}"
        raise RoomError("too_slow", f"the body did not come within {seconds} seconds") from None


def _decoded(body: bytes) -> Said:
    try:
        said = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise RoomError("bad_message", f"that message is not right: {echo(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RoomError("bad_json", f"that is not JSON: {echo(str(error))}") from None
    if said.id is not None and not is_printable_ascii(said.id):
        raise RoomError("bad_message", BAD_ID)
    return said


def id_of(request: web.Request) -> str | None:
    """What makes a second try known. Raises RoomError (bad_message)."""
    key = request.headers.get("Idempotency-Key")
    limit = request.app[HALL].config.id_chars
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= limit):
        raise RoomError("bad_message", f"Idempotency-Key is 1 to {limit} ASCII characters")
    return key


# -- what the room answers


async def settled(
    hall: Hall,
    room: str,
    kind: type[events.Logged],
    said: str,
    *,
    door: str,
    author: str,
    nick: str | None,
    id: str | None,
) -> tuple[events.Logged, bool]:
    """Has something said; the event, and whether it is new. Raises RoomError."""
    answer: asyncio.Future[tuple[Outcome, bool]] = asyncio.get_running_loop().create_future()

    def resolve(outcome: Outcome, is_new: bool) -> None:
        _resolve(answer, (outcome, is_new))

    hall.post(room, kind, said, door=door, author=author, nick=nick, id=id, settled=resolve)
    outcome, is_new = await answer
    if isinstance(outcome, RoomError):
        raise RoomError(outcome.code, outcome.text)
    return outcome.event, is_new


class _Asker:
    """As room.Asker: waits for one answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[events.Event] = asyncio.get_running_loop().create_future()

    def tell(self, event: events.Event) -> None:
        _resolve(self.answer, event)


async def _history(room: Room, before: int | None, after: int | None, limit: int) -> events.History:
    """Raises RoomError (storage)."""
    asker = _Asker()
    room.history(asker, before, after, limit, None)
    told = await asker.answer
    if isinstance(told, events.Error):
        raise RoomError(told.code, told.text)
    assert isinstance(told, events.History)
    return told


def _resolve(future: asyncio.Future[Any], value: object) -> None:
    """Whoever waited may have been cancelled."""
    if not future.done():
        future.set_result(value)


# A HEAD would come in, and be told nothing.
ROUTES: Final = [
    web.get("/rooms", rooms),
    web.post("/rooms/{name}/messages", post),
    web.get("/rooms/{name}/messages", page),
    web.get("/rooms/{name}/events", server_sent_events, allow_head=False),
    web.get("/rooms/{name}/stream", json_lines, allow_head=False),
]
