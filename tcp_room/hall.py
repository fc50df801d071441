"""The hall: the rooms by name, and the names of all who are in them.

A nick is unique in the whole house, by its comparison key (`names.key`), so
that a private word can be sent from any room. Everybody is in one room at a
time. Nothing here waits; the doors call, the rooms answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from tcp_room import events, names
from tcp_room.config import Config
from tcp_room.errors import RoomError, echo
from tcp_room.intake import Intake
from tcp_room.limits import AddressPace
from tcp_room.logs.port import Engine, Outcome
from tcp_room.member import Member, Why
from tcp_room.room import Poster, Room, Scheduler, Shared

LOBBY = "lobby"
_STOPPING = "the server is stopping; come back in a moment"


class Listing(NamedTuple):
    """The rooms as they were at that time, in monotonic seconds."""

    lines: Sequence[events.RoomLine]
    at: float


class Hall:
    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        now: Callable[[], int],
        token: Callable[[], str],
        config: Config,
    ) -> None:
        """`now` gives ms since 1970 UTC, `token` a new secret each time."""
        self.config = config
        self.scheduler = scheduler
        self.now = now
        self.token = token
        self.intake = Intake(scheduler, config)
        self.message_pace = self._address_pace(config.address_messages_per_s)
        self.request_pace = self._address_pace(config.address_requests_per_s)
        self.rooms: dict[str, Room] = {}
        self._engine = engine
        self._shared = Shared(scheduler, config)
        self._listing = Listing((), -config.listing_s)
        self._members: dict[str, Member] = {}  # by key
        self._looks: dict[str, Member] = {}  # by skeleton
        self._outside: dict[Member, None] = {}  # at a door, and in no room yet
        self.is_closing = False
        self._guests = 0
        self._unchecked: list[Member] = []
        self._unswept: list[Room] = []
        self._empty_since: dict[Room, float] = {}
        scheduler.call_later(config.pulse_s, self._pulse)
        self.limits = events.Limits(config.text_bytes, names.NICK_CHARS, config.rate)

    def __len__(self) -> int:
        return len(self._members)

    @property
    def log_trouble(self) -> str:
        """Why the log cannot be written, as a sentence for the operator; empty if it can."""
        return self._engine.trouble

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in a room or at a door."""
        return not (self._outside or any(room.readers() for room in self.rooms.values()))

    def arrive(self, member: Member) -> None:
        """Somebody is at a door, and will come in, watch, or leave."""
        self._outside[member] = None
        if self.is_closing:
            self.scheduler.call_soon(self._close_on, member)

    def _check_open(self) -> None:
        """Raises RoomError (stopping)."""
        if self.is_closing:
            raise RoomError("stopping", _STOPPING)

    def _address_pace(self, rate: float) -> AddressPace:
        """`--rate 0` and `--per-address 0` each lift it."""
        config = self.config
        limited = rate if config.rate and config.per_address else 0.0
        return AddressPace(self.scheduler, limited, config.address_burst_s, config.address_reserve)

    def enter(
        self,
        member: Member,
        nick: str | None = None,
        room: str = LOBBY,
        since: int | None = None,
        epoch: str | None = None,
    ) -> None:
        """Lets somebody in under a name, or as `guest-N`.

        Raises RoomError (bad_nick, nick_taken, bad_room, hall_full, stopping): then nothing has
        changed.
        """
        self._check_open()
        shown = self._guest() if nick is None else names.nick(nick)
        holders = self._holders(shown, member)
        self.room(room)
        self._replace(holders)
        self.leave(member)  # who has watched until now
        member.nick, member.key = shown, names.key(shown)
        self._outside.pop(member, None)
        self._write_down(member)
        # Asked for again: those who were replaced may have been its last members.
        self.room(room).join(member, since, epoch, self.limits)

    def watch(self, member: Member, room: str, since: int | None, epoch: str | None) -> None:
        """Shows somebody a room who is not in it, and whom nobody sees: the door of the page.

        Who is in one leaves it. Raises RoomError (bad_room, hall_full, stopping): then nothing has
        changed.
        """
        self._check_open()
        self.room(room)
        self.leave(member)
        self._outside.pop(member, None)
        member.nick = member.key = ""
        self.room(room).watch(member, since, epoch, self.limits)

    def leave(self, member: Member) -> None:
        """Lets somebody go; who is not in is gone already."""
        self._outside.pop(member, None)
        room = member.room
        if room is None:
            return
        if not member.is_watching:
            self._cross_out(member)
        room.leave(member)
        self._forget(room)

    def dismiss(self, member: Member, why: Why = "left") -> None:
        """Lets somebody go and closes its door."""
        member.leaving = True
        self.leave(member)
        if not member.is_gone:
            member.mute()
            member.outlet.close(why)

    def post(
        self,
        room: str,
        kind: type[events.Logged],
        text: str,
        *,
        door: str,
        author: str,
        nick: str | None,
        id: str | None,
        settled: Callable[[Outcome, bool], None],
    ) -> None:
        """Has somebody say something who does not come in, and of whom nobody is told.

        `settled` as in room.Poster. Who gives no name has one number of a guest. Ids are known
        again by `author`. Raises RoomError (bad_nick, nick_taken, bad_room, hall_full, stopping).
        """
        self._check_open()
        shown = self._guest() if nick is None else names.nick(nick)
        poster = Poster(shown, door, author, settled)
        self._holders(shown, poster)
        place = self.room(room)
        place.post(poster, kind, text, id)
        place.after_posted(partial(self._forget, place))

    def close(self) -> None:
        """Lets nobody in any more. Notifies everybody, and dismisses them when all that was said is
        said, and all that they asked for is answered."""
        self.is_closing = True
        for room in self.rooms.values():
            for member in room.readers():
                room.after_posted(partial(self._close_on, member))
        for member in list(self._outside):
            self._close_on(member)

    def _close_on(self, member: Member) -> None:
        member.leaving = True  # what it says from now on is not heard
        if member.asked and not member.is_gone:
            member.on_level = partial(self._close_on, member)
            return
        member.tell(events.Notice(_STOPPING))
        self.dismiss(member, "stopping")

    def advertise(self, tcp_port: int) -> None:
        """Tells those who come in from now on where the line door is."""
        self.limits = replace(self.limits, tcp_port=tcp_port)

    def rename(self, member: Member, nick: str) -> None:
        """Raises RoomError (bad_nick, nick_taken)."""
        shown = names.nick(nick)
        assert member.room is not None
        if shown != member.nick:
            self._replace(self._holders(shown, member))
            self._cross_out(member)
            member.room.rename(member, shown, names.key(shown))
            self._write_down(member)

    def move(self, member: Member, room: str, since: int | None, epoch: str | None) -> None:
        """Takes a member to another room, or to another place in its own.

        Raises RoomError (bad_room, hall_full).
        """
        place, old = self.room(room), member.room
        assert old is not None
        if place is old:
            old.resume(member, since, epoch, self.limits)
            return
        old.leave(member)
        place.join(member, since, epoch, self.limits)
        self._forget(old)

    def room(self, name: str) -> Room:
        """The room of that name, made if it is new. Raises RoomError (bad_room, hall_full)."""
        name = names.room(name)
        found = self.rooms.get(name)
        if found is None:
            if len(self.rooms) >= self.config.rooms and name != LOBBY:
                self._close_an_idle_room()
            found = self._open(name)
            self.rooms[name] = found
        return found

    def _open(self, name: str) -> Room:
        return Room(name, self._engine, self.scheduler, self.now, self.config, self._shared)

    def known(self, name: str) -> Room:
        """The room of that name, if somebody has made it. Raises RoomError (no_such_room)."""
        name = names.room(name)
        if name != LOBBY and name not in self.rooms and not self._engine.holds(name):
            raise RoomError("no_such_room", f"there is no room {name}: say something in it first")
        return self.room(name)

    def find(self, nick: str) -> Member:
        """Who has that name, in any room. Raises RoomError (no_such_member)."""
        found = self._members.get(names.key(nick))
        if found is None:
            raise RoomError("no_such_member", f"nobody here is called {echo(nick)}")
        return found

    def addressed(self, line: str) -> tuple[Member, str]:
        """The member whose name a line begins with, and the rest of it.

        Names may hold spaces, so the longest one that fits is meant. Raises RoomError.
        """
        words = line.split(" ")
        for count in range(min(len(words), names.NICK_CHARS), 0, -1):
            found = self._members.get(names.key(" ".join(words[:count]).removeprefix("@")))
            if found is not None:
                return found, " ".join(words[count:]).strip()
        raise RoomError("no_such_member", f"nobody here is called {echo(words[0])}")

    def listing(self) -> Sequence[events.RoomLine]:
        """The rooms, open or only in the log, those with most people first; not more than are
        told at once, as they were `listing_s` ago at most. Raises RoomError (storage)."""
        now = self.scheduler.time()
        if now - self._listing.at >= self.config.listing_s:
            self._listing = Listing(self._made_listing(), now)
        return self._listing.lines

    def _made_listing(self) -> Sequence[events.RoomLine]:
        topics = self._engine.rooms(self.config.rooms_listed)
        closed = [(0, name, topic) for name, topic in topics.items() if name not in self.rooms]
        opened = [(len(room.members), room.name, room.topic) for room in self.rooms.values()]
        sized = sorted(opened + closed, key=lambda room: (-room[0], room[1]))
        lines = [events.RoomLine(name, count, topic) for count, name, topic in sized]
        return lines[: self.config.rooms_listed]

    def _close_an_idle_room(self) -> None:
        """The one that was opened first; it opens again from the log. Raises RoomError
        (hall_full)."""
        for room in self.rooms.values():
            if room.is_idle and room.name != LOBBY:
                self._close(room)
                return
        raise RoomError("hall_full", "there are too many rooms; join one of /rooms")

    def _close(self, room: Room) -> None:
        del self.rooms[room.name]
        self._empty_since.pop(room, None)
        room.close()

    def _sweep_rooms(self) -> None:
        """Closes some of the rooms that nobody has been in for a while."""
        if not self._unswept:
            self._unswept = list(self.rooms.values())
        for _ in range(min(len(self._unswept), self.config.pulse_rooms)):
            room = self._unswept.pop()
            if self.rooms.get(room.name) is room and room.name != LOBBY:
                self._sweep_room(room)

    def _sweep_room(self, room: Room) -> None:
        now, config = self.scheduler.time(), self.config
        kept_s = config.room_idle_s if room.was_visited else config.room_unvisited_s
        if not room.is_idle:
            self._empty_since.pop(room, None)
        elif now - self._empty_since.setdefault(room, now) >= kept_s:
            self._close(room)

    def _pulse(self) -> None:
        """Has the doors of some members look whether anybody is there; in time, of all."""
        self.scheduler.call_later(self.config.pulse_s, self._pulse)
        self._sweep_rooms()
        if not self._unchecked:
            self._unchecked = [reader for room in self.rooms.values() for reader in room.readers()]
        for _ in range(min(len(self._unchecked), self.config.pulse_members)):
            self._unchecked.pop().outlet.check()

    def _guest(self) -> str:
        while True:
            self._guests += 1
            nick = f"guest-{self._guests}"
            if names.key(nick) not in self._members and names.skeleton(nick) not in self._looks:
                return nick

    def _write_down(self, member: Member) -> None:
        self._members[member.key] = member
        self._looks[names.skeleton(member.nick)] = member

    def _cross_out(self, member: Member) -> None:
        del self._members[member.key]
        del self._looks[names.skeleton(member.nick)]

    def _holders(self, shown: str, member: Member | Poster) -> set[Member]:
        """The same session's earlier connections that have the name, or one that looks like it.

        Raises RoomError (nick_taken) if it is somebody else's.
        """
        alike = (self._members.get(names.key(shown)), self._looks.get(names.skeleton(shown)))
        holders = {holder for holder in alike if holder not in (None, member)}
        if any(holder.author != member.author for holder in holders):
            raise RoomError("nick_taken", f"the name {shown} is taken here; choose another")
        return holders

    def _replace(self, holders: Iterable[Member]) -> None:
        for holder in holders:
            holder.tell(events.Error("replaced", "you have come in by another connection"))
            self.dismiss(holder, "replaced")

    def _forget(self, room: Room) -> None:
        """A room that was only looked into is not kept."""
        if room.name == LOBBY or self.rooms.get(room.name) is not room:
            return
        if room.is_unused:
            self._close(room)
        elif room.is_left:
            room.after_posted(partial(self._forget, room))
