"""What a client knows: where it stands in which log, who it is, and who is here.

Pure: events in, events to show out. It is what makes a reconnection invisible.
An event that was seen already is not shown again; one that is missing is told
of, by the server or, should it ever fail to, here. So what is shown is the log,
in order, each event once, and every hole in it is declared.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcp_room import events
from tcp_room.messages import Hello


class State:
    def __init__(self, hello: Hello, *, history: bool = True) -> None:
        """`hello`: how the client comes in for the first time. `history`: whether to show what
        was said before that."""
        self._hello = hello
        self._skipped: int | None = 0 if history else None  # up to which seq; None: not known yet
        self.nick = hello.nick or ""
        self.room = hello.room or ""
        self.epoch = hello.epoch
        self.seq = hello.since  # the last one seen
        self.topic = ""
        self.members: dict[str, str] = {}  # doors by nick
        self.count = 0
        self.limits: events.Limits | None = None
        self.is_welcome = False
        self.is_live = False

    def hello(self) -> Hello:
        """What to say first on a new connection."""
        return Hello(
            nick=self.nick or None,
            room=self.room or None,
            since=self.seq,
            epoch=self.epoch,
            session=self._hello.session,
            bot=self._hello.bot,
        )

    def disconnected(self) -> None:
        self.is_welcome = self.is_live = False

    def nameless(self) -> None:
        """Somebody else has the name meanwhile: the server gives another."""
        self.nick = ""

    def hear(self, event: events.Event) -> Sequence[events.Event]:
        """What to show of it: itself mostly, nothing if it was seen, a gap before it if some are
        missing."""
        match event:
            case events.Welcome():
                self._come_in(event)
            case events.Logged():
                return self._read(event)
            case events.Gap(reason=events.TRIMMED | events.LOST):
                self.seq = max(self.seq or 0, event.last)
            case events.Live():
                self.is_live = True
            case events.Presence():
                self._note(event)
            case events.Members():
                self._take_list(event.members, event.count)
            case events.Nick():
                self.nick = event.nick
            case _:
                pass
        return (event,)

    def _come_in(self, event: events.Welcome) -> None:
        if self._skipped and (event.room, event.epoch) != (self.room, self.epoch):
            self._skipped = 0  # the numbers are those of another log
        self.nick, self.room, self.epoch = event.nick, event.room, event.epoch
        self.topic, self.limits = event.topic, event.limits
        self.seq = event.seq - event.replay
        if self._skipped is None:
            self._skipped = event.seq
        self.is_welcome, self.is_live = True, False
        self._take_list(event.members, event.count)

    def _take_list(self, members: Sequence[events.Here], count: int) -> None:
        self.members = {who.nick: who.door for who in members}
        self.count = count

    def _read(self, event: events.Logged) -> Sequence[events.Event]:
        if isinstance(event, events.Topic):
            self.topic = event.text
        seen = self.seq or 0
        if event.seq <= seen:
            return ()
        self.seq = event.seq
        if event.seq <= (self._skipped or 0):
            return ()
        if event.seq > seen + 1:
            return (events.Gap(seen + 1, event.seq - 1, "missed"), event)
        return (event,)

    def _note(self, event: events.Presence) -> None:
        for nick in event.left:
            self.members.pop(nick, None)
        for renamed in event.renamed:
            door = self.members.pop(renamed.old, "")
            self.members[renamed.new] = door
        self.members.update((who.nick, who.door) for who in event.joined)
        self.count = event.count
