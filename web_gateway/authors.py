"""Whose id an Idempotency-Key is, as long as there are no accounts.

If ids belonged to names alone, a stranger could post `nick=ci` with the key `build-18` first, and
the alert of the real `ci` would never be said. So they belong to a network and a name. The log is
given a keyed hash of both: no address is stored, and without the key none can be tried out.
"""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import ip_network
from typing import Final

from aiohttp import web

from tcp_room import names
from tcp_room.limits import network_of

_HASH_BYTES: Final = 12
# A client with an IPv4 address today often has another one of its /24 tomorrow.
_IPV4_PREFIX: Final = 24


class Authors:
    """The authors (see logs.port.Draft) of posts by HTTP."""

    def __init__(self, key: bytes) -> None:
        """`key` is the house's secret, of 16 to 64 bytes."""
        self._key = key

    def poster(self, address: str, nick: str | None) -> str:
        """Raises RoomError (bad_nick)."""
        name = "" if nick is None else names.key(names.nick(nick))
        return f"http:{self._hash(_wide(network_of(address)), name)}"

    def hook(self, token: str) -> str:
        return f"hook:{self._hash(token, '')}"

    def _hash(self, *parts: str) -> str:
        joined = "\n".join(parts).encode("utf-8", "replace")
        return blake2b(joined, key=self._key, digest_size=_HASH_BYTES).hexdigest()


def _wide(network: str) -> str:
    """The /24 of an IPv4 address; any other network unchanged."""
    try:
        return str(ip_network(f"{network}/{_IPV4_PREFIX}", strict=False))
    except ValueError:
        return network


AUTHORS: Final = web.AppKey("authors", Authors)
