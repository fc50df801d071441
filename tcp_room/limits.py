"""How fast, and how many: pure counters, told the time and the address."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import lru_cache
from heapq import heappop, heappush
from ipaddress import IPv6Address, ip_address
from itertools import count
from typing import Any, Final, Protocol

from tcp_room.config import Config
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

    def delay(self, now: float, tokens: float = 1) -> float:
        """Takes tokens; returns the seconds until they are there, 0.0 if they are there already.

        `now` is in monotonic seconds. A clock that stands still, or steps back, gives no tokens.
        """
        if not self._rate:
            return 0.0
        self._fill(now)
        self._tokens -= tokens
        return max(0.0, -self._tokens / self._rate)

    def take(self, wanted: int, now: float) -> int:
        """Takes as many tokens as are there, or will be at once; returns how many of `wanted`."""
        if not self._rate:
            return wanted
        self._fill(now)
        taken = min(max(int(self._tokens + self._rate * _NO_WAIT_S), 0), wanted)
        self._tokens -= taken
        return taken

    def until(self, tokens: float, now: float) -> float:
        """The seconds until so many tokens are there, 0.0 if they are or will be at once."""
        if not self._rate:
            return 0.0
        self._fill(now)
        seconds = (tokens - self._tokens) / self._rate
        return seconds if seconds > _NO_WAIT_S else 0.0

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
        network = network_of(address)
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


class Timers(Protocol):
    """The part of an event loop that a pace needs."""

    def call_soon(self, callback: Callable[..., object], /, *args: Any) -> object: ...
    def call_later(self, delay: float, callback: Callable[..., object], /, *args: Any) -> Any: ...
    def time(self) -> float: ...


class Usage:
    """How much one client sends.

    `load` is a time in monotonic seconds. Each line moves it on by the time that a modest client
    leaves between two lines; it is never before the last line by more than a burst. So a load in
    the future is a client that sends more than that, and of two loads the lower one has sent less,
    or nothing for longer.
    """

    __slots__ = ("_settled_at", "load")

    def __init__(self, now: float, config: Config) -> None:
        self.load = now
        self._settled_at = now + config.modest_after_s

    def count(self, now: float, config: Config) -> bool:
        """Counts a line. Whether its client is modest: it has talked for some seconds without a
        long pause, and at the pace of somebody who types."""
        if now - self.load > config.modest_pause_s:
            self._settled_at = now + config.modest_after_s
        is_modest = max(self.load, self._settled_at) <= now
        load = max(self.load, now - config.modest_burst_s) + 1 / config.modest_lines_per_s
        self.load = min(load, now + config.modest_regained_s)
        return is_modest


class AddressPace:
    """A budget for each address, which all its connections share, on every door.

    The last part of it is for modest clients (see `Usage`). So people go on talking while others on
    their address send all they can. What cannot pass at once waits, one line of each connection;
    of those that wait the client with the least load is first. Nothing is refused.
    """

    __slots__ = ("_burst", "_order", "_rate", "_reserve", "_shares", "_timers")

    def __init__(self, timers: Timers, rate: float, burst_s: float, reserve: float) -> None:
        """`rate` lines a second (0: no limit), of which `burst_s` seconds' may come at once. The
        last `reserve` (0 to 1) of a burst is for modest clients."""
        self._timers = timers
        self._rate = rate
        self._burst = max(rate * burst_s, 1.0)
        self._reserve = min(self._burst * reserve, self._burst - 1)
        self._order = count()
        self._shares: OrderedDict[str, _Share] = OrderedDict()  # by network, last used last

    def __len__(self) -> int:
        """Addresses that it remembers."""
        return len(self._shares)

    def ask(
        self,
        address: str,
        go: Callable[[], object],
        *,
        load: float | None = None,
        is_modest: bool = False,
    ) -> bool:
        """Whether a line may pass now. If not, `go` is called when it may; it must not ask again
        before. `load` as in `Usage`; None: not known, so it comes after those that wait."""
        if not self._rate:
            return True
        share, now = self._share(address), self._timers.time()
        queue = share.modest if is_modest else share.others
        if not queue and self._take(share, now, is_modest=is_modest):
            return True
        heappush(queue, (now if load is None else load, next(self._order), go))
        self._schedule(share, now)
        return False

    def wait(self, address: str) -> float:
        """For requests that cannot be held back: 0.0, or the seconds after which to come again,
        and then nothing was taken. They get nothing of the reserve."""
        if not self._rate:
            return 0.0
        share, now = self._share(address), self._timers.time()
        ahead = len(share.modest) + len(share.others)
        if not ahead and self._take(share, now, is_modest=False):
            return 0.0
        return share.unreserved.until(1 + ahead, now)

    def charge(self, address: str, tokens: float) -> None:
        """Takes as many more for what has passed already, and has cost more than a line does. They
        are not taken out of the reserve."""
        if self._rate:
            self._share(address).unreserved.delay(self._timers.time(), tokens)

    def _take(self, share: _Share, now: float, *, is_modest: bool) -> bool:
        """Takes a token, if one may be had now."""
        if share.bucket_of(is_modest).until(1, now):
            return False
        share.all.delay(now)
        share.unreserved.delay(now)
        return True

    def _share(self, address: str) -> _Share:
        network = network_of(address)
        share = self._shares.get(network)
        if share is None:
            unreserved = Bucket(self._rate, self._burst - self._reserve)
            share = self._shares[network] = _Share(Bucket(self._rate, self._burst), unreserved)
            self._forget()
        self._shares.move_to_end(network)
        return share

    def _forget(self) -> None:
        """A full bucket says nothing: an address that is not heard of any more costs nothing."""
        now = self._timers.time()
        while len(self._shares) > 1:
            network, share = next(iter(self._shares.items()))
            if share.is_due or not (share.all.is_full(now) and share.unreserved.is_full(now)):
                return
            del self._shares[network]

    def _schedule(self, share: _Share, now: float) -> None:
        """Looks again when the next one can pass; soon, as somebody modest may come meanwhile."""
        if not share.is_due:
            share.is_due = True
            seconds = share.bucket_of(bool(share.modest)).until(1, now)
            self._timers.call_later(min(seconds, 1 / self._rate), self._serve, share)

    def _serve(self, share: _Share) -> None:
        """Calls back those whose turn has come."""
        now = self._timers.time()
        share.is_due = False
        for is_modest, queue in ((True, share.modest), (False, share.others)):
            while queue and self._take(share, now, is_modest=is_modest):
                self._timers.call_soon(heappop(queue)[2])
        if share.modest or share.others:
            self._schedule(share, now)


_Waiting = tuple[float, int, Callable[[], object]]


class _Share:
    """One address's budget, and whose lines wait for it: one of each connection at the most."""

    __slots__ = ("all", "is_due", "modest", "others", "unreserved")

    def __init__(self, all: Bucket, unreserved: Bucket) -> None:
        self.all = all
        self.unreserved = unreserved  # what is left of it for those who are not modest
        self.is_due = False  # whether a timer runs for those who wait
        # Heaps, by load and then in order of arrival.
        self.modest: list[_Waiting] = []
        self.others: list[_Waiting] = []

    def bucket_of(self, is_modest: bool) -> Bucket:
        return self.all if is_modest else self.unreserved


class Turnstile:
    """Counts connections, all together and by address, from their beginning to the end of their
    session. It counts those who were refused while they are told why, too."""

    __slots__ = (
        "_arrivals",
        "_count",
        "_inside",
        "_per_address",
        "_per_minute",
        "_refused",
        "_time",
        "_total",
    )

    def __init__(
        self,
        per_address: int,
        total: int,
        *,
        per_minute: int = 0,
        time: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """At most so many; `per_minute` new ones of one address, by `time` in monotonic seconds.
        0 means no limit."""
        self._per_address = per_address
        self._per_minute = per_minute
        self._total = total
        self._time = time
        self._count = 0
        self._refused = 0
        self._inside: Counter[str] = Counter()
        self._arrivals = Pace(per_minute / 60, per_minute)

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        """An empty one is still one: `turnstile or Turnstile(...)` must not make a second."""
        return True

    def enter(self, address: str) -> None:
        """Counts one in. Raises RoomError (server_full, too_many_connections): then it was not."""
        if self._total and self._count >= self._total:
            raise RoomError("server_full", "the server is full; try again later")
        network = network_of(address)
        if self._per_address and self._inside[network] >= self._per_address:
            raise RoomError(
                "too_many_connections",
                f"there are {self._per_address} connections from your address already",
            )
        if self._per_minute and self._arrivals.wait(address, self._time()):
            raise RoomError(
                "too_many_connections",
                f"more than {self._per_minute} connections a minute came from your address;"
                " try again in a moment",
            )
        self._inside[network] += 1
        self._count += 1

    def leave(self, address: str) -> None:
        """Counts one out, who must have entered."""
        network = network_of(address)
        assert self._inside[network] > 0, address
        self._inside[network] -= 1
        self._count -= 1
        if not self._inside[network]:
            del self._inside[network]

    def begin_refusal(self, limit: int) -> bool:
        """Counts one that was refused and is told why, unless `limit` are counted already: then it
        is to be cut at once, as each keeps a descriptor."""
        if self._refused >= limit:
            return False
        self._refused += 1
        return True

    def end_refusal(self) -> None:
        assert self._refused > 0
        self._refused -= 1


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64, this machine, or what is none of
    them as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_loopback:
        return "loopback"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return f"{int(parsed) >> _IPV6_NETWORK_BITS:x}::/64"
