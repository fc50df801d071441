"""What a browser may not do on behalf of other people's pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tcp_room.errors import RoomError
from web_gateway.hosts import name_of

# RFC 6454, 6.2. Not urlsplit(): it repairs what a browser would never send, and raises too.
_ORIGIN: Final = re.compile(r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.:_\[\]-]+)")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def is_own_origin(origin: str | None, host: str | None) -> bool:
    """Whether a WebSocket that says it comes from `origin` may be opened at `host`.

    Any page on the internet can open a WebSocket to localhost or to an address of the LAN, and
    the browser lets it; only the server can refuse (RFC 6455, 10.2). No Origin at all is fine:
    that is a program, which needs no browser to come in. The scheme is not compared: behind a
    proxy that ends TLS the page is https and we are not.
    """
    if origin is None:
        return True
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or host is None:
        return False
    default = _DEFAULT_PORTS[parts["scheme"]]
    return _without(default, parts["host"]) == _without(default, host)


def _without(port: str, netloc: str) -> str:
    return netloc.lower().removesuffix(port)


def refuse_foreign(headers: Mapping[str, str]) -> None:
    """Refuses what a page of another address has a browser do. Raises RoomError (foreign_origin).

    An image needs no Origin to be asked for; browsers say in another header whose it is.
    """
    is_own = headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
    if not (is_own and is_own_origin(headers.get("Origin"), headers.get("Host"))):
        raise RoomError("foreign_origin", "a page of another address may not do that")


def part_headers() -> dict[str, str]:
    """The headers of what the page is made of: there are many, so there is no more than it takes.
    Opened by itself (a picture can hold scripts), a part may do nothing."""
    return {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}


def headers(host: str | None) -> dict[str, str]:
    """The headers of every other answer. Nothing is loaded from elsewhere, no script or style
    stands in the page, and the page cannot make HTML of a string."""
    own = f" ws://{host} wss://{host}" if host and name_of(host) else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        # Not every browser counts ws: into 'self'.
        f"connect-src 'self'{own}; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
