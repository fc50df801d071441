"""A room, seen from a client: what to say goes in, events come out, for as long as one likes.

It owns the connection, and the ones after it. When one ends it waits (see
`backoff`), comes in again under its name and session, reads on where it
stopped, and sends again what was not acknowledged. Whoever uses it sees no more
of that than `Offline` and `Back` among the events.

What is told is kept until it is asked for. When nobody asks, and nobody waits
for an answer, it stops reading: the server then waits too, and loses nothing.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self, cast

import msgspec

from oneroom_client import typed
from oneroom_client.address import Address, parse
from oneroom_client.backoff import Backoff
from oneroom_client.link import CannotConnect, Link, open_link
from oneroom_client.outbox import Outbox
from oneroom_client.state import State
from oneroom_client.wire import decode
from tcp_room import events, messages

# Posts on their way at a time: enough to fill a turn of the server, few enough to send again.
WINDOW_MESSAGES: Final = 64
# Events kept for who does not ask for them just now.
KEPT_EVENTS: Final = 10_000
# How often the server is asked whether it is there, and when it is given up.
BEAT_S: Final = 10.0
SILENCE_S: Final = 35.0

# How a person is refused at the line door, who is not known to be a program yet.
_SPOKEN: Final = re.compile(r"(.*) \((\w+)\)")
_encode: Final = msgspec.json.encode


class Offline(events.Event, frozen=True, tag="offline"):
    """The connection has ended, and is tried again in `retry_s`. Made by the client itself."""

    why: str
    retry_s: float


class Back(events.Event, frozen=True, tag="back"):
    """It is there again, after `after_s`; what was missed follows. Made by the client itself."""

    after_s: float


class Refused(Exception):
    """The room says no: `code` is one of tcp_room.errors.CODES, `text` is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code, self.text = code, text


class Unconfirmed(Exception):
    """Nobody knows whether that was said: the connection ended before the answer came."""


def connect(
    address: str | Address = "",
    *,
    nick: str | None = None,
    room: str | None = None,
    since: int | None = None,
    epoch: str | None = None,
    bot: bool = False,
    history: bool = True,
) -> Room:
    """A room to enter with `async with`. Without a nick one is `guest-N`.

    `since` (and `epoch`) is the last event one has seen: what came after it follows. `bot` has
    others shown that one is a program; `history` is false for who wants nothing that was said
    before. Raises AddressError.
    """
    where = address if isinstance(address, Address) else parse(address)
    hello = messages.Hello(
        nick=nick,
        room=room or where.room,
        since=since,
        epoch=epoch,
        session=secrets.token_urlsafe(24),
        bot=bot,
    )
    return Room(where, hello, history=history)


class Room:
    def __init__(self, address: Address, hello: messages.Hello, *, history: bool = True) -> None:
        """See `connect`."""
        self.address = address
        self.state = State(hello, history=history)
        self.lag_s: float | None = None  # how long the last answer took
        self.outbox = Outbox(WINDOW_MESSAGES)
        self._mark = secrets.token_urlsafe(12)
        self._made = 0
        self._link: Link | None = None
        self._backoff = Backoff(random.random)
        self._told: deque[events.Event] = deque()
        self._news = asyncio.Event()  # something was told, or it is over
        self._room_for_more = asyncio.Event()
        self._settled = asyncio.Event()
        self._answers: dict[str, asyncio.Future[events.Event]] = {}
        self._asked: dict[str, float] = {}  # when, by the id of the ping
        # Not before it is known what of the outbox the room has already.
        self._may_speak = False
        self._offline_since: float | None = None
        self._leaving = False
        self._farewell_id: str | None = None
        self._ended: Exception | None = None
        self.is_over = False
        self._why = ""  # it is offline
        self._task: asyncio.Task[None] | None = None

    # -- in and out

    async def __aenter__(self) -> Self:
        """Raises CannotConnect, Refused."""
        try:
            await self._come_in()
        except BaseException:
            await self._hang_up()
            raise
        self._task = asyncio.create_task(self._stay())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._hang_up()

    # -- reading

    def __aiter__(self) -> AsyncIterator[events.Event]:
        return self

    async def __anext__(self) -> events.Event:
        """The next event. Stops when one has left; raises Refused if one was sent away."""
        while not self._told:
            if self.is_over:
                if self._ended is not None:
                    raise self._ended
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._take()

    def waiting(self) -> list[events.Event]:
        """What has been told already, without waiting."""
        told = []
        while self._told:
            told.append(self._take())
        return told

    def _take(self) -> events.Event:
        event = self._told.popleft()
        self._room_for_more.set()
        return event

    # -- saying

    def new_id(self) -> str:
        """One that nobody else makes, and that one knows again."""
        self._made += 1
        return f"{self._mark}-{self._made}"

    def is_own(self, event: events.Event) -> bool:
        """Whether one has said that oneself, on this connection or the ones before it."""
        return (
            isinstance(event, events.Logged)
            and event.nick == self.state.nick
            and (event.id or "").startswith(f"{self._mark}-")
        )

    @property
    def is_offline(self) -> bool:
        return self._link is None or not self.state.is_welcome

    async def say(self, text: str) -> events.Say:
        """Says it, and waits until the room has it. Raises Refused, Unconfirmed."""
        return cast(events.Say, await self.confirmed(messages.Say(text=text, id=self.new_id())))

    async def act(self, text: str) -> events.Act:
        """As `/me`. Raises as `say`."""
        return cast(events.Act, await self.confirmed(messages.Act(text=text, id=self.new_id())))

    async def tell(self, nick: str, text: str) -> events.Dm:
        """A private word. Raises as `say`."""
        word = messages.Dm(to=nick, text=text, id=self.new_id())
        return cast(events.Dm, await self.confirmed(word))

    async def who(self) -> events.Members:
        return cast(events.Members, await self.confirmed(messages.Who(id=self.new_id())))

    async def rename(self, nick: str) -> events.Nick:
        """Raises Refused (bad_nick, nick_taken)."""
        return cast(events.Nick, await self.confirmed(messages.Nick(nick=nick, id=self.new_id())))

    async def history(
        self, *, before: int | None = None, after: int | None = None, limit: int | None = None
    ) -> events.History:
        """A page of the log."""
        page = messages.History(before=before, after=after, limit=limit, id=self.new_id())
        return cast(events.History, await self.confirmed(page))

    async def commands(self) -> events.Help:
        """What can be typed behind a slash."""
        asked = messages.Command(line="/help", id=self.new_id())
        return cast(events.Help, await self.confirmed(asked))

    def post(self, message: messages.Message) -> None:
        """Says it when it can be said, and does not wait. What was answered is among the events."""
        self.outbox.put(message)
        self._room_for_more.set()
        self._flush()

    async def settled(self, at_most: int = 0, silence_s: float = 30.0) -> None:
        """Waits until no more than `at_most` posts are unanswered.

        Raises Unconfirmed when nothing is answered for `silence_s`, Refused.
        """
        while len(self.outbox) > at_most:
            if self.is_over:
                raise self._ended or Unconfirmed("the room was left before the answer came")
            self._settled.clear()
            self._room_for_more.set()
            try:
                async with asyncio.timeout(silence_s):
                    await self._settled.wait()
            except TimeoutError:
                raise Unconfirmed(f"no answer for {silence_s:g} s") from None

    async def until_live(self) -> None:
        """Waits until what was said before has been told, and everything is live."""
        while not (self.state.is_live or self.is_over):
            self._settled.clear()
            await self._settled.wait()

    async def confirmed(self, message: messages.Message) -> events.Event:
        """Says it, and waits for the answer. Raises Refused, Unconfirmed."""
        assert message.id is not None
        answer: asyncio.Future[events.Event] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answer
        try:
            if self.is_over:
                raise self._ended or Unconfirmed("the room was left already")
            self.post(message)
            return await answer
        finally:
            del self._answers[message.id]

    def _flush(self) -> None:
        if self._link is None or not self._may_speak:
            return
        for message in self.outbox.due():
            if typed.is_farewell(message):
                self._leaving, self._farewell_id = True, message.id
            self._link.write(_encode(message))
            if isinstance(message, messages.Command | messages.Join):
                # Not every command has an answer that carries an id; what follows it has.
                self._link.write(_encode(messages.Ping(id=message.id)))

    # -- the connection

    async def _come_in(self) -> None:
        """Connects, and reads up to the welcome. Raises CannotConnect, Refused."""
        link = self._link = await open_link(self.address)
        link.write(_encode(self.state.hello()))
        try:
            while not self.state.is_welcome:
                await self._read(self._hear_at_the_door)
        except CannotConnect:
            if spoken := _SPOKEN.fullmatch(link.farewell):
                raise Refused(spoken[2], spoken[1]) from None
            raise

    def _hear_at_the_door(self, event: events.Event) -> None:
        if isinstance(event, events.Error) and event.id is None and not self.state.is_welcome:
            raise Refused(event.code, event.text)
        self._hear(event)

    async def _stay(self) -> None:
        """Until one leaves, or is sent away."""
        try:
            while not self._leaving:
                await self._converse()
                if not self._leaving:
                    await self._come_back()
        except Refused as error:
            self._ended = error
        finally:
            self.is_over = True
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(self._ended or Unconfirmed("the room was left"))
            self._settled.set()
            self._news.set()

    async def _converse(self) -> None:
        """As long as the connection lasts."""
        began = time.monotonic()
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                await self._read(self._hear)
                await self._until_there_is_room()
        except CannotConnect as error:
            if time.monotonic() - began > BEAT_S:  # else it is a server that falls over again
                self._backoff.reset()
            self._disconnected(str(error))
        finally:
            beating.cancel()
            await self._hang_up()

    async def _come_back(self) -> None:
        """Raises Refused, if the room does not want this client back."""
        while True:
            retry_s = self._backoff.next()
            self._tell(Offline(self._why, retry_s))
            await asyncio.sleep(retry_s)
            try:
                await self._come_in()
                break
            except CannotConnect as error:
                self._why = str(error)
            except Refused as error:
                if error.code == "replaced":
                    raise
                self._why = str(error)
                if error.code == "nick_taken":
                    self._tell(events.Error(error.code, error.text))
                    self.state.nameless()
            await self._hang_up()

    async def _hang_up(self) -> None:
        link, self._link = self._link, None
        self._may_speak = False
        self.state.disconnected()
        if link is not None:
            await link.close()

    async def _read(self, hear: Callable[[events.Event], None]) -> None:
        """Raises CannotConnect when the connection has ended."""
        assert self._link is not None
        try:
            async with asyncio.timeout(SILENCE_S):
                lines = await self._link.read()
        except TimeoutError:
            raise CannotConnect(f"{self.address} has fallen silent") from None
        if not lines:
            raise CannotConnect(f"{self.address} has closed the connection")
        for line in lines:
            event = decode(line)
            if event is not None:
                hear(event)

    async def _until_there_is_room(self) -> None:
        while len(self._told) >= KEPT_EVENTS and not (self._answers or self.outbox):
            self._room_for_more.clear()
            await self._room_for_more.wait()

    async def _beat(self) -> None:
        while True:
            id = self.new_id()
            self._asked = {id: time.monotonic()}
            if self._link is not None:
                self._link.write(_encode(messages.Ping(id=id)))
            await asyncio.sleep(BEAT_S)

    def _disconnected(self, why: str) -> None:
        self._why = why
        self._offline_since = time.monotonic()
        self.outbox.settle(self._farewell_id)  # its answer is the end
        for message in self.outbox.disconnected():
            self._fail(message.id, Unconfirmed("the connection ended before the answer came"))
            text = "nobody knows whether your private word arrived"
            self._tell(events.Error("unconfirmed", text, id=message.id))

    # -- hearing

    def _hear(self, event: events.Event) -> None:
        if isinstance(event, events.Pong):
            self._hear_pong(event.id)
            return
        for shown in self.state.hear(event):
            self._tell(shown)
        if isinstance(event, events.Welcome):
            self._welcome()
        elif isinstance(event, events.Live):
            self._may_speak = True
            self._settled.set()
            self._flush()
        elif isinstance(event, events.Error):
            self._hear_error(event)
        else:
            self._settle(getattr(event, "id", None), event)

    def _welcome(self) -> None:
        if self._offline_since is None:
            self._may_speak = True
        else:
            self._tell(Back(time.monotonic() - self._offline_since))
            self._offline_since = None
        self._flush()

    def _hear_pong(self, id: str | None) -> None:
        asked = self._asked.pop(id or "", None)
        if asked is not None:
            self.lag_s = time.monotonic() - asked
        else:
            self._settle(id, events.Pong(id))

    def _hear_error(self, error: events.Error) -> None:
        refused = Refused(error.code, error.text)
        if error.code == "replaced":
            raise refused
        if self.outbox.settle(error.id):
            self._fail(error.id, refused)
            self._settled.set()
            self._flush()

    def _settle(self, id: str | None, answer: events.Event) -> None:
        if self.outbox.settle(id):
            waiting = self._answers.get(id or "")
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
            self._settled.set()
            self._flush()

    def _fail(self, id: str | None, error: Exception) -> None:
        waiting = self._answers.get(id or "")
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _tell(self, event: events.Event) -> None:
        self._told.append(event)
        self._news.set()
