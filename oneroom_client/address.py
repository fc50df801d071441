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
        """As people write it."""
        if self.door == "web":
            return self.where.replace("ws", "http", 1).removesuffix("/ws")
        if self.door == "unix":
            return f"unix:{self.where}"
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
        raise AddressError(f"{scheme}:// is no address of a room; HOST:PORT and http:// are")
    return _web(raw)


def _tcp(raw: str) -> Address:
    bare_ipv6 = raw.count(":") > 1 and not raw.startswith("[")
    parts = _split(f"//[{raw}]" if bare_ipv6 else f"//{raw}", raw)
    if parts.path or parts.query or "@" in raw:
        raise AddressError(f"{raw!r} is not HOST:PORT")
    return Address("tcp", parts.hostname or "localhost", _port(parts, raw, TCP_PORT))


def _web(raw: str) -> Address:
    parts = _split(raw, raw)
    _port(parts, raw, 80)
    if not parts.hostname:
        raise AddressError(f"there is no host in {raw!r}")
    base, found, room = parts.path.partition("/r/")
    path = base.rstrip("/") + "/ws"
    if parts.scheme in ("ws", "wss") and parts.path.strip("/"):
        path, found = parts.path, ""
    url = urlunsplit((_WEB[parts.scheme], parts.netloc, path, "", ""))
    return Address("web", url, room=unquote(room).strip("/") if found else None)


def _split(url: str, raw: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise AddressError(f"{raw!r} is no address") from None


def _port(parts: SplitResult, raw: str, usual: int) -> int:
    """`usual`: where none is written."""
    try:
        port = usual if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise AddressError(f"the port in {raw!r} is not a number from 1 to 65535")
    return port
