"""The one place where an error becomes an HTTP answer.

A program gets `{"code","text"}`; a person who opens a page gets the sentence. An unexpected
exception becomes one line on stderr and the code `internal`: no request ends in a traceback.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Final

import msgspec
from aiohttp import hdrs, web

from tcp_room.errors import RoomError

STATUS: Final = {
    "foreign_origin": 403,
    "no_such_room": 404,
    "not_found": 404,
    "bad_method": 405,
    "too_slow": 408,
    "nick_taken": 409,
    "too_long": 413,
    "foreign_host": 421,
    "bad_version": 426,
    "id_reused": 422,
    "too_fast": 429,
    "internal": 500,
    "hall_full": 503,
    "server_full": 503,
    "stopping": 503,
    "busy": 503,
    "storage": 503,
    "too_many_connections": 503,
    "unknown": 503,
}
_FOR_PROGRAMS: Final = re.compile("/(rooms|hooks|ws)(/|$)")
# Of an address, in a line on stderr.
_LOGGED_CHARS: Final = 100
_log = logging.getLogger(__name__)


class TooFast(Exception):
    """An address asks for more than it may; its next request is answered after `wait_s` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


def as_json(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body) + b"\n",
        status=status,
        headers=headers,
        content_type="application/json",
    )


@web.middleware
async def refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except RoomError as error:
        return _refusal(request, error)
    except TooFast as error:
        return _refusal(request, *_too_fast(error))
    except web.HTTPNotFound:
        sentence = "nothing is here; the page is at /, and programs use /rooms"
        return _refusal(request, RoomError("not_found", sentence))
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        sentence = f"{request.method} cannot be done here, but {allowed}"
        return _refusal(request, RoomError("bad_method", sentence), {hdrs.ALLOW: allowed})
    except (web.HTTPException, ConnectionResetError):
        raise
    except Exception:
        _log.exception("%s %s failed", request.method, request.rel_url.raw_path[:_LOGGED_CHARS])
        sentence = "the server made a mistake; its operator can read about it on stderr"
        return _refusal(request, RoomError("internal", sentence))


def _too_fast(error: TooFast) -> tuple[RoomError, Mapping[str, str]]:
    sentence = "your address asks for more than it may; try again in a moment"
    return RoomError("too_fast", sentence), {hdrs.RETRY_AFTER: str(ceil(error.wait_s))}


def _refusal(
    request: web.Request, error: RoomError, headers: Mapping[str, str] | None = None
) -> web.Response:
    status = STATUS.get(error.code, 400)
    if _FOR_PROGRAMS.match(request.path):
        return as_json({"code": error.code, "text": error.text}, status, headers)
    return web.Response(text=f"{error.text} ({error.code})\n", status=status, headers=headers)
