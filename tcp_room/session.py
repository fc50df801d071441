"""A session: what one connection has said, and what follows from it.

The same for every door: the shells (`connection`, `web_gateway.bridge`) call
`feed` with bytes of lines, then `finish` (the client says no more) or `lost`
(it is gone). This module knows who is a person and who a program:

- a first line that begins with `{` is a program's, and chooses the JSON view;
- any other first line, or 200 ms of silence, is a person's, who is let in as a
  guest (silence at a door whose own view is JSON gives a guest in that view,
  unless its client has promised a hello).

And it keeps the pace: its own, and the one that its address shares with others.
Nothing that comes faster is refused: it waits here as bytes, its door reads no
further, and nothing is lost or out of order. Input that cannot be understood
has a pace as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

from tcp_room import commands, events, messages, text
from tcp_room.commands import Caller
from tcp_room.errors import RoomError
from tcp_room.hall import LOBBY, Hall
from tcp_room.limits import Bucket, Usage
from tcp_room.lines import TOO_LONG, LineDecoder, TooLong
from tcp_room.member import Condition, Member, Outlet
from tcp_room.terminal import TextView
from tcp_room.views import JSON, View

# An input method for Chinese has a slash of its own.
_SLASHES: Final = ("/", "／")
_SLASHES_UTF8: Final = (b"/", "／".encode())
# Lines cut at once: what their objects cost is bounded.
_BATCH_LINES: Final = 64
# What a line is refused with that no client means to send.
_MISTAKES: Final = {"bad_json", "bad_message", "bad_utf8", "bad_text", "too_long"}


class Session:
    __slots__ = (
        "_address",
        "_bucket",
        "_finished",
        "_first",
        "_held",
        "_input",
        "_lines",
        "_mistakes",
        "_over",
        "_refused",
        "_timer",
        "_told_held",
        "_usage",
        "hall",
        "member",
    )

    def __init__(
        self,
        hall: Hall,
        outlet: Outlet,
        *,
        door: str,
        view: View,
        dress: Callable[[View], View] = lambda view: view,
        says_hello: bool = False,
        address: str | None = None,
    ) -> None:
        """`view` is the door's own; `dress` puts a view into the door's frames. `says_hello`
        who has promised to: a page on a slow phone takes its time. What comes from `address`
        shares one pace; None: it shares none."""
        config = hall.config
        self.hall = hall
        self.member = Member(
            outlet=outlet,
            view=view,
            dress=dress,
            door=door,
            author=hall.token(),
            backlog_limit=config.backlog_bytes,
        )
        self.member.on_drained = self._drained
        if isinstance(view, TextView):
            self.member.style = view
        # None: it has no pace.
        self._bucket = Bucket(config.rate, config.burst_messages) if config.rate else None
        # Where no pace is shared, nothing is counted: that would take as long as to hear the line.
        self._address = address if config.rate and config.per_address else None
        self._usage = None if self._address is None else Usage(hall.scheduler.time(), config)
        self._input = LineDecoder(config.line_bytes)
        # Cut off already, and paid for by its own pace. The next one last: an empty deque is ten
        # times as large as an empty list.
        self._lines: list[bytes | TooLong] = []
        self._first = True  # whether no line was heard yet
        self._held = False  # whether a line waits for its time
        self._mistakes: Bucket | None = None  # made with the first mistake
        self._over: Callable[[], None] | None = None
        self._told_held = False
        self._refused = False
        self._finished = False
        self._timer: Any = None
        if says_hello:
            self._wait(config.outside_s, self._turn_away)
        else:
            self._wait(config.hello_wait_s, self._settle)
        hall.arrive(self.member)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self.hall.scheduler.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- what the shells call

    def hello(self, hello: messages.Hello) -> None:
        """A hello that came by other means than a line (the query of a WebSocket)."""
        self._first = False
        self._try_to_enter(hello)
        if self.member.room is None and self.member.view.is_text:
            self._enter(messages.Hello())  # a person cannot say it again

    def feed(self, data: bytes) -> None:
        """Bytes of lines, as they come."""
        line = None if self._lines else self._input.sole_line(data)
        if line is not None and self._tokens(1):
            self._lines.append(line)
        else:
            self._input.push(data)
        if not self._held:
            self._work()

    def receive(self, lines: Sequence[bytes]) -> None:
        """Whole lines."""
        self.feed(b"".join(line + b"\n" for line in lines))

    def bare_lines(self) -> None:
        """The client ends its lines with LF alone: so do we."""
        member = self.member
        member.style = member.style.changed(newline="\n")
        if member.view.is_text:
            member.look(member.style)

    def finish(self) -> None:
        """The client says no more. It is let go when all it said is said, and all it is owed is
        written."""
        self._input.end()
        self._finished = True
        if not self._held:
            self._work()

    def lost(self, over: Callable[[], None] | None = None) -> None:
        """The client is gone. Some lines that it had sent before are still said, at its pace, for
        a while. `over` is called once when that is done, too."""
        self._over = over or self._over
        self.member.lost()
        self._stop_waiting()
        self._input.keep(self.hall.config.parting_lines)
        if self._has_lines and not self.member.leaving:
            self._finished = True
            self._wait(self.hall.config.parting_s, self._drop)
        else:
            self._end()

    # -- pace

    @property
    def _has_lines(self) -> bool:
        return bool(self._lines) or self._input.has_line

    def _work(self) -> None:
        """Hears the lines that have come, as far as the pace allows."""
        member = self.member
        if member.leaving and member.is_gone:
            self._drop()
            return
        address = self._address
        while (self._lines or self._input.pending) and not (self._held or member.is_owed_much):
            if not (self._lines or self._cut()):
                break
            if address is None or self._has_turn(address, self._lines[-1]):
                self._hear_line(self._lines.pop())
        if self._finished and not self._has_lines:
            self._part()

    def _cut(self) -> bool:
        """Cuts off as many of the lines that wait as its own pace allows; whether there are any."""
        if not self._input.has_line:
            return False
        free = self._tokens(_BATCH_LINES)
        if not free:
            self._keep_pace()
            return False
        lines = self._input.take(free)
        if self._bucket is not None:
            self._bucket.give_back(free - len(lines))
        lines.reverse()
        self._lines = lines
        return True

    def _tokens(self, wanted: int) -> int:
        """Takes as many of `wanted` tokens as its own pace has."""
        bucket = self._bucket
        return wanted if bucket is None else bucket.take(wanted, self.hall.scheduler.time())

    def _keep_pace(self) -> None:
        """Waits for the next token."""
        assert self._bucket is not None
        scheduler, rate = self.hall.scheduler, self.hall.config.rate
        self._hold(f"not so fast: your lines are held back to {rate:g} a second")
        scheduler.call_later(self._bucket.until(1, scheduler.time()), self._release)

    def _has_turn(self, address: str, line: bytes | TooLong) -> bool:
        """Whether its address may send this now; if not, it is heard in its turn."""
        hall, usage = self.hall, self._usage
        assert usage is not None
        pace = hall.message_pace if self._is_message(line) else hall.request_pace
        load = usage.load
        is_alone = len(self._lines) == 1 and not self._input.has_line
        is_modest = usage.count(hall.scheduler.time(), hall.config) and is_alone
        if pace.ask(address, self._hear_in_turn, load=load, is_modest=is_modest):
            return True
        self._hold("much comes from your address just now: your lines wait for their turn")
        return False

    def _hold(self, why: str) -> None:
        """Hears and reads no further for now. The client is told why, once."""
        self._held = True
        self.member.outlet.pause()
        if not self._told_held:
            self._told_held = True
            self.member.tell(events.Notice(why))

    def _release(self) -> None:
        self._held = False
        self._work()
        self._read_on()

    def _hear_in_turn(self) -> None:
        """Its address has a turn for the line that waits; it may have been dropped meanwhile."""
        self._held = False
        if self._lines:
            self._hear_line(self._lines.pop())
        if not self._held:
            self._release()

    def _drained(self) -> None:
        """What it was owed is written: it may ask for more, or be let go."""
        if self._has_lines and not self._held:
            self._work()
        self._read_on()
        if self.member.on_level is not None:
            self.member.on_level()

    def _read_on(self) -> None:
        if not (self._held or self.member.is_owed_much):
            self.member.outlet.resume()

    # -- lines

    def _hear_line(self, line: bytes | TooLong) -> None:
        if self.member.leaving:
            return
        try:
            if line is TOO_LONG:  # `isinstance` takes five times as long for an enumeration
                limit = self.hall.config.line_bytes
                raise RoomError("too_long", f"a line of more than {limit} bytes; it was not sent")
            if self._first:
                self._hear_first(line)
            elif self.member.view.is_text:
                self._typed(line)
            else:
                self._message(line)
        except RoomError as error:
            self._refuse(error, None if line is TOO_LONG else messages.id_of(line))

    def _hear_first(self, line: bytes) -> None:
        """The line that tells a program from a person."""
        if not line.strip() and self.member.view.is_text:
            return
        is_json = line.lstrip().startswith(b"{")
        if is_json and self.member.view.is_text:
            self._turn_to_json(line)
            return
        self._first = False
        if self.member.view.is_text:
            self._typed_first(line)
        else:
            self._message(line)

    def _refuse(self, error: RoomError, id: str | None) -> None:
        self.member.tell(events.Error(error.code, error.text, self.hall.now(), id))
        if error.code in _MISTAKES:
            self._count_mistake()

    def _count_mistake(self) -> None:
        """Nobody is cut for mistakes; after many of them, reading pauses."""
        now, a_minute = self.hall.scheduler.time(), self.hall.config.mistakes_per_minute
        if self._mistakes is None:
            self._mistakes = Bucket(a_minute / 60, a_minute)
        delay = self._mistakes.delay(now)
        if delay and not self._held:
            self._hold(f"too many lines that cannot be read: only {a_minute} a minute are")
            self.hall.scheduler.call_later(delay, self._release)

    # -- a person's lines

    def _typed_first(self, line: bytes) -> None:
        """`/nick NAME` as the very first line is how one comes in under a name."""
        if self.member.room is None:
            command, argument = _command_in(line)
            if command == "/nick" and argument:
                self.hello(messages.Hello(nick=argument))
                return
            if command == "/bot":
                self._enter_silently(argument)
                return
            self._enter(messages.Hello())
        self._typed(line)

    def _enter_silently(self, nick: str) -> None:
        """`/bot` or `/bot NAME`: a program, which is told what is said from now on, and no more."""
        member = self.member
        member.style = member.style.changed(clock="off", quiet=True, greet=False)
        member.look(member.style)
        now = self.hall.room(LOBBY).head
        self.hello(messages.Hello(nick=nick or None, since=now, bot=True))

    def _typed(self, line: bytes) -> None:
        self.typed(text.erase(text.decode(line)))

    def typed(self, line: str, id: str | None = None) -> None:
        """A line as a person types it: something to say, or a command."""
        caller = Caller(self.hall, self.member, id)
        if not line.startswith(_SLASHES):
            if line and not line.isspace():
                commands.post(caller, events.Say, line)
            return
        text.check_length(line, self.hall.config.text_bytes)
        if line.startswith("／"):
            line = line[:2].replace("／", "/") + line[2:]
        if line.startswith("//"):
            commands.post(caller, events.Say, line[1:])
        else:
            commands.run(caller, line)

    # -- a program's lines

    def _turn_to_json(self, line: bytes) -> None:
        message = messages.decode(line)  # if it is not sound, it may still be a person
        self._first = False
        self.member.look(JSON)
        self._obey(message)

    def _message(self, line: bytes) -> None:
        if line.strip():
            self._obey(messages.decode(line))

    def _obey(self, message: messages.AnyMessage) -> None:
        if isinstance(message, messages.Hello):
            self._enter(message)
            return
        if self.member.room is None:
            if self._refused:
                raise RoomError("not_here", "your hello was refused; say it again first")
            self._enter(messages.Hello())
        if self.member.is_watching and not isinstance(message, _WATCHING):
            raise RoomError("not_here", "you only watch; say hello with a name first")
        caller = Caller(self.hall, self.member, message.id)
        if isinstance(message, messages.Command):
            self.typed(message.line, message.id)
        else:
            _OBEY[type(message)](caller, message)

    # -- in and out

    def _settle(self) -> None:
        """Silence: a person, or a program that has nothing to choose."""
        if self.member.room is None:
            self._try_to_enter(messages.Hello())

    def _try_to_enter(self, hello: messages.Hello) -> None:
        try:
            self._enter(hello)
        except RoomError as error:
            self._refuse(error, None)

    def _enter(self, hello: messages.Hello) -> None:
        """In, or (when in already) to another name, room or place in the log; or only to watch."""
        member = self.member
        if hello.session is not None:
            member.author = blake2b(hello.session.encode(), digest_size=12).hexdigest()
        if hello.watch:
            self.hall.watch(member, hello.room or LOBBY, hello.since, hello.epoch)
            self._stop_waiting()
            return
        if member.room is None or member.is_watching:
            self._come_in(hello)
            return
        if hello.nick is not None:
            self.hall.rename(member, hello.nick)
        self.hall.move(member, hello.room or member.room.name, hello.since, hello.epoch)

    def _come_in(self, hello: messages.Hello) -> None:
        if hello.bot:
            self.member.door = events.BOT
        try:
            self.hall.enter(self.member, hello.nick, hello.room or LOBBY, hello.since, hello.epoch)
        except RoomError:
            if self.member.room is None:
                self._stay_outside()
            raise
        self._stop_waiting()

    def _stay_outside(self) -> None:
        """A program may say hello again, but not stand at the door for ever."""
        if self._refused:
            return
        self._refused = True
        self._wait(self.hall.config.outside_s, self._turn_away)

    def _turn_away(self) -> None:
        if self.member.room is None:
            self.hall.dismiss(self.member, "refused")

    def _part(self) -> None:
        room = self.member.room
        if room is None:
            self.hall.dismiss(self.member)
            self._end()
        else:
            room.after_posted(self._part_when_level)

    def _part_when_level(self) -> None:
        member = self.member
        is_owed = bool(member.backlog or member.asked)
        has_all = member.condition is Condition.LEVEL and not is_owed
        if has_all or member.is_gone:
            self.hall.dismiss(member)
            self._end()
        else:
            member.on_level = self._part_when_level

    def _drop(self) -> None:
        """It has had its time."""
        self._lines.clear()
        self._input.keep(0)
        self._end()

    def _end(self) -> None:
        """Nothing of it is heard any more."""
        self._stop_waiting()
        self.member.leaving = True
        self.hall.leave(self.member)
        over, self._over = self._over, None
        if over is not None:
            over()

    def _is_message(self, line: bytes | TooLong) -> bool:
        """Whether a line says something to others, and not to the house."""
        if line is TOO_LONG:
            return False
        if self.member.view.is_text and not (self._first and line.lstrip().startswith(b"{")):
            return _is_said(line)
        try:
            message = messages.decode(line)
        except RoomError:
            return False
        if isinstance(message, messages.Command):
            return _is_said(message.line.encode("utf-8", "replace"))
        return isinstance(message, _SAID)


def _command_in(line: bytes) -> tuple[str, str]:
    """A line's first word in lower case, and the rest; nothing if it cannot be read."""
    try:
        command, _, argument = text.erase(text.decode(line)).strip().partition(" ")
    except RoomError:
        return "", ""
    return command.lower(), argument.strip()


def _is_said(line: bytes) -> bool:
    """Whether what a person typed is a message: all but most commands are."""
    if not line.startswith(_SLASHES_UTF8):
        return True
    command = _command_in(line)[0].replace("／", "/")
    return command.startswith("//") or command in ("/me", "/msg", "/topic")


def _typing(caller: Caller, message: messages.Typing) -> None:
    caller.room.typing(caller.member)


def _nick(caller: Caller, message: messages.Nick) -> None:
    commands.nick(caller, message.nick)


def _join(caller: Caller, message: messages.Join) -> None:
    caller.hall.move(caller.member, message.room, message.since, message.epoch)


def _dm(caller: Caller, message: messages.Dm) -> None:
    commands.send_private(caller, caller.hall.find(message.to), message.text)


def _history(caller: Caller, message: messages.History) -> None:
    limit = message.limit or caller.hall.config.json_history_events
    caller.room.history(caller.member, message.before, message.after, limit, message.id)


def _search(caller: Caller, message: messages.Search) -> None:
    caller.room.search(caller.member, message.text, message.before, message.limit, message.id)


def _pong(caller: Caller, message: messages.Ping) -> None:
    caller.member.tell(events.Pong(message.id))


_SAID: Final = (messages.Say, messages.Act, messages.Topic, messages.Dm)
# What one may ask who is not in the room.
_WATCHING: Final = (messages.Who, messages.History, messages.Search, messages.Ping)
_OBEY: Final[dict[type[messages.Message], Callable[[Caller, Any], None]]] = {
    messages.Say: lambda caller, message: commands.post(caller, events.Say, message.text),
    messages.Act: lambda caller, message: commands.act(caller, message.text),
    messages.Topic: lambda caller, message: commands.set_topic(caller, message.text),
    messages.Who: lambda caller, message: commands.who(caller, ""),
    messages.Nick: _nick,
    messages.Join: _join,
    messages.Typing: _typing,
    messages.Dm: _dm,
    messages.History: _history,
    messages.Search: _search,
    messages.Ping: _pong,
}
