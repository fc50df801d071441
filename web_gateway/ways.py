"""The other ways in: what to type in a terminal, and a code for the camera of a phone.

Who has opened the page at `localhost` cannot give that to others; if the door is
open to the network, they are told this machine's address on it.
"""

from __future__ import annotations

import socket
from io import BytesIO
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote

import msgspec
import segno
from aiohttp import web
from yarl import URL

from tcp_room import names
from tcp_room.errors import RoomError
from tcp_room.hall import LOBBY
from web_gateway.bridge import HALL
from web_gateway.security import HOST

ANYWHERE: Final = ("0.0.0.0", "::")


class Ways(msgspec.Struct, frozen=True):
    """`open`: whether others on the network can come in at all."""

    page: str
    host: str
    tcp_port: int
    open: bool


async def ways(request: web.Request) -> web.Response:
    """`?room=`, and `?scheme=`, which behind a proxy only the browser knows."""
    return web.json_response(body=msgspec.json.encode(_ways(request)))


async def qr(request: web.Request) -> web.Response:
    """The page's address as a picture. Dark on light in every theme: cameras want it so."""
    image = BytesIO()
    code = segno.make(_ways(request).page, micro=False)
    code.save(image, kind="svg", border=3, light="#fff", xmldecl=False, omitsize=True)
    return web.Response(body=image.getvalue(), content_type="image/svg+xml")


def _ways(request: web.Request) -> Ways:
    hall = request.app[HALL]
    asked = _asked(request)
    here = asked.host or ""
    is_anywhere = hall.config.host in ANYWHERE
    host = lan_address() if is_anywhere and is_loopback(here) else here
    return Ways(
        page=str(asked.with_host(host)),
        host=host,
        tcp_port=hall.limits.tcp_port,
        open=is_anywhere or not is_loopback(hall.config.host),
    )


def _asked(request: web.Request) -> URL:
    """The address of the room's page, as this browser has it. Raises HTTPBadRequest."""
    room = request.query.get("room", LOBBY)
    scheme = "https" if request.query.get("scheme") == "https" else "http"
    host = request.headers.get("Host", "")
    try:
        if not HOST.fullmatch(host):
            raise ValueError(host)
        path = "/" if room == LOBBY else f"/r/{quote(names.room(room))}"
        return URL(f"{scheme}://{host}{path}", encoded=True)
    except (RoomError, ValueError):
        raise web.HTTPBadRequest(text="no such address\n") from None


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached by it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def lan_address() -> str:
    """The address by which others on the network reach this machine, as far as can be told.

    Connecting a datagram socket sends nothing: it asks the routing table. 192.0.2.1 is nobody's
    (RFC 5737).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        address: str = probe.getsockname()[0]
        return address


ROUTES: Final = [web.get("/ways", ways), web.get("/qr.svg", qr)]
