"""The aiohttp application, built in one place from what it is given."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from tcp_room.hall import Hall
from tcp_room.limits import Turnstile
from tcp_room.member import Outlet
from web_gateway import api, health, incoming, pages, ways
from web_gateway.authors import AUTHORS, Authors
from web_gateway.bridge import BRIDGES, HALL, TURNSTILE, Bridge, websocket
from web_gateway.gate import HOSTS, gate
from web_gateway.handler import Runner
from web_gateway.hooks import NONE, Hooks
from web_gateway.hosts import Hosts
from web_gateway.patience import PATIENCE, Patience
from web_gateway.refusals import refusals
from web_gateway.security import headers
from web_gateway.stream import STREAMS


def create_app(
    hall: Hall, turnstile: Turnstile, hooks: Hooks = NONE, key: bytes | None = None
) -> web.Application:
    """The web door into `hall`. `turnstile` counts connections, together with other doors. `key` is
    the house's secret of 32 bytes; without one, ids are not known again after a restart.

    Raises ValueError if the configuration's `public_url` is no URL.
    """
    config = hall.config
    # The longest JSON that can hold a message: bodies are nothing else.
    middlewares = [departures, refusals, gate]
    app = web.Application(middlewares=middlewares, client_max_size=config.line_bytes)
    app[HALL] = hall
    app[HOSTS] = Hosts(config)
    app[TURNSTILE] = turnstile
    app[PATIENCE] = Patience()
    app[BRIDGES] = set()
    app[STREAMS] = set()
    app[incoming.TOKENS] = incoming.Tokens(hooks.incoming, config)
    app[AUTHORS] = Authors(key or secrets.token_bytes(32))
    app.add_routes([*pages.ROUTES, *ways.ROUTES, *health.ROUTES, *api.ROUTES, *incoming.ROUTES])
    app.router.add_get("/ws", websocket, allow_head=False)
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_close_doors)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """Runs the application with limits that suit a chat."""
    return Runner(app, app[TURNSTILE], app[HALL])


@web.middleware
async def departures(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Who goes before the answer begins is no error of ours: aiohttp would log a traceback, but
    drops an answer that it cannot write."""
    try:
        return await handler(request)
    except ConnectionResetError:
        return web.Response()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    # Which program of which version answers is nobody's business.
    response.headers.popall(hdrs.SERVER, None)
    if isinstance(response, web.WebSocketResponse):
        return  # no page: nothing that a browser shows or keeps
    if hdrs.CONTENT_SECURITY_POLICY not in response.headers:
        response.headers.update(headers(request.headers.get("Host")))
    # The page and its modules belong together: an old part must not meet a new one.
    response.headers.setdefault("Cache-Control", "no-cache")


async def _close_doors(app: web.Application) -> None:
    """Members were told by the hall; this is for whoever is left."""
    app[PATIENCE].end()
    bridges: list[Bridge] = [*app[BRIDGES]]
    outlets: list[Outlet] = [*bridges, *app[STREAMS]]
    for outlet in outlets:
        outlet.close("stopping")
    if bridges:
        gone = [bridge.gone() for bridge in bridges]
        await asyncio.wait(gone, timeout=app[HALL].config.linger_s)
