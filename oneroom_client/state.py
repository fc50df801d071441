"""What a client knows: its position in which log, its name, and who is here.

Pure: events in, events to show out. It makes a reconnection invisible.

- An event that was seen already is not shown again.
- A hole in the numbers is declared, by the server or, should it ever fail to, here.
- Memory is bounded, whatever a server says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tcp_room import events
from tcp_room.messages import Hello

# The server's welcome has at most 500.
MOST_MEMBERS: Final = 5000
# A server allows 32 by default.
NAME_CHARS: Final = 256


class State:
    def __init__(self, hello: Hello, *, history: bool = True) -> None:
        """`hello`: how the client comes in for the first time. `history`: whether to show what
        was said before that."""
        self._hello = hello
        self._skipped: int | None = 0 if history else None  # up to which seq; None: not known yet
        self.nick = hello.nick or ""
        self.room = hello.room or ""
        self.epoch = hello.epoch
        self.seq = hello.since  # of the last event seen
        self.topic = ""
        self.members: dict[str, str] = {}  # doors by nick
        self.count = 0
        self.limits: events.Limits | None = None
        self.is_welcome = False
        self.is_live = False

    def hello(self) -> Hello:
        """What to say first on a new connection."""
        return msgspec.structs.replace(
            self._hello,
            nick=self.nick or None,
            room=self.room or None,
            since=self.seq,
            epoch=self.epoch,
        )

    def disconnected(self) -> None:
        self.is_welcome = self.is_live = False

    def nameless(self) -> None:
        """Somebody else has the name meanwhile: the server gives another."""
        self.nick = ""

    def hear(self, event: events.Event) -> Sequence[events.Event]:
        """What to show of it: mostly the event itself, nothing if it was seen, and a gap before
        it if some are missing."""
        match event:
            case events.Welcome():
                return (self._come_in(event),)
            case events.Logged():
                return self._read(event)
            case events.Gap(reason=reason) if reason != events.EPOCH:
                self.seq = max(self.seq or 0, event.last)
            case events.Live():
                self.is_live = True
                return (*self._missed(event.seq + 1), event)
            case events.Presence():
                self._note(event)
            case events.Members():
                self._take_list(event.members, event.count)
            case events.Nick():
                self.nick = event.nick
            case _:
                pass
        return (event,)

    def _come_in(self, event: events.Welcome) -> events.Welcome:
        if self._skipped and (event.room, event.epoch) != (self.room, self.epoch):
            self._skipped = 0  # the numbers are those of another log
        self.seq = self._position(event)
        self.nick, self.room, self.epoch = event.nick, event.room, event.epoch
        self.topic, self.limits = event.topic, event.limits
        self.is_welcome, self.is_live = True, False
        self._take_list(event.members, event.count)
        if self._skipped is None:
            self._skipped = event.seq
            event = msgspec.structs.replace(event, replay=0, since=0)
        return event

    def _position(self, event: events.Welcome) -> int:
        """The seq after which it reads on. Whoever resumes has not seen what follows its own."""
        is_same_log = self.room in ("", event.room) and self.epoch in (None, event.epoch)
        is_resumed = is_same_log and not self.is_welcome
        if is_resumed and self.seq is not None and self.seq <= event.seq:
            return self.seq
        return max(event.seq - event.replay, 0)

    def _take_list(self, members: Sequence[events.Here], count: int) -> None:
        self.members = {}
        self._add(members)
        self.count = count

    def _add(self, members: Sequence[events.Here]) -> None:
        for who in members:
            if len(self.members) < MOST_MEMBERS and len(who.nick) <= NAME_CHARS:
                self.members[who.nick] = who.door

    def _read(self, event: events.Logged) -> Sequence[events.Event]:
        if isinstance(event, events.Topic):
            self.topic = event.text
        if event.seq <= (self.seq or 0):
            return ()
        missed = self._missed(event.seq)
        self.seq = event.seq
        if event.seq <= (self._skipped or 0):
            return ()
        return (*missed, event)

    def _missed(self, seq: int) -> Sequence[events.Event]:
        """The events before `seq` that should have come before it, if any."""
        first = max(self.seq or 0, self._skipped or 0) + 1
        if seq <= first:
            return ()
        self.seq = seq - 1
        return (events.Gap(first, seq - 1, "missed"),)

    def _note(self, event: events.Presence) -> None:
        for nick in event.left:
            self.members.pop(nick, None)
        for renamed in event.renamed:
            door = self.members.pop(renamed.old, "")
            self._add([events.Here(renamed.new, door)])
        self._add(event.joined)
        self.count = event.count
