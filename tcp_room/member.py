"""A member: a cursor in one view of a room's log, and the outlet of its door.

The room brings members forward; a member itself knows only how far it is. It is
in one of three conditions:

- *level*: it has everything, and shares each turn's bytes with all others who
  are level in its view;
- *lagging*: it is being brought forward, a page at a time, from the log
  (newcomers, those who resume, those who were parked);
- *parked*: its socket is full. Nothing more is queued for it; it is brought
  forward when the socket has drained.

So a slow reader loses nothing, and costs no more than what its socket and one
page hold.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, Protocol

from tcp_room.events import Event, Here
from tcp_room.terminal import TEXT
from tcp_room.views import View

if TYPE_CHECKING:
    from tcp_room.courier import Courier
    from tcp_room.room import Room


# Pages of the log that one member may ask for before the first of them is read.
PAGES_ASKED: Final = 4

Why = Literal["left", "replaced", "refused", "stopping"]


class Outlet(Protocol):
    """The port that every door implements. Its contract:

    1. `write` MUST NOT block, MUST NOT reorder, MUST NOT call back into the room.
    2. When more than `member_buffer_bytes` wait in it, it sets `member.full`
       (during `write` or later), and keeps what it was given.
    3. When it has drained, it clears `member.full` and calls `room.drained`.
    4. After `close` and after the connection is lost, `write` does nothing.
    """

    def write(self, data: bytes, /) -> None:
        """Write these bytes now."""

    def close(self, why: Why, /) -> None:
        """Write what waits, then close."""

    def pause(self) -> None:
        """Stop reading from the client until `resume`."""

    def resume(self) -> None: ...

    def check(self) -> None:
        """Cut the connection if its peer is gone, or has stalled for too long."""

    def unsent(self) -> int:
        """Bytes that were written and that the peer's machine has not acknowledged, as far as
        this machine can tell: where its kernel does not tell, those that wait in this process."""


class Condition(Enum):
    OUTSIDE = "outside"
    LAGGING = "lagging"
    LEVEL = "level"
    PARKED = "parked"


class Member:
    """Plain data with slots: there may be a hundred thousand."""

    __slots__ = (
        "asked",
        "author",
        "backlog",
        "backlog_limit",
        "condition",
        "courier",
        "cursor",
        "door",
        "dress",
        "full",
        "key",
        "leaving",
        "nick",
        "on_drained",
        "on_level",
        "outlet",
        "room",
        "style",
        "told",
        "view",
        "welcomed",
        "write",
    )

    def __init__(
        self,
        *,
        outlet: Outlet,
        view: View,
        door: str,
        dress: Callable[[View], View],
        author: str,
        backlog_limit: int,
    ) -> None:
        """`dress` puts a view into the frames of the member's door."""
        self.outlet = outlet
        self.write = outlet.write  # bound once: the hot loop calls nothing else
        self.view = dress(view)
        self.dress = dress
        self.style = TEXT  # what its text view looks like, when it has one
        self.door = door
        self.author = author  # its session, see logs.port.Draft
        self.nick = ""
        self.key = ""
        self.room: Room | None = None
        self.cursor = 0
        self.condition = Condition.OUTSIDE
        self.full = False  # set and cleared by the outlet
        self.leaving = False  # it has said its last word
        self.courier: Courier | None = None  # of the private messages on their way to it
        self.welcomed = False  # whether it was told that it is live
        self.told = 0  # the room's count of presence events when it was last up to date
        self.on_level: Callable[[], None] | None = None
        self.on_drained: Callable[[], None] = outlet.resume  # its backlog is written
        self.backlog: list[bytes] = []
        self.backlog_limit = backlog_limit
        self.asked = 0  # pages of the log that are still to be read for it

    @property
    def is_watching(self) -> bool:
        """Whether it reads a room without being in it: such a one has no name."""
        return self.room is not None and not self.key

    @property
    def here(self) -> Here:
        return Here(self.nick, self.door)

    def look(self, view: View) -> None:
        """Takes another view, from here on."""
        dressed = self.dress(view)
        if self.room is None:
            self.view = dressed
        else:
            self.room.look(self, dressed)

    @property
    def is_owed_much(self) -> bool:
        """Whether more waits for it than may: what it asks for must wait too."""
        if self.asked >= PAGES_ASKED:
            return True
        return bool(self.backlog) and sum(map(len, self.backlog)) > self.backlog_limit

    @property
    def is_gone(self) -> bool:
        return self.write is _nowhere

    def mute(self) -> None:
        """Its door is closed or its client gone: what it is told from now on goes nowhere."""
        self.write = _nowhere

    def lost(self) -> None:
        """Its connection is gone."""
        self.mute()
        if self.courier is not None:
            self.courier.lost()

    def tell(self, event: Event) -> None:
        """Tells this member alone. What a parked one asked for waits in its backlog; as that
        fills, its door reads no further."""
        part = self.view.encode(event)
        if not part or self.is_gone:
            return
        data = self.view.pack([part])
        if self.full:
            self.backlog.append(data)
            if self.is_owed_much:
                self.outlet.pause()
        else:
            self.write(data)

    def asks(self) -> None:
        """A page is to be read for it; as those add up, its door reads no further."""
        self.asked += 1
        if self.is_owed_much:
            self.outlet.pause()

    def answered(self) -> None:
        """A page was read for it."""
        self.asked -= 1
        if not self.is_gone:
            self.on_drained()

    def tell_backlog(self) -> None:
        """What was asked for while it was parked, now that its socket has drained."""
        backlog, self.backlog = self.backlog, []
        if backlog:
            self.write(b"".join(backlog))
            self.on_drained()


def _nowhere(data: bytes, /) -> None:
    """Where one writes to who is gone."""
