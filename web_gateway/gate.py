"""The checks that every request passes before any work is done for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import HttpVersion10, HttpVersion11, web

from tcp_room.errors import RoomError
from web_gateway.bare import Bare
from web_gateway.bridge import HALL
from web_gateway.hosts import Hosts, name_of
from web_gateway.incoming import hook_of
from web_gateway.patience import PATIENCE
from web_gateway.refusals import TooFast

HOSTS: Final = web.AppKey("hosts", Hosts)
# Probes come by whatever name their operator has; these two tell nothing and do nothing.
_FOR_PROBES: Final = ("/livez", "/readyz")


@web.middleware
async def gate(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Raises RoomError (foreign_host, stopping), TooFast."""
    if request.version not in (HttpVersion10, HttpVersion11):
        return Bare(RoomError("bad_request", "oneroom speaks HTTP/1.1 and HTTP/1.0"), 505)
    if hook_of(request) is None:  # that has a pace of its own
        await _wait_for_turn(request)
    if request.path not in _FOR_PROBES:
        _check_host(request)
        _check_open(request)
    return await handler(request)


async def _wait_for_turn(request: web.Request) -> None:
    """Waits until the address has a request left. An immediate refusal would cost as much as most
    answers, and its client would ask again at once. Raises TooFast."""
    hall = request.app[HALL]
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def go() -> None:
        if not turn.done():
            turn.set_result(None)

    if hall.request_pace.ask(request.remote or "", go, is_modest=False):
        return
    try:
        async with request.app[PATIENCE].wait(hall.config.http_wait_s):
            await turn
    except TimeoutError:
        _check_open(request)
        raise TooFast(hall.config.http_wait_s) from None


def _check_open(request: web.Request) -> None:
    """Raises RoomError (stopping). A kept connection may still be there when its door is closed."""
    if request.app[HALL].is_closing:
        raise RoomError("stopping", "the server is stopping; come back in a moment")


def _check_host(request: web.Request) -> None:
    """A browser always names a Host; only programs of HTTP/1.0 may leave it out."""
    host = request.headers.get("Host")
    if host is None:
        return
    if not _agrees(request, host) or not request.app[HOSTS].allows(host, _local(request)):
        name = name_of(host) or "that name"
        raise RoomError(
            "foreign_host",
            f"oneroom does not answer to {name}; if people reach it there, "
            f"start it with --public-url http://HOST:PORT/",
        )


def _agrees(request: web.Request, host: str) -> bool:
    """An absolute target says where it goes, too (RFC 9112, 3.2.2)."""
    if request.raw_path.startswith("/") or request.raw_path == "*":
        return True
    return request.url.raw_authority.lower() == host.lower()


def _local(request: web.Request) -> str:
    """Our own address of the connection: the one that its client has typed in."""
    name = request.get_extra_info("sockname")
    return str(name[0]) if isinstance(name, tuple) else ""
