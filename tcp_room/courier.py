"""Watches private messages until the recipient's machine has them.

A private message to a connection is in no log, so it cannot be sent again. What its sender is
shown as an acknowledgement means: written to the recipient's connection. If that connection
breaks while those bytes are unsent, the sender is notified (`undelivered`).

`Outlet.unsent` says how many bytes of a connection are still on their way. To know which bytes
those are, everything that is written after a private message is counted, as long as one is
watched. Nothing is counted, and nothing costs anything, at other times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tcp_room.events import Dm

if TYPE_CHECKING:
    from tcp_room.member import Member
    from tcp_room.room import Scheduler

# Most messages are acknowledged within a round trip; then ever more rarely.
_FIRST_LOOK_S: Final = 0.05
_SLOWEST_LOOK_S: Final = 2.0

Undelivered = Callable[[Dm], None]


class Courier:
    """The private messages that are on their way to one member."""

    __slots__ = ("_member", "_pause_s", "_scheduler", "_waiting", "_write", "_written")

    def __init__(self, member: Member, scheduler: Scheduler) -> None:
        self._member = member
        self._scheduler = scheduler
        self._waiting: list[tuple[int, Dm, Undelivered]] = []
        self._write = member.write
        self._written = 0  # bytes, since something is watched

    def deliver(self, message: Dm, undelivered: Undelivered) -> None:
        """Writes `message`; `undelivered` is called if the connection breaks before it is sent."""
        member = self._member
        if not self._waiting:
            self._write, self._written = member.write, 0
            member.write = self._count
        member.tell(message)
        self._waiting.append((self._written, message, undelivered))
        if len(self._waiting) == 1 and not self._is_over():
            self._pause_s = _FIRST_LOOK_S
            self._look_later()

    def lost(self) -> None:
        """The connection is gone."""
        waiting, self._waiting = self._waiting, []
        for _, message, undelivered in waiting:
            undelivered(message)

    def _count(self, data: bytes, /) -> None:
        self._written += len(data)
        self._write(data)

    def _look_later(self) -> None:
        self._scheduler.call_later(self._pause_s, self._look)

    def _look(self) -> None:
        if self._waiting and not self._is_over():
            self._pause_s = min(self._pause_s * 2, _SLOWEST_LOOK_S)
            self._look_later()

    def _is_over(self) -> bool:
        """Forgets what has been sent; whether that is all."""
        sent = self._written - self._member.outlet.unsent()
        self._waiting = [each for each in self._waiting if each[0] > sent]
        if not self._waiting and self._member.write == self._count:
            self._member.write = self._write
        return not self._waiting
