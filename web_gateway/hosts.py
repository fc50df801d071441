"""The names and addresses by which people may reach this house.

Owns the guard against DNS rebinding. A page of evil.example can let its own name resolve to this
machine. The browser then takes our answers for that page's own, so neither its Origin nor
Sec-Fetch-Site shows anything foreign. Only the Host header still carries the foreign name.

- A name is allowed only if it is this machine's, or the operator's (`--public-url`).
- An address is allowed only if it is this machine's: no name, no rebinding, but no harm either.
- The length is checked before anything is matched.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Thread
from typing import Final

from yarl import URL

from tcp_room.config import Config

ANYWHERE: Final = ("0.0.0.0", "::")
# A name of the DNS has 253 characters at most (RFC 1035, 2.3.4).
_HOST_CHARS: Final = 255
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_Address = IPv4Address | IPv6Address


def name_of(host: str) -> str | None:
    """The name or address in a Host header: lower case, without port, brackets and final dot.

    None if it is longer than 255 characters or no host (RFC 9110, 7.2).
    """
    found = _HOST.fullmatch(host) if len(host) <= _HOST_CHARS else None
    return found[1].lower().strip("[]").removesuffix(".") if found else None


def address_of(name: str) -> _Address | None:
    try:
        return ip_address(name.partition("%")[0])
    except ValueError:
        return None


def is_loopback(name: str) -> bool:
    """Whether only this machine is reached by it (RFC 6761, 6.3)."""
    address = address_of(name)
    if address is None:
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback


def public(url: str) -> URL | None:
    """`--public-url` as a URL; None if it is empty. Raises ValueError with a sentence."""
    if not url:
        return None
    parsed = URL(url)
    is_web = parsed.scheme in ("http", "https") and name_of(parsed.raw_authority) is not None
    if not is_web or parsed.user is not None:
        raise ValueError(f"{url} is not an address like https://chat.example.org/")
    if parsed.path_qs != "/" or parsed.fragment:
        raise ValueError(f"{url} has a path; oneroom can only be at the top of an address")
    return parsed


class Hosts:
    """The hosts that a Host header may name."""

    def __init__(self, config: Config) -> None:
        """Raises ValueError if `public_url` is no such URL."""
        self.public = public(config.public_url)
        self._is_anywhere = config.host in ANYWHERE
        self._names = {config.host.lower(), *_own_names(socket.gethostname())}
        if self.public is not None:
            self._names.add(name_of(self.public.raw_authority) or "")

    def learn(self) -> None:
        """Looks this machine's full name up. A resolver may take seconds, so a thread waits."""
        Thread(target=self._learn, daemon=True).start()

    def _learn(self) -> None:
        self._names.add(socket.getfqdn().lower())

    def allows(self, host: str, local: str) -> bool:
        """Whether `host`, a Host header, is ours. `local` is our own address of the connection."""
        name = name_of(host)
        if name is None:
            return False
        if name in self._names or is_loopback(name):
            return True
        address = address_of(name)
        if address is None:
            return False
        return address == address_of(local) or (self._is_anywhere and is_own(address))


def _own_names(hostname: str) -> set[str]:
    """A machine's name, the first label of it, and that one as mDNS has it (RFC 6762)."""
    full = hostname.lower()
    short = full.partition(".")[0]
    return {full, short, f"{short}.local"}


def is_own(address: _Address) -> bool:
    """Whether an interface of this machine has that address: no other one can be bound."""
    if address.is_unspecified or address.is_multicast:
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
