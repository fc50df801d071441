"""The other ways in: what to type in a terminal, and a code for the camera of a phone.

Who has opened the page at `localhost` cannot give that to others; if the door is
open to the network, they are told this machine's address on it.
"""

from __future__ import annotations

import socket
from functools import lru_cache
from io import BytesIO
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
from web_gateway.gate import HOSTS
from web_gateway.hosts import ANYWHERE, is_loopback, name_of


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
    page, hall = _ways(request).page, request.app[HALL]
    drawn = _draw.cache_info().misses
    image = _draw(page)
    if _draw.cache_info().misses > drawn:
        hall.request_pace.charge(request.remote or "", hall.config.qr_requests)
    return web.Response(body=image, content_type="image/svg+xml")


@lru_cache(maxsize=256)
def _draw(url: str) -> bytes:
    """A code as SVG: some 2 KB and 3 ms, and with the longest of URLs 11 KB and 20 ms."""
    image = BytesIO()
    code = segno.make(url, micro=False)
    code.save(image, kind="svg", border=3, light="#fff", xmldecl=False, omitsize=True)
    return image.getvalue()


def _ways(request: web.Request) -> Ways:
    """Raises HTTPBadRequest."""
    hall, public = request.app[HALL], request.app[HOSTS].public
    home = public or _home(request)
    is_closed = is_loopback(hall.config.host)
    return Ways(
        page=str(home.with_path(_path(request), encoded=True)),
        host=home.raw_host or "",
        # A proxy passes on HTTP alone, so the line door cannot be reached from outside.
        tcp_port=0 if public is not None and is_closed else hall.limits.tcp_port,
        open=public is not None or not is_closed,
    )


def _home(request: web.Request) -> URL:
    """The address by which others reach what this browser has open. Raises HTTPBadRequest."""
    scheme = "https" if request.query.get("scheme") == "https" else "http"
    host = request.headers.get("Host", "")
    if name_of(host) is None:
        raise web.HTTPBadRequest(text="no such address\n")
    asked = URL(f"{scheme}://{host}/", encoded=True)
    is_anywhere = request.app[HALL].config.host in ANYWHERE
    is_here = is_loopback(asked.raw_host or "") and is_loopback(request.remote or "")
    return asked.with_host(lan_address()) if is_anywhere and is_here else asked


def _path(request: web.Request) -> str:
    """The path of a room's page. Raises HTTPBadRequest."""
    room = request.query.get("room", LOBBY)
    try:
        return "/" if room == LOBBY else f"/r/{quote(names.room(room))}"
    except RoomError as error:
        raise web.HTTPBadRequest(text=f"{error.text}\n") from None


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
