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
5. A turn that does not follow on what members have (the log has a hole) is not
   swept: everybody reads on from the log, which shows the hole as a gap.
6. Nothing that a log, a view or an outlet raises leaves the room stuck. A member
   whose outlet or view fails is dropped. After any other exception the drafts on
   their way are answered with `unknown`, and everybody reads on from the log.

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
from typing import Any, Final, Protocol

from tcp_room import events
from tcp_room.allowance import Allowance
from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.logs.port import Draft, Engine, Outcome, Page, Record
from tcp_room.member import Condition, Member
from tcp_room.pages import Kept, history_page, holes
from tcp_room.presence import Comings
from tcp_room.rota import Rota, Turns, report
from tcp_room.search import Found, Search, words
from tcp_room.views import View
from tcp_room.window import Entry, Shelf, Window, page


class Scheduler(Turns, Protocol):
    """The three calls of an event loop that a room needs; an asyncio loop is one."""

    def call_later(self, delay: float, callback: Callable[..., object], /, *args: Any) -> Any: ...
    def time(self) -> float: ...


class Asker(Protocol):
    """Who asks for a page of the log: a member, or somebody at a door."""

    def tell(self, event: events.Event, /) -> None: ...


class Shared:
    """What all rooms of a house share: their bounds together, so that one room takes nothing from
    the others."""

    __slots__ = ("pages", "reads", "waiting", "windows")

    def __init__(self, turns: Turns, config: Config) -> None:
        self.pages = Rota(turns, config.slice_pages)  # of those who catch up
        self.reads = Rota(turns, config.slice_reads)  # of history, and of searches
        self.waiting = Allowance(config.waiting_bytes)  # text to be committed
        self.windows = Shelf(config.windows_bytes, config.window_bytes)


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


# What a draft that waits takes beside its text, measured on CPython 3.11.
_DRAFT_BYTES: Final = 500

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
        shared: Shared,
    ) -> None:
        """`now` gives ms since 1970 UTC; it may step back."""
        self.name = name
        self.members: dict[str, Member] = {}  # by key of their nick
        self._watching: dict[Member, None] = {}  # who reads, and is not here
        self._scheduler = scheduler
        self._now = now
        self._config = config
        self._shared = shared
        self._window = Window(config.window_events, shared.windows)
        self._level: dict[View, dict[Member, None]] = {}
        self._lagging: set[Member] = set()  # those whose next page is due
        self._searches: dict[Asker, Search] = {}
        # The turn: posted -> in flight (at the log) -> items (settled) -> sweeps.
        self._posted: deque[_Posted] = deque()
        self._in_flight: deque[_Posted] = deque()
        self._items: list[_Item] = []
        self._after: list[Callable[[], None]] = []
        self._sweeps: list[_Sweep] = []
        self._sweep_from = 0
        self._turning = False
        self._unsettled = 0
        self._turn_bytes = 0  # of the drafts at the log
        self._waiting_bytes = 0  # of what was posted while the log was busy: see `_may_wait`
        self._is_torn = False  # what was settled does not follow on what members have
        self._comings = Comings()
        self._leaving: dict[str, events.Here] = {}  # by nick: gone, and nobody told yet
        # Presence events: made, told to the level, told before the sweep under way, in this turn.
        self._taken = self._told = self._told_before = self._telling = 0
        self.was_visited = False  # whether anybody has been here since it was opened
        self._quiet = False  # whether joins and leaves are being gathered
        self._log = engine.open(name, self)
        self.head = self._log.head  # what members may be shown

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
        self._window.close()
        self._log.close()

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
        self.was_visited = True
        member.welcomed = False
        foreign = since is not None and (since > self.head or epoch not in (None, self.epoch))
        look_back = self._look_back(member.view)
        member.cursor = look_back if since is None or foreign else since
        self._welcome(member, limits)
        if foreign:
            member.tell(events.Gap(0, 0, events.EPOCH))
        self._lag(member)
        member.told = self._taken

    def leave(self, member: Member) -> None:
        """Takes a member out: nothing is written to it any more."""
        self._watching.pop(member, None)
        if search := self._searches.pop(member, None):
            search.stop()
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
        """Asks for an event of the log. Whoever posts is answered: with the event, or an error.

        Answered with `busy` when more text waits to be committed than may.
        """
        draft = Draft(kind, text, by.nick, by.door, by.author, id, by)
        if self._unsettled and not self._may_wait(_DRAFT_BYTES + _bytes_of(text)):
            self._refuse(draft, _busy())
        else:
            self._ask(draft)

    def _may_wait(self, size: int) -> bool:
        """Whether a draft of that size may wait for a log that is busy. (What is posted while it is
        not goes to it in this very turn of the loop, and is not counted.)"""
        may = self._shared.waiting.take(size)
        self._waiting_bytes += size * may
        return may

    def _committed(self) -> None:
        """A turn is settled: what waited for it waits no more."""
        freed = min(self._turn_bytes, self._waiting_bytes) if self._posted else self._waiting_bytes
        self._shared.waiting.give_back(freed)
        self._waiting_bytes -= freed

    def typing(self, member: Member) -> None:
        self._ask(_Passing(events.Typing(member.nick), member))

    def after_posted(self, callback: Callable[[], None]) -> None:
        """Calls back when all that was posted until now is settled, and written to the level."""
        self._ask(callback)

    # -- reading

    def history(
        self, asker: Asker, before: int | None, after: int | None, limit: int, id: str | None
    ) -> None:
        """Tells a page of the log: the last `limit` events before `before` (or of all), or the
        first `limit` after `after`. Read in a later turn of the loop."""
        _asks(asker)
        read = partial(self._read_history, asker, before, after, limit, id)
        self._shared.reads.add(read)

    def _read_history(
        self, asker: Asker, before: int | None, after: int | None, limit: int, id: str | None
    ) -> None:
        limit = min(limit, self._config.page_events)
        end = self.head + 1 if before is None else min(before, self.head + 1)
        start = max(end - 1 - limit, 0) if after is None else min(after, self.head)
        limit = min(limit, max(end - 1 - start, 0))
        told = partial(self._tell_history, asker, start, end, after is None, id)
        self.read(max(start, self._log.first - 1), limit, told)

    def _tell_history(
        self, asker: Asker, start: int, end: int, backward: bool, id: str | None, got: Page
    ) -> None:
        if isinstance(got, RoomError):
            self._answer_asker(asker, events.Error(got.code, got.text, self._now(), id))
            return
        logged = [record.event for record in got if record.event.seq < end]
        page = history_page(
            logged,
            start,
            end,
            Kept(self._log.first, self.head),
            self._config.page_bytes,
            is_backward=backward,
            id=id,
        )
        self._answer_asker(asker, page)

    def search(
        self, asker: Asker, text: str, before: int | None, limit: int, id: str | None
    ) -> None:
        """Tells the newest `limit` messages before `before` that contain all words of `text`.

        Each asker has one search at a time: an earlier one answers with what it has found.
        Raises RoomError (too_long).
        """
        wanted = words(text, self._config.search_chars)
        if earlier := self._searches.pop(asker, None):
            earlier.stop()
        before = self.head + 1 if before is None else min(before, self.head + 1)
        search = Search(
            self,
            self._shared.reads,
            self._scheduler,
            self._config,
            wanted,
            before,
            limit,
            partial(self._tell_found, asker, id),
        )
        self._searches[asker] = search
        _asks(asker)
        search.start()

    def _tell_found(self, asker: Asker, id: str | None, found: Found | RoomError) -> None:
        self._searches.pop(asker, None)
        if isinstance(found, RoomError):
            self._answer_asker(asker, events.Error(found.code, found.text, self._now(), id))
        else:
            more = found.before > self._log.first
            answer = events.Found(found.events, more, found.before, id, found.lost)
            self._answer_asker(asker, answer)

    def _answer_asker(self, asker: Asker, answer: events.Event) -> None:
        self._tell(asker, answer)
        if isinstance(asker, Member):
            asker.answered()

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
        waiting, in_flight = self._posted, self._in_flight
        most, most_bytes = self._config.turn_messages, self._config.turn_bytes
        while waiting and len(drafts) < most:
            posted = waiting.popleft()
            in_flight.append(posted)
            if isinstance(posted, Draft):
                drafts.append(posted)
                size += _bytes_of(posted.text)
                if size >= most_bytes:
                    break
        self._unsettled = len(drafts)
        self._turn_bytes = size + len(drafts) * _DRAFT_BYTES
        try:
            if drafts:
                self._log.append(drafts, self._now())
            else:
                self.settled(())
        except Exception as error:
            self._scheduler.call_soon(report, error)
            self._abandon()

    def _abandon(self) -> None:
        """The log has broken down under these drafts: nobody knows what became of them."""
        unknown = RoomError("unknown", "nobody can tell yet whether that was kept; send it again")
        self.settled([unknown] * self._unsettled)

    def settled(self, outcomes: Sequence[Outcome]) -> None:
        """The log's answer (see logs.port.Sink): what is new goes to everybody."""
        newest, in_flight = self._newest() if self._items else self.head, self._in_flight
        for outcome in outcomes:
            while not isinstance(draft := in_flight.popleft(), Draft):
                self._release_passing(draft)
            by = draft.by
            if isinstance(outcome, Record) and (seq := outcome.event.seq) > newest:
                if seq != newest + 1:
                    self._is_torn = True
                newest = seq
                self._items.append((Entry(outcome), by))
                if isinstance(by, Poster):
                    self._after.append(partial(by.settled, outcome, True))
            elif isinstance(by, Poster):
                self._after.append(partial(by.settled, _checked(draft, outcome), False))
            else:
                self._answer(draft, _checked(draft, outcome))
        self._unsettled -= len(outcomes)
        if not self._unsettled:
            if self._waiting_bytes:
                self._committed()
            if in_flight:
                self._pass_on()
            self._guard(self._deliver)

    def arrived(self, records: Sequence[Record]) -> None:
        """What other nodes posted (see logs.port.Sink)."""
        newest = self._newest()
        for record in records:
            self._is_torn = self._is_torn or record.event.seq != newest + 1
            newest = record.event.seq
            self._items.append((Entry(record), None))
        if not self._turning:
            self._turning = True
            self._guard(self._deliver)

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

    def _refuse(self, draft: Draft, error: RoomError) -> None:
        if isinstance(draft.by, Poster):
            self._scheduler.call_soon(draft.by.settled, error, False)
        else:
            self._answer(draft, error)

    def _answer(self, draft: Draft, outcome: Outcome) -> None:
        """A member's word was refused, or said before."""
        if isinstance(outcome, RoomError):
            self._tell(draft.by, events.Error(outcome.code, outcome.text, self._now(), draft.id))
        elif self._has_passed(outcome.event.seq, draft.by):
            self._tell(draft.by, outcome.event)  # said before: answered with the first time

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
        self._told_before = self._told
        self._told += self._telling
        self._telling = 0
        self._sweep_from = self.head
        if entries:
            self.head = entries[-1].event.seq
        if self._is_torn:
            self._reread_all()
            self._end_turn()
            return
        self._window.extend(entries)
        for view, level in list(self._level.items()):  # an author may be parked meanwhile
            self._prepare(view, level, items)
        self._sweep()

    def _reread_all(self) -> None:
        """Everybody reads on from the log, each from its own cursor."""
        self._is_torn = False
        self._window.restart(())
        self._sweeps.clear()
        for level in list(self._level.values()):
            for member in list(level):
                self._lag(member)
                member.told = self._told_before

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
        others: list[bytes] = []
        if len(items) > 1:  # else all is its own
            others = [part for part, (_, by) in zip(parts, items, strict=True) if by is not author]
        self._bring([author], author.view.pack(others) if any(others) else b"")

    def _sweep(self) -> None:
        """Brings a slice of members forward, and goes on in the next turn of the loop."""
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
            self._scheduler.call_soon(self._guard, self._sweep)
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
            self._drop(member, error)
            self._bring(members[members.index(member) + 1 :], chunk)

    def _drop(self, member: Member, error: Exception) -> None:
        """Drops a member whose door or view breaks its contract. The loop reports the error."""
        member.mute()
        self._scheduler.call_soon(member.outlet.close, "left")
        self._scheduler.call_soon(report, error)

    def _guard(self, step: Callable[[], None]) -> None:
        """Does a step of the turn. If it breaks, everybody reads on from the log."""
        try:
            step()
        except Exception as error:
            self._scheduler.call_soon(report, error)
            self._told += 1  # the list of who is here may be among what was not told
            self._reread_all()
            self._end_turn()

    def _end_turn(self) -> None:
        after, self._after = self._after, []
        for callback in after:
            self._scheduler.call_soon(callback)  # and not here: one that raises stops no other
        if self._posted:
            self._scheduler.call_soon(self._turn)
        elif self._items:
            self._scheduler.call_soon(self._guard, self._deliver)
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
        if member not in self._lagging:
            self._lagging.add(member)
            self._shared.pages.add(partial(self._catch_up, member))

    def _catch_up(self, member: Member) -> None:
        """Brings a member one page on, if it is still here and behind."""
        self._lagging.discard(member)
        if member.room is self and member.condition is Condition.LAGGING:
            try:
                self._advance(member)
            except Exception as error:
                self._drop(member, error)

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
            self.read(member.cursor, self._config.page_events, back)

    def read(self, after: int, limit: int, done: Callable[[Page], None]) -> None:
        """As `logs.port.Log.read`, and answers even if that raises."""
        try:
            self._log.read(after, limit, done)
        except Exception as error:
            self._scheduler.call_soon(report, error)
            done(RoomError("storage", "the log cannot be read just now"))

    def _read(self, member: Member, cursor: int, got: Page) -> None:
        """A page of the log has come for a member, who may have gone or moved meanwhile."""
        if self._is_waiting(member, cursor):
            try:
                self._take(member, cursor, got)
            except Exception as error:
                self._drop(member, error)

    def _take(self, member: Member, cursor: int, got: Page) -> None:
        if isinstance(got, RoomError):
            member.tell(events.Error(got.code, got.text, self._now()))
            self._scheduler.call_later(1.0, self._try_again, member, cursor)
            return
        shown = [Entry(record) for record in got if record.event.seq <= self.head]
        kept_from = shown[0].event.seq if shown else self.head + 1
        for hole in holes(member.cursor + 1, kept_from - 1, self._log.first):
            member.tell(events.Gap(hole.first, hole.last, hole.reason))
        member.cursor = kept_from - 1
        shown = shown[: _unbroken(shown)]
        self._keep(shown)
        if shown and not member.full:
            self._give(member, shown)
        else:
            self._lag(member)

    def _keep(self, entries: Sequence[Entry]) -> None:
        """What one has read up to the head, the next ones will ask for: after a restart everybody
        comes back at once."""
        reaches_head = entries and entries[-1].event.seq == self.head
        if reaches_head and len(entries) > len(self._window):
            self._window.restart(entries)

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

    def _tell(self, asker: Asker, event: events.Event) -> None:
        """Tells one event. A member that cannot be told is dropped."""
        try:
            asker.tell(event)
        except Exception as error:
            if not isinstance(asker, Member):
                raise
            self._drop(asker, error)

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


def _asks(asker: Asker) -> None:
    if isinstance(asker, Member):
        asker.asks()


def _busy() -> RoomError:
    return RoomError("busy", "the log is slow just now; try again in a moment")


def _checked(draft: Draft, outcome: Outcome) -> Outcome:
    """The first time that an id was posted must have been the same message."""
    if isinstance(outcome, RoomError):
        return outcome
    first = outcome.event
    if isinstance(first, draft.kind) and first.text == draft.text:
        return outcome
    return RoomError("id_reused", "that id belongs to another message; choose a new one")


def _unbroken(entries: Sequence[Entry]) -> int:
    """How many of them follow on each other."""
    if not entries or entries[-1].event.seq - entries[0].event.seq == len(entries) - 1:
        return len(entries)
    first = entries[0].event.seq
    return next(nth for nth, entry in enumerate(entries) if entry.event.seq != first + nth)


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
