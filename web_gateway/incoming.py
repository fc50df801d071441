"""`POST /hooks/TOKEN`: other programs say something, in the shape that they know (`slack`), or in
one of their own (`senders`).

    curl -d '{"text":"disk is 91% full","username":"grafana"}' localhost:8080/hooks/TOKEN

It is shown as a bot's. Whoever knows the token may speak; it opens nothing else.
An alert must not be lost for the sake of a name: if somebody has it, or if it
can be none, the hook's own name serves, and then a guest's.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from aiohttp import web

from tcp_room import events, text
from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.hall import Hall
from tcp_room.limits import Bucket
from web_gateway import senders, slack
from web_gateway.api import body, id_of, settled
from web_gateway.authors import AUTHORS
from web_gateway.bridge import HALL
from web_gateway.hooks import Incoming
from web_gateway.refusals import TooFast

_PATH: Final = "/hooks/"


class Known(NamedTuple):
    """A hook that the operator has set up, and its own pace. Other clients at its sender's address,
    which may be a proxy's, do not use that up."""

    hook: Incoming
    pace: Bucket


class Tokens:
    """The hooks, by a digest of their token: a token cannot be guessed letter by letter."""

    def __init__(self, hooks: Iterable[Incoming], config: Config) -> None:
        self._config = config
        self.use(hooks)

    def use(self, hooks: Iterable[Incoming]) -> None:
        """Knows these from now on, and no others."""
        rate, burst = self._config.rate, self._config.burst_messages
        self._known = {_digest(hook.token): Known(hook, Bucket(rate, burst)) for hook in hooks}

    def find(self, token: str) -> Known | None:
        return self._known.get(_digest(token)) if self._known else None


TOKENS: Final = web.AppKey("tokens", Tokens)


def _digest(token: str) -> bytes:
    return blake2b(token.encode("utf-8", "replace"), digest_size=32).digest()


def hook_of(request: web.Request) -> Known | None:
    """The hook that a request is for."""
    path = request.path
    return request.app[TOKENS].find(path[len(_PATH) :]) if path.startswith(_PATH) else None


def _keep_pace(request: web.Request, pace: Bucket) -> None:
    """Raises TooFast."""
    now = request.app[HALL].scheduler.time()
    if wait_s := pace.until(1, now):
        raise TooFast(wait_s)
    pace.delay(now)


async def hook(request: web.Request) -> web.Response:
    """200 `ok` when the room has it, as the senders expect."""
    found = hook_of(request)
    if found is None:
        raise RoomError("not_found", "there is no such hook")
    _keep_pace(request, found.pace)
    sent = await body(request)
    username, told = None, senders.said(request.headers, slack.unpacked(sent))
    if told is None:
        payload = slack.payload(sent)
        username, told = payload.username, slack.said(payload)
    elif not told:
        return web.Response(text="ok")  # it is nothing to talk of
    hall = request.app[HALL]
    said = text.clean(told, hall.config.text_bytes)
    author = request.app[AUTHORS].hook(found.hook.token)
    await _post(hall, found.hook, author, username, said, id_of(request))
    return web.Response(text="ok")


async def _post(
    hall: Hall, hook: Incoming, author: str, username: str | None, said: str, id: str | None
) -> None:
    """Raises RoomError."""
    door = events.BOT
    for nick in (username or hook.nick, hook.nick, None):
        try:
            await settled(
                hall, hook.room, events.Say, said, door=door, author=author, nick=nick, id=id
            )
            return
        except RoomError as error:
            if nick is None or error.code not in ("bad_nick", "nick_taken"):
                raise


ROUTES: Final = [web.post("/hooks/{token}", hook)]
