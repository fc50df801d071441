"""`POST /hooks/TOKEN`: other programs say something, in the shape that they know (`slack`), or in
one of their own (`senders`).

    curl -d '{"text":"disk is 91% full","username":"grafana"}' localhost:8080/hooks/TOKEN

It is shown as a bot's. Whoever knows the token may speak; it opens nothing else.
An alert must not be lost for the sake of a name: if somebody has it, or if it
can be none, the hook's own name serves, and then a guest's.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from aiohttp import web

from tcp_room import events, text
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from web_gateway import senders, slack
from web_gateway.api import body, id_of, keep_pace, settled
from web_gateway.bridge import HALL
from web_gateway.hooks import Incoming

INCOMING: Final = web.AppKey("incoming", dict[bytes, Incoming])


def by_token(hooks: list[Incoming]) -> dict[bytes, Incoming]:
    """To be looked up by what cannot be guessed letter by letter."""
    return {_digest(hook.token): hook for hook in hooks}


def _digest(token: str) -> bytes:
    return blake2b(token.encode("utf-8", "replace"), digest_size=32).digest()


async def hook(request: web.Request) -> web.Response:
    """200 `ok` when the room has it, as the senders expect."""
    found = request.app[INCOMING].get(_digest(request.match_info["token"]))
    if found is None:
        raise RoomError("not_found", "there is no such hook")
    keep_pace(request)
    sent = await body(request)
    username, told = None, senders.said(request.headers, slack.unpacked(sent))
    if told is None:
        payload = slack.payload(sent)
        username, told = payload.username, slack.said(payload)
    elif not told:
        return web.Response(text="ok")  # it is nothing to talk of
    hall = request.app[HALL]
    said = text.clean(told, hall.config.text_bytes)
    await _post(hall, found, username, said, id_of(request))
    return web.Response(text="ok")


async def _post(
    hall: Hall, hook: Incoming, username: str | None, said: str, id: str | None
) -> None:
    """Raises RoomError."""
    for nick in (username or hook.nick, hook.nick, None):
        try:
            await settled(hall, hook.room, events.Say, said, door=events.BOT, nick=nick, id=id)
            return
        except RoomError as error:
            if nick is None or error.code not in ("bad_nick", "nick_taken"):
                raise


ROUTES: Final = [web.post("/hooks/{token}", hook)]
