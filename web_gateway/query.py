"""The query of a request for programs: known keys only, and text only."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from aiohttp import web

from tcp_room.errors import RoomError, echo
from tcp_room.events import BOT
from web_gateway.sse import whole

_BOT: Final = {None: False, "0": False, "1": True}


class Query:
    """Raises RoomError when it is made: (bad_message) if it has a key that is not `known`, which
    is a mistake that would go unnoticed; (bad_utf8) if it is no text."""

    def __init__(self, request: web.Request, *known: str) -> None:
        try:
            unquote_to_bytes(request.rel_url.raw_query_string).decode()
        except UnicodeDecodeError:
            raise RoomError("bad_utf8", "the query is not UTF-8") from None
        for key in request.query:
            if key not in known:
                names = ", ".join(known) or "nothing"
                raise RoomError("bad_message", f"the query may hold {names}, but not {echo(key)}")
        self._query = request.query

    def get(self, name: str) -> str | None:
        return self._query.get(name)

    def number(self, name: str) -> int | None:
        """Raises RoomError (bad_message)."""
        raw = self._query.get(name)
        return None if raw is None else whole(raw, name)

    @property
    def is_bot(self) -> bool:
        """Whether the client says that it is a program. Raises RoomError (bad_message)."""
        bot = _BOT.get(self._query.get("bot"))
        if bot is None:
            raise RoomError("bad_message", "bot is 1 for a program, or 0")
        return bot


def door_of(is_bot: bool) -> str:
    """The door that a client of HTTP is shown by."""
    return BOT if is_bot else "http"
