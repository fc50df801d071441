"""Tells the dead from the slow, by what the kernel knows of a connection.

A stopped terminal reads nothing, but its kernel goes on acknowledging our
probes; a machine that is gone acknowledges nothing. So the time for which data
has waited says nothing (and TCP_USER_TIMEOUT, which counts it, would kill the
stopped terminal); what says it is probes or retransmissions without an answer.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Final

from tcp_room.config import Config

if sys.platform != "win32":
    import fcntl
    import termios

# struct tcp_info of linux/tcp.h, up to tcpi_last_ack_recv.
_TCP_INFO: Final = struct.Struct("@7Bx13I")
_STATE, _RETRANSMITS, _PROBES, _LAST_ACK_RECEIVED_MS = 0, 2, 3, 19
# TCP_CLOSE of net/tcp_states.h.
_IS_CLOSED: Final = 7
_INT: Final = struct.Struct("@i")
# One that is just on its way is no sign of anything.
_UNANSWERED: Final = 2
# How often somebody is waited for in haste is looked at, and what timers may be early by.
_HASTY_LOOK_S: Final = 0.1
_TICK_S: Final = 0.01
# What asking a socket may raise that was closed just now; the second is uvloop's.
_CLOSED: Final = (OSError, ValueError)


def peer(transport: asyncio.BaseTransport) -> str:
    """The address of the other end. A Unix socket has none, nor has one that was reset before we
    came to it: all these count as one."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else "unix"


def is_dead(transport: asyncio.BaseTransport, after_s: float) -> bool:
    """Whether the peer has answered nothing for `after_s` although it was asked to, or has broken
    off: the loop does not see that while reading is paused.

    Where the kernel does not tell (not Linux), never: keepalive and the kernel's own time-outs
    are what is left there.
    """
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sys.platform != "linux" or sock is None:
        return False
    try:
        info = _TCP_INFO.unpack(
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        )
    except (*_CLOSED, struct.error):
        return False
    if info[_STATE] == _IS_CLOSED:
        return True
    is_unanswered = max(info[_RETRANSMITS], info[_PROBES]) >= _UNANSWERED
    return bool(is_unanswered and info[_LAST_ACK_RECEIVED_MS] > after_s * 1000)


def has_to_read(transport: asyncio.WriteTransport) -> bool:
    """Whether something is on its way that the peer's kernel has not acknowledged.

    Where ours does not tell (not Linux): whether something waits in our process.
    """
    return bool(transport.get_write_buffer_size() or _unacknowledged(transport))


def unsent(transport: asyncio.WriteTransport) -> int:
    """Bytes on their way that the peer's kernel has not acknowledged; see `has_to_read`."""
    return transport.get_write_buffer_size() + _unacknowledged(transport)


def _unacknowledged(transport: asyncio.WriteTransport) -> int:
    """Bytes in our kernel's queue; 0 where it does not tell."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sys.platform != "linux" or sock is None:
        return 0
    try:
        (waiting,) = _INT.unpack(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(_INT.size)))
    except _CLOSED:
        return 0
    return int(waiting)


class Pulse:
    """Feels one connection now and then."""

    __slots__ = ("_since", "_transport", "_waiting")

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._waiting = 0  # bytes that wait in our process
        self._since = 0.0  # since when it is just as many

    def is_over(self, now: float, config: Config) -> bool:
        """Whether the peer is gone, or has read nothing for as long as one may."""
        waiting = self._transport.get_write_buffer_size()
        if waiting != self._waiting:
            self._waiting, self._since = waiting, now
        limit = config.stall_limit
        is_stalled = bool(waiting and limit) and now - self._since > limit
        return is_stalled or is_dead(self._transport, config.dead_after_s)


class Linger:
    """Cuts a connection that was told goodbye when its peer has read nothing for so long."""

    __slots__ = ("_in_haste", "_seconds", "_since", "_timer", "_transport", "_waiting")

    def __init__(
        self, transport: asyncio.WriteTransport, seconds: float, *, in_haste: bool = False
    ) -> None:
        """`in_haste`: cuts it as soon as the peer's kernel has acknowledged everything. A peer that
        never closes, as an idle nc, then holds up nobody."""
        self._transport = transport
        self._seconds = seconds
        self._in_haste = in_haste
        self._waiting = transport.get_write_buffer_size()
        self._since = asyncio.get_running_loop().time()
        self._wait()

    def _wait(self) -> None:
        step = min(self._seconds, _HASTY_LOOK_S) if self._in_haste else self._seconds
        self._timer = asyncio.get_running_loop().call_later(step, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        waiting = self._transport.get_write_buffer_size()
        if 0 < waiting < self._waiting:
            self._waiting, self._since = waiting, now
        is_read = self._in_haste and not has_to_read(self._transport)
        if is_read or now - self._since >= self._seconds - _TICK_S:
            self._transport.abort()
        else:
            self._wait()

    def cancel(self) -> None:
        """The connection is over."""
        self._timer.cancel()


def keep_alive(transport: asyncio.BaseTransport, config: Config) -> None:
    """Has the kernel ask an idle peer now and then whether it is still there."""
    sock: socket.socket = transport.get_extra_info("socket")
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return  # the kernel tells at once when a neighbour dies
    with suppress(*_CLOSED):
        _ask_now_and_then(sock, config)


def _ask_now_and_then(sock: socket.socket, config: Config) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, config.keepalive_idle_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, config.keepalive_interval_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, config.keepalive_probes)
