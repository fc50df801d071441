"""The page and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

from tcp_room import names
from tcp_room.errors import RoomError
from web_gateway.files import Files
from web_gateway.security import part_headers


def _static() -> Path:
    """In a wheel the files lie beside this module, in a checkout at its top."""
    here = Path(__file__).resolve().parent
    inside = here / "static"
    return inside if inside.is_dir() else here.parent / "static"


STATIC: Final = _static()
FILES: Final = Files(STATIC)


async def lobby(request: web.Request) -> web.Response:
    return FILES.answer(request, "index.html")


async def room(request: web.Request) -> web.Response:
    """The same page: which room it is, it reads off its address."""
    try:
        names.room(request.match_info["name"])
    except RoomError as error:
        raise RoomError("not_found", error.text) from None
    return FILES.answer(request, "index.html")


async def file(request: web.Request) -> web.Response:
    """A part of the page, whose own policy rules what it loads."""
    answer = FILES.answer(request, request.match_info["name"])
    answer.headers.update(part_headers())
    return answer


ROUTES: Final = [
    web.get("/", lobby),
    web.get("/r/{name}", room),
    web.get("/static/{name:.+}", file),
]
