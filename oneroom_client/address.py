"""Where a room is: what people write, as the door that is meant.

    HOST, HOST:PORT, [::1]:9000, tcp://…      the line door
    unix:/run/oneroom.sock                    the line door, on this machine
    http://…, https://…, ws://…, wss://…      the web door

The page's own address will do: `http://HOST/r/NAME` is the room NAME there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

TCP_PORT: Final = 9000
_WEB: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class AddressError(ValueError):
    """What was written is no address; says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """`where` is a host, the path of a socket, or the URL of a WebSocket."""

    door: Literal["tcp", "unix", "web"]
    where: str
    port: int = 0
    room: str | None = None

    def __str__(self) -> str:
        if self.door != "tcp":
            return self.where
        host = f"[{self.where}]" if ":" in self.where else self.where
        return f"{host}:{self.port}"


def parse(raw: str) -> Address:
    """Raises AddressError."""
    raw = raw.strip()
    if raw.startswith("unix:"):
        return Address("unix", raw.removeprefix("unix:").removeprefix("//"))
    scheme, found, rest = raw.partition("://")
    if not found:
        return _tcp(raw)
    if scheme == "tcp":
        return _tcp(rest.rstrip("/"))
    if scheme not in _WEB:
        raise AddressError(f"{scheme}:// is no door of a room; HOST:PORT, http:// or ws:// are")
    return _web(urlsplit(raw))


def _tcp(raw: str) -> Address:
    bare_ipv6 = raw.count(":") > 1 and not raw.startswith("[")
    try:
        parts = urlsplit(f"//[{raw}]" if bare_ipv6 else f"//{raw}")
        port = TCP_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise AddressError(f"{raw!r} is no HOST:PORT: {error}") from None
    if parts.path or parts.query or "@" in raw:
        raise AddressError(f"{raw!r} is no HOST:PORT")
    return Address("tcp", parts.hostname or "localhost", port)


def _web(parts: SplitResult) -> Address:
    try:
        if not parts.hostname or parts.port == 0:
            raise AddressError(f"there is no host in {parts.geturl()!r}")
    except ValueError as error:
        raise AddressError(f"{parts.geturl()!r} is no address: {error}") from None
    base, found, room = parts.path.partition("/r/")
    path = base.rstrip("/") + "/ws"
    if parts.scheme in ("ws", "wss") and parts.path.strip("/"):
        path, found = parts.path, ""
    url = urlunsplit((_WEB[parts.scheme], parts.netloc, path, "", ""))
    return Address("web", url, room=unquote(room).strip("/") if found else None)
