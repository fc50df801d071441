"""A room: one log, and members who are cursors in it.

What it owns: the members, the window on the newest part of the log, and the
turn. What it never does: wait, block, know of sockets, HTTP or clocks.

The turn. What is posted while the event loop goes round once is gathered, and
appended to the log together (one commit). What the log then has is encoded once
per view and packed once per view; each level member is brought forward with one
write of the same bytes. So a turn costs its members, not members x messages:
under load, writes grow larger instead of more numerous.

The invariants:

1. Nobody is shown an event that the log does not have.
2. Between two writes to one member its cursor goes only forward, and what is
   written is exactly the log between the cursors, own lines of a view without
   echo excepted. So the order is the log's for everybody.
3. One turn is on its way at a time; what is posted meanwhile is the next one.
4. A sweep over many members lets the loop go on after each slice. Cursors make
   that safe: who became level meanwhile is not in the sweep, who is parked,
   gone or ahead is passed over.

Events outside the log (who came, who types) travel in the same writes, at the
place in the order where they happened. Only level members are told; the others
get a fresh list of members when they are level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any, Protocol

from tcp_room import events
from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.logs.port import Draft, Engine, Outcome, Page, Record
from tcp_room.member import Condition, Member
from tcp_room.presence import Comings
from tcp_room.search import Found, Search, Turns, words
from tcp_room.views import View
from tcp_room.window import Entry, Window, page


class Scheduler(Turns, Protocol):
    """The three calls of an event loop that a room needs; an asyncio loop is one."""

    def call_later(self, delay: float, callback: Callable[..., object], /, *args: Any) -> Any: ...
    def time(self) -> float: ...


class Asker(Protocol):
    """Who asks for a page of the log: a member, or somebody at a door."""

    def tell(self, event: events.Event, /) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Poster:
    """One who says something without being a member: a request at a door.

    `settled` is told what became of it, and whether that is new, when it is settled and written
    to the level. (`author` as in logs.port.Draft.)
    """

    nick: str
    door: str
    author: str
    settled: Callable[[Outcome, bool], None]


class _Passing:
    """An event outside the log, at its place in the order; without echo `by` is not told it."""

    __slots__ = ("by", "event")

    def __init__(self, event: events.Event, by: Member | None) -> None:
        self.event = event
        self.by = by

    def encoded(self, view: View) -> bytes:
        return view.encode(self.event)


class _Sweep:
    """The bytes of a turn in one view, and who is still to get them."""

    __slots__ = ("chunk", "done", "members")

    def __init__(self, members: list[Member], chunk: bytes) -> None:
        self.members = members
        self.chunk = chunk
        self.done = 0


# An item of a turn: what its views encode, and the member who caused it.
_Item = tuple[Entry | _Passing, Member | None]
_Posted = Draft | _Passing | Callable[[], None]


class Room:
    def __init__(
        self,
        name: str,
        engine: Engine,
        scheduler: Scheduler,
        now: Callable[[], int],
        config: Config,
    ) -> None:
        """`now` gives ms since 1970 UTC; it may step back, the log's times do not."""
        self.name = name
        self.members: dict[str, Member] = {}  # by key of their nick
        self._watching: dict[Member, None] = {}  # who reads, and is not here
        self._scheduler = scheduler
        self._now = now
        self._config = config
        self._window = Window(config.window_events)
        self._level: dict[View, dict[Member, None]] = {}
        self._lagging: dict[Member, None] = {}
        self._catching_up = False
        # The turn: posted -> in flight (at the log) -> items (settled) -> sweeps.
        self._posted: deque[_Posted] = deque()
        self._in_flight: deque[_Posted] = deque()
        self._items: list[_Item] = []
        self._after: list[Callable[[], None]] = []
        self._sweeps: list[_Sweep] = []
        self._sweep_from = 0
        self._turning = False
        self._unsettled = 0
        self._comings = Comings()
        self._leaving: dict[str, events.Here] = {}  # by nick: gone, and nobody told yet
        # Presence events: made, told to the level, told before the sweep under way, in this turn.
        self._taken = self._told = self._told_before = self._telling = 0
        self._quiet = False  # whether joins and leaves are being gathered
        self._log = engine.open(name, self)
        self.head = self._log.head  # what members may be shown
        self._log.read(self.head - config.window_events, config.window_events, self._preload)

    # -- who is here

    @property
    def epoch(self) -> str:
        return self._log.epoch

    @property
    def first(self) -> int:
        """The lowest seq that is still kept."""
        return self._log.first

    @property
    def topic(self) -> str:
        return self._log.topic

    @property
    def is_unused(self) -> bool:
        """Nobody is here, nothing was ever said, nothing is on its way."""
        return self.is_left and not (self._posted or self._in_flight)

    @property
    def is_idle(self) -> bool:
        """Nobody is here, or was just now, and nothing is on its way: the log has it all."""
        is_busy = self._turning or self._posted or self._leaving
        return not (self.members or self._watching or is_busy)

    @property
    def is_left(self) -> bool:
        """Nobody is here, nothing was ever said."""
        return not (self.members or self._watching or self._log.head)

    def readers(self) -> list[Member]:
        """All who are told what happens: the members, and who only watches."""
        return [*self.members.values(), *self._watching]

    def close(self) -> None:
        self._log.close()

    def _preload(self, got: Page) -> None:
        """After a restart everybody comes back at once, for what was said last."""
        if not isinstance(got, RoomError) and not self._window:
            self._window.extend([Entry(record) for record in got if record.event.seq <= self.head])

    def here(self) -> list[events.Here]:
        """Who is here, as many as may be told at once. Who left and may be back within the grace
        is: nobody would be told of the return."""
        members = (member.here for member in self.members.values())
        return list(islice(chain(members, self._leaving.values()), self._config.members_listed))

    @property
    def count(self) -> int:
        """How many are here, as `here` counts them."""
        return len(self.members) + len(self._leaving)

    def join(
        self, member: Member, since: int | None, epoch: str | None, limits: events.Limits
    ) -> None:
        """Lets a member in, who is told where it reads on (see `resume`), and the others of it."""
        self.members[member.key] = member
        member.room = self
        if self._leaving.pop(member.nick, None) != member.here:
            self._comings.join(member.nick, member.door)
            self._announce(member)
        self._place(member, since, epoch, limits)

    def watch(
        self, member: Member, since: int | None, epoch: str | None, limits: events.Limits
    ) -> None:
        """Lets somebody read on (see `resume`) who is not here: nobody is told of it."""
        self._watching[member] = None
        member.room = self
        self.resume(member, since, epoch, limits)

    def resume(
        self, member: Member, since: int | None, epoch: str | None, limits: events.Limits
    ) -> None:
        """Sets a member's cursor behind `since`, or a look back if it is None; welcomes it there.

        A `since` of another epoch, or from the future, means nothing here: the member is told,
        and looks back like a newcomer.
        """
        self._comings.seen()
        self._place(member, since, epoch, limits)

    def reread(self, member: Member, since: int) -> None:
        """Sets a member's cursor behind `since`, who knows the room already."""
        member.cursor = min(since, self.head)
        member.told = self._taken
        self._lag(member)

    def _place(
        self, member: Member, since: int | None, epoch: str | None, limits: events.Limits
    ) -> None:
        member.welcomed = False
        foreign = since is not None and (since > self.head or epoch not in (None, self.epoch))
        look_back = self._look_back(member.view)
        member.cursor = look_back if since is None or foreign else since
        self._welcome(member, limits)
        if foreign:
            member.tell(events.Gap(1, self.head, "epoch"))
        self._lag(member)
        member.told = self._taken

    def leave(self, member: Member) -> None:
        """Lets it go: nothing is written to it any more."""
        self._watching.pop(member, None)
        if self.members.get(member.key) is member:
            del self.members[member.key]
            gone = self._leaving[member.nick] = member.here
            self._miss_later(gone)
        self._set(member, Condition.OUTSIDE)
        member.room = None

    def _miss_later(self, gone: events.Here) -> None:
        grace = self._config.leave_grace_s
        if grace:
            self._scheduler.call_later(grace, self._miss, gone)
        else:
            self._miss(gone)

    def _miss(self, gone: events.Here) -> None:
        """Who left some seconds ago has not come back since, nor has anybody taken the name."""
        if self._leaving.get(gone.nick) is gone:
            del self._leaving[gone.nick]
            self._comings.leave(gone.nick, gone.door)
            self._announce(None)

    def rename(self, member: Member, nick: str, key: str) -> None:
        """Changes a member's name, at once and at its place in the order."""
        gone = self._leaving.pop(nick, None)
        if gone is not None:
            self._comings.leave(gone.nick, gone.door)
        self._tell_comings(None)
        self.members[key] = self.members.pop(member.key)
        self._comings.rename(member.nick, nick)
        member.nick, member.key = nick, key
        self._tell_comings(member)

    def look(self, member: Member, view: View) -> None:
        """Gives a member another view, from here on."""
        condition = member.condition
        self._set(member, Condition.OUTSIDE)
        member.view = view
        if condition is Condition.LEVEL and self._sweeps:
            self._lag(member)  # the sweep that is under way has its bytes in the other view
            member.told = self._told_before
        else:
            self._set(member, condition)

    # -- saying

    def post(
        self, by: Member | Poster, kind: type[events.Logged], text: str, id: str | None = None
    ) -> None:
        """Asks for an event of the log. A member is told if it is refused."""
        self._ask(Draft(kind, text, by.nick, by.door, by.author, id, by))

    def typing(self, member: Member) -> None:
        self._ask(_Passing(events.Typing(member.nick), member))

    def after_posted(self, callback: Callable[[], None]) -> None:
        """Calls back when all that was posted until now is settled, and written to the level."""
        self._ask(callback)

    # -- reading

    def history(
        self, member: Asker, before: int | None, after: int | None, limit: int, id: str | None
    ) -> None:
        """Tells a member one page: the last `limit` before `before` (or of all), or the first
        `limit` behind `after`."""
        limit = min(limit, self._config.page_events)
        end = self.head + 1 if before is None else min(before, self.head + 1)
        start = max(end - limit - 1, self._log.first - 1) if after is None else after
        limit = min(limit, max(end - start - 1, 0)) if after is None else limit
        told = partial(self._tell_history, member, end, after is None, id)
        self._log.read(start, max(limit, 0), told)

    def _tell_history(
        self, member: Asker, end: int, backward: bool, id: str | None, got: Page
    ) -> None:
        if isinstance(got, RoomError):
            member.tell(events.Error(got.code, got.text, self._now(), id))
            return
        # What is trimmed just now, a log reads over: to what is behind the end, too.
        logged = [record.event for record in got if record.event.seq < end]
        logged = self._fitting(logged, backward)
        if not logged:
            more = False
        elif backward:
            more = logged[0].seq > self._log.first
        else:
            more = logged[-1].seq < self.head
        member.tell(events.History(logged, more, id))

    def search(
        self, member: Asker, text: str, before: int | None, limit: int, id: str | None
    ) -> None:
        """Tells a member the newest `limit` messages before `before` that hold all words of
        `text`."""

        def tell(found: Found | RoomError) -> None:
            if isinstance(found, RoomError):
                member.tell(events.Error(found.code, found.text, self._now(), id))
            else:
                more = found.before > self._log.first
                member.tell(events.Found(found.events, more, found.before, id))

        before = self.head + 1 if before is None else min(before, self.head + 1)
        Search(self._log, self._scheduler, self._config, words(text), before, limit, tell).start()

    def _fitting(self, logged: list[events.Logged], backward: bool) -> list[events.Logged]:
        """As many as fit a page, counted from the end that was asked for."""
        size = 0
        ordered = logged[::-1] if backward else logged
        for count, event in enumerate(ordered, start=1):
            size += _bytes_of(event.text)
            if size > self._config.page_bytes:
                ordered = ordered[:count]
                break
        return ordered[::-1] if backward else ordered

    # -- the turn

    def _ask(self, posted: _Posted) -> None:
        self._posted.append(posted)
        if not self._turning:
            self._turning = True
            self._scheduler.call_soon(self._turn)

    def _turn(self) -> None:
        """Takes what was posted, up to the bounds of a turn, to the log."""
        drafts: list[Draft] = []
        size = 0
        while self._posted and len(drafts) < self._config.turn_messages:
            posted = self._posted.popleft()
            self._in_flight.append(posted)
            if isinstance(posted, Draft):
                drafts.append(posted)
                size += _bytes_of(posted.text)
                if size >= self._config.turn_bytes:
                    break
        self._unsettled = len(drafts)
        if drafts:
            self._log.append(drafts, self._now())
        else:
            self.settled(())

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """The log's answer (see logs.port.Sink): what is new goes to everybody."""
        self._unsettled -= len(outcomes)
        newest, in_flight = self._newest(), self._in_flight
        for outcome in outcomes:
            while not isinstance(draft := in_flight.popleft(), Draft):
                self._release_passing(draft)
            if is_new := isinstance(outcome, Record) and outcome.event.seq > newest:
                newest = outcome.event.seq
                self._items.append((Entry(outcome), draft.by))
            if isinstance(draft.by, Poster):
                self._after.append(partial(draft.by.settled, outcome, is_new))
            elif not is_new:
                self._answer(draft, outcome)
        if not self._unsettled:
            self._pass_on()
            self._deliver()

    def arrived(self, records: Sequence[Record]) -> None:
        """What other nodes posted (see logs.port.Sink)."""
        self._items.extend((Entry(record), None) for record in records)
        if not self._turning:
            self._turning = True
            self._deliver()

    def _pass_on(self) -> None:
        while self._in_flight:
            posted = self._in_flight.popleft()
            assert not isinstance(posted, Draft)
            self._release_passing(posted)

    def _release_passing(self, posted: _Passing | Callable[[], None]) -> None:
        if isinstance(posted, _Passing):
            self._items.append((posted, posted.by))
            self._telling += isinstance(posted.event, events.Presence)
        else:
            self._after.append(posted)

    def _answer(self, draft: Draft, outcome: Outcome) -> None:
        """A member's word was refused, or said before."""
        if isinstance(outcome, RoomError):
            draft.by.tell(events.Error(outcome.code, outcome.text, self._now(), draft.id))
        elif self._has_passed(outcome.event.seq, draft.by):
            draft.by.tell(outcome.event)  # said before: answered with the first time

    def _has_passed(self, seq: int, member: Member) -> bool:
        """Whether a member will not read that anyway, in its order. (In another room it could
        not tell whose seq that is.)"""
        if member.room is not self:
            return member.room is None
        return member.cursor >= seq or not member.view.echoes

    def _newest(self) -> int:
        """The highest seq that is on its way already."""
        for what, _ in reversed(self._items):
            if isinstance(what, Entry):
                return what.event.seq
        return self.head

    def _deliver(self) -> None:
        """Encodes the turn's items once per view, and starts the sweep."""
        items, self._items = self._items, []
        entries = [what for what, _ in items if isinstance(what, Entry)]
        self._window.extend(entries)
        self._told_before = self._told
        self._told += self._telling
        self._telling = 0
        self._sweep_from = self.head
        if entries:
            self.head = entries[-1].event.seq
        for view, level in list(self._level.items()):  # an author may be parked meanwhile
            self._prepare(view, level, items)
        self._sweep()

    def _prepare(self, view: View, level: dict[Member, None], items: Sequence[_Item]) -> None:
        parts = [what.encoded(view) for what, _ in items]
        rest = level.copy()
        if not view.echoes:
            for author in {by for _, by in items if by in level}:
                del rest[author]
                self._bring_author(author, items, parts)
        chunk = view.pack(parts) if any(parts) else b""
        if chunk or self.head != self._sweep_from:
            self._sweeps.append(_Sweep(list(rest), chunk))

    def _bring_author(self, author: Member, items: Sequence[_Item], parts: Sequence[bytes]) -> None:
        """Brings one forward who is not sent what it wrote."""
        others = [part for part, (_, by) in zip(parts, items, strict=True) if by is not author]
        self._bring([author], author.view.pack(others) if any(others) else b"")

    def _sweep(self) -> None:
        """Brings a slice of members forward, and goes on with the next turn of the loop."""
        budget = self._config.slice_members
        while self._sweeps and budget:
            sweep = self._sweeps[-1]
            part = sweep.members[sweep.done : sweep.done + budget]
            self._bring(part, sweep.chunk)
            sweep.done += len(part)
            budget -= len(part)
            if sweep.done == len(sweep.members):
                self._sweeps.pop()
        if self._sweeps:
            self._scheduler.call_soon(self._sweep)
        else:
            self._end_turn()

    def _bring(self, members: Sequence[Member], chunk: bytes) -> None:
        """The hot loop: one write for each level member that has not had this turn."""
        start, head, level = self._sweep_from, self.head, Condition.LEVEL
        try:
            for member in members:
                if member.condition is level and member.cursor == start:
                    if member.full:
                        self._set(member, Condition.PARKED)
                        member.told = self._told_before
                    else:
                        member.cursor = head
                        if chunk:
                            member.write(chunk)
        except Exception as error:
            self._let_fall(member, error)
            self._bring(members[members.index(member) + 1 :], chunk)

    def _let_fall(self, member: Member, error: Exception) -> None:
        """A door that breaks its contract takes nobody with it: the loop is told of the error."""
        member.mute()
        self._scheduler.call_soon(member.outlet.close, "left")
        self._scheduler.call_soon(_raise, error)

    def _end_turn(self) -> None:
        after, self._after = self._after, []
        for callback in after:
            self._scheduler.call_soon(callback)  # and not here: one that raises stops no other
        if self._posted:
            self._scheduler.call_soon(self._turn)
        elif self._items:
            self._scheduler.call_soon(self._deliver)
        else:
            self._turning = False

    # -- catching up

    def drained(self, member: Member) -> None:
        """Its outlet has room again."""
        member.tell_backlog()
        if member.condition is Condition.PARKED and not member.full:
            self._lag(member)

    def _look_back(self, view: View) -> int:
        config = self._config
        back = config.text_history_events if view.is_text else config.json_history_events
        return max(self.head - back, self._log.first - 1)

    def _lag(self, member: Member) -> None:
        self._set(member, Condition.LAGGING)
        self._lagging[member] = None
        if not self._catching_up:
            self._catching_up = True
            self._scheduler.call_soon(self._catch_up)

    def _catch_up(self) -> None:
        """Brings some of the lagging one page on each; the loop goes round in between."""
        for member in list(islice(self._lagging, self._config.slice_pages)):
            del self._lagging[member]
            if member.room is self and member.condition is Condition.LAGGING:
                self._advance(member)
        self._catching_up = bool(self._lagging)
        if self._catching_up:
            self._scheduler.call_soon(self._catch_up)

    def _advance(self, member: Member) -> None:
        """One page, or level."""
        if member.full:
            self._set(member, Condition.PARKED)
        elif member.cursor >= self.head:
            self._level_up(member)
        elif self._window.covers(member.cursor) and member.cursor >= self._log.first - 1:
            self._give(member, self._window.after(member.cursor, self._config.page_events))
        else:
            back = partial(self._read, member, member.cursor)
            self._log.read(member.cursor, self._config.page_events, back)

    def _read(self, member: Member, cursor: int, got: Page) -> None:
        """A page of the log has come for a member, who may have gone or moved meanwhile."""
        if not self._is_waiting(member, cursor):
            return
        if isinstance(got, RoomError):
            member.tell(events.Error(got.code, got.text, self._now()))
            self._scheduler.call_later(1.0, self._try_again, member, cursor)
            return
        shown = [Entry(record) for record in got if record.event.seq <= self.head]
        kept_from = shown[0].event.seq if shown else self.head + 1
        if kept_from > member.cursor + 1:
            member.tell(events.Gap(member.cursor + 1, kept_from - 1, "trimmed"))
            member.cursor = kept_from - 1
        if shown and not member.full:
            self._give(member, shown)
        else:
            self._lag(member)

    def _try_again(self, member: Member, cursor: int) -> None:
        if self._is_waiting(member, cursor):
            self._lag(member)

    def _is_waiting(self, member: Member, cursor: int) -> bool:
        """Whether a member that asked for what is behind `cursor` has not gone or moved."""
        is_lagging = member.room is self and member.condition is Condition.LAGGING
        return is_lagging and member.cursor == cursor

    def _give(self, member: Member, entries: Sequence[Entry]) -> None:
        parts, member.cursor = page(entries, member.view, member.author, self._config.page_bytes)
        if any(parts):
            member.write(member.view.pack(parts))
        self._lag(member)

    def _level_up(self, member: Member) -> None:
        self._set(member, Condition.LEVEL)
        if not member.welcomed:
            member.welcomed = True
            member.tell(events.Live(self.head))
        if member.told < self._told and not member.view.is_text:
            member.tell(self.who())
        if member.on_level is not None:
            member.on_level()

    def _set(self, member: Member, condition: Condition) -> None:
        """Changes a member's condition, and keeps `_level` true."""
        if member.condition is Condition.LEVEL:
            level = self._level[member.view]
            del level[member]
            if not level:
                del self._level[member.view]
            member.told = self._told
        member.condition = condition
        if condition is Condition.LEVEL:
            self._level.setdefault(member.view, {})[member] = None

    # -- telling

    def who(self, id: str | None = None) -> events.Members:
        self._comings.seen()
        return events.Members(self.name, self.here(), self.count, id)

    def _welcome(self, member: Member, limits: events.Limits) -> None:
        window, cursor = self._window, member.cursor
        since = window.after(cursor, 1)[0].event.at if window.covers(cursor) else 0
        member.tell(
            events.Welcome(
                nick=member.nick,
                room=self.name,
                epoch=self.epoch,
                seq=self.head,
                topic=self.topic,
                members=self.here(),
                count=self.count,
                limits=limits,
                replay=self.head - cursor,
                since=since,
                at=self._now(),
            )
        )

    def _announce(self, by: Member | None) -> None:
        """Tells who came and went: at once after a quiet time, else gathered."""
        is_alone = len(self.members) + len(self._watching) == (by is not None)
        if is_alone and self._taken == self._told:
            self._comings = Comings()  # nobody to tell, now or by what is on its way
        elif not self._quiet:
            self._tell_comings(by)

    def _tell_comings(self, by: Member | None) -> None:
        if not self._comings:
            return
        self._taken += 1
        names = self._config.members_listed
        event = self._comings.take(self._now(), self.count, names)
        self._ask(_Passing(event, by))
        if not self._quiet:
            self._quiet = True
            self._scheduler.call_later(self._config.presence_gather_s, self._end_quiet)

    def _end_quiet(self) -> None:
        self._quiet = False
        self._tell_comings(None)


def _raise(error: Exception) -> None:
    raise error


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
