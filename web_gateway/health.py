"""Answers to probes: is the process alive, and should people be sent to it?"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from web_gateway.bridge import HALL
from web_gateway.refusals import as_json

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


async def livez(request: web.Request) -> web.Response:
    """200 as long as the process answers."""
    return web.Response(text="ok\n", headers=_NOT_KEPT)


async def readyz(request: web.Request) -> web.Response:
    """200 if people can come in and talk; else 503 with the reasons: it is `stopping`, or its log
    cannot be written (`storage`)."""
    hall = request.app[HALL]
    reasons = []
    if hall.is_closing:
        reasons.append({"code": "stopping", "text": "the server is stopping"})
    if hall.log_trouble:
        reasons.append({"code": "storage", "text": hall.log_trouble})
    body = {"ready": not reasons, "reasons": reasons}
    return as_json(body, 503 if reasons else 200, _NOT_KEPT)


ROUTES: Final = [web.get("/livez", livez), web.get("/readyz", readyz)]
