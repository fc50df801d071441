"""How fast, and how many: pure counters, told the time and the address."""

from __future__ import annotations

from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

from tcp_room.errors import RoomError

# Who has one IPv6 address has a network of them (RFC 6177), so the network counts.
_IPV6_NETWORK_BITS: Final = 64
# The timers of event loops know whole milliseconds: a shorter wait is none.
_NO_WAIT_S: Final = 0.001


class Bucket:
    """A token bucket that lends: nothing is refused, everything gets its time."""

    __slots__ = ("_burst", "_filled", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float) -> None:
        """`rate` tokens a second (0: no limit), of which `burst` may come at once."""
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled = 0.0

    def delay(self, now: float) -> float:
        """Takes a token; returns the seconds until it is there, 0.0 if it is there already.

        `now` is in monotonic seconds. A clock that stands still, or steps back, gives no tokens.
        """
        if not self._rate:
            return 0.0
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def take(self, wanted: int, now: float) -> int:
        """Takes as many tokens as are there, or will be at once; returns how many of `wanted`."""
        if not self._rate:
            return wanted
        self._fill(now)
        taken = min(max(int(self._tokens + self._rate * _NO_WAIT_S), 0), wanted)
        self._tokens -= taken
        return taken

    def give_back(self, tokens: int = 1) -> None:
        self._tokens += tokens

    def _fill(self, now: float) -> None:
        gained = max(now - self._filled, 0.0) * self._rate
        self._filled = max(now, self._filled)
        self._tokens = min(self._tokens + gained, self._burst)

    def is_full(self, now: float) -> bool:
        return self._tokens + max(now - self._filled, 0.0) * self._rate >= self._burst


class Pace:
    """A bucket for each address, for those who cannot be held back: they are refused."""

    __slots__ = ("_buckets", "_burst", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        """As in Bucket."""
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()  # last used last

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, address: str, now: float) -> float:
        """0.0, or the seconds after which to come again: then no token was taken."""
        network = _network(address)
        bucket = self._buckets.setdefault(network, Bucket(self._rate, self._burst))
        self._buckets.move_to_end(network)
        delay = bucket.delay(now)
        if delay:
            bucket.give_back()
        self._forget(now)
        return delay

    def _forget(self, now: float) -> None:
        """Full buckets say nothing: an address that is not heard of any more costs nothing."""
        while self._buckets:
            oldest = next(iter(self._buckets))
            if not self._buckets[oldest].is_full(now):
                return
            del self._buckets[oldest]


class Turnstile:
    """Counts connections, all together and by address."""

    __slots__ = ("_count", "_inside", "_per_address", "_total")

    def __init__(self, per_address: int, total: int) -> None:
        """At most so many; 0 means no limit."""
        self._per_address = per_address
        self._total = total
        self._count = 0
        self._inside: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        """An empty one is still one: `turnstile or Turnstile(...)` must not make a second."""
        return True

    def enter(self, address: str) -> None:
        """Counts one in. Raises RoomError (server_full, too_many_connections): then it was not."""
        if self._total and self._count >= self._total:
            raise RoomError("server_full", "the server is full; try again later")
        network = _network(address)
        if self._per_address and self._inside[network] >= self._per_address:
            raise RoomError(
                "too_many_connections",
                f"there are {self._per_address} connections from your address already",
            )
        self._inside[network] += 1
        self._count += 1

    def leave(self, address: str) -> None:
        """Counts one out, who must have entered."""
        network = _network(address)
        assert self._inside[network] > 0, address
        self._inside[network] -= 1
        self._count -= 1
        if not self._inside[network]:
            del self._inside[network]


def _network(address: str) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64, or what is neither as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{int(parsed) >> _IPV6_NETWORK_BITS:x}::/64"
