"""A room, seen from a client: messages in, events out, for as long as the program likes.

It owns the connection, and the ones after it. When one ends, it waits (see `backoff`), comes in
again under its name and session, resumes where it stopped, and sends again what was not answered.
The program sees no more of that than `Offline` and `Back` among the events.

- An event is told once, in order; a hole in the log is told as a `gap`.
- Nothing is sent that has no form in UTF-8.
- A message that was given up (cancelled, timed out) is not sent later.
- An error that is nobody's fault but this program's ends the room and is raised to its user.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self, TypeVar

from oneroom_client import typed
from oneroom_client.address import Address, parse
from oneroom_client.backoff import Backoff
from oneroom_client.connection import BEAT_S, Connection
from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
from oneroom_client.inbox import Inbox
from oneroom_client.posts import Posts
from oneroom_client.state import State
from oneroom_client.wire import encode
from tcp_room import events, messages
from tcp_room.errors import RoomError

# For connecting, and for the welcome.
ENTER_S: Final = 30.0

_Answer = TypeVar("_Answer", bound=events.Event)


class Offline(events.Event, frozen=True, tag="offline"):
    """The connection has ended; the next attempt is in `retry_s` seconds. Made by the client."""

    why: str
    retry_s: float


class Back(events.Event, frozen=True, tag="back"):
    """Connected again, after `after_s` seconds; missed events follow. Made by the client."""

    after_s: float


def connect(
    address: str | Address = "",
    *,
    nick: str | None = None,
    room: str | None = None,
    since: int | None = None,
    epoch: str | None = None,
    bot: bool = False,
    watch: bool = False,
    history: bool = True,
    timeout_s: float = ENTER_S,
) -> Room:
    """A room, to be entered with `async with`.

    `address`: HOST[:PORT], unix:PATH, or the address of the page; localhost:9000 if it is empty.
    `nick`: `guest-N` without one. `room`: the lobby without one.
    `since`, `epoch`: the last event that the program has seen; the events after it follow.
    `bot`: others see a program. `watch`: only read; nobody sees the reader, who may call `who`
    and `history`. `history`: False if nothing that was said before is wanted.
    `timeout_s`: seconds for connecting and being let in, for each attempt.

    Raises AddressError.
    """
    where = address if isinstance(address, Address) else parse(address)
    hello = messages.Hello(
        nick=None if watch else nick,
        room=room or where.room,
        since=since,
        epoch=epoch,
        session=secrets.token_urlsafe(24),
        bot=bot,
        watch=watch,
    )
    return Room(where, hello, history=history, timeout_s=timeout_s)


class Room:
    """A room that a program is in, between `async with` and the end of its block.

        async with connect("localhost:9000", nick="ci") as room:
            await room.say("the build is green")
            async for event in room:
                ...

    **Events** come from `async for` (see tcp_room.events for their kinds). A program need not
    read them: see `inbox` for what is kept.

    **Requests** (`say`, `act`, `tell`, `who`, `rename`, `history`, `commands`) wait for the
    server's answer, through reconnections, for at most `timeout_s` seconds (None: as long as it
    takes). They raise

    - Refused: the server says no (`code`), or the text is not one that can be sent (`bad_utf8`,
      `bad_text`). It was not said.
    - Unconfirmed: no answer came in time, or the room was left. A message that was not yet
      written is never sent. One that was on its way may have arrived; it is not sent again.
    - RuntimeError: the room was not entered.

    Cancelling a request does the same to its message as a timeout. A message is identified by its
    `id` (1 to 64 printable ASCII characters, unique): posting the same id with the same text
    again, in this program or after its restart, says nothing twice and returns the first event.
    """

    def __init__(
        self,
        address: Address,
        hello: messages.Hello,
        *,
        history: bool = True,
        timeout_s: float = ENTER_S,
    ) -> None:
        """See `connect`."""
        self.address = address
        self.state = State(hello, history=history)
        self.is_over = False
        self._timeout_s = timeout_s
        self._posts = Posts(self._flush)
        self._inbox = Inbox()
        self._news = asyncio.Event()  # an event was told, or it is over
        self._room_for_more = asyncio.Event()
        self._backoff = Backoff(random.random)
        self._connection: Connection | None = None
        # Not before it is known which messages of the outbox the log has already.
        self._may_speak = False
        self._offline_since: float | None = None
        self._why = ""  # it is offline
        self._leaving = False
        self._farewell_id: str | None = None
        self._ended: Exception | None = None
        self._was_raised = False  # `_ended`, to the program
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
        """Leaves. What was posted and is not answered yet is given up: see `settled`.

        Raises what ended the room, if the program has not seen it.
        """
        self._leaving = True
        if self._task is not None:
            self._task.cancel()
            try:
                await asyncio.wait({self._task})
            finally:
                await self._hang_up()
        is_a_bug = self._ended is not None and not isinstance(self._ended, Refused)
        if is_a_bug and error is None and not self._was_raised:
            raise self._why_it_ended()

    # -- reading

    def __aiter__(self) -> AsyncIterator[events.Event]:
        return self

    async def __anext__(self) -> events.Event:
        """The next event. Stops when the room was left; raises Refused if the server ended it
        (`replaced`), and any error that ended it."""
        while (event := self._take()) is None:
            if self.is_over:
                if self._ended is not None:
                    raise self._why_it_ended()
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return event

    def waiting(self) -> list[events.Event]:
        """The events that were told already, without waiting."""
        return list(iter(self._take, None))

    def _take(self) -> events.Event | None:
        event = self._inbox.take()
        self._room_for_more.set()
        return event

    def _why_it_ended(self) -> Exception:
        self._was_raised = True
        return self._ended or Unconfirmed("the room was left")

    # -- what it is like

    @property
    def is_offline(self) -> bool:
        return self._connection is None or not self.state.is_welcome

    @property
    def lag_s(self) -> float | None:
        """Seconds that the last ping took; None if none was answered on this connection."""
        return self._connection.lag_s if self._connection else None

    @property
    def unanswered(self) -> int:
        """Messages that were posted and not answered yet."""
        return len(self._posts)

    def new_id(self) -> str:
        """An id for a message, which no other client makes."""
        return self._posts.new_id()

    def is_own(self, event: events.Event) -> bool:
        """Whether this program said it, on this connection or one before it."""
        return (
            isinstance(event, events.Logged)
            and event.nick == self.state.nick
            and self._posts.made(event.id)
        )

    # -- saying

    async def say(
        self, text: str, *, id: str | None = None, timeout_s: float | None = None
    ) -> events.Say:
        """Says it; returns the event that it became. See Room for errors and cancellation."""
        message = messages.Say(text=text, id=id or self.new_id())
        return await self._asked(events.Say, message, timeout_s)

    async def act(
        self, text: str, *, id: str | None = None, timeout_s: float | None = None
    ) -> events.Act:
        """As `/me`. Otherwise as `say`."""
        message = messages.Act(text=text, id=id or self.new_id())
        return await self._asked(events.Act, message, timeout_s)

    async def tell(
        self, nick: str, text: str, *, id: str | None = None, timeout_s: float | None = None
    ) -> events.Dm:
        """A private message. It is in no log, so it is never sent twice: if the connection breaks
        before the answer, that is Unconfirmed.

        The answer means that it was written to the other's connection. If that breaks before it
        was delivered, an `error` event with the code `undelivered` and this id follows.
        """
        message = messages.Dm(to=nick, text=text, id=id or self.new_id())
        return await self._asked(events.Dm, message, timeout_s)

    async def who(self, *, timeout_s: float | None = None) -> events.Members:
        """The people who are here, and their doors."""
        return await self._asked(events.Members, messages.Who(id=self.new_id()), timeout_s)

    async def rename(self, nick: str, *, timeout_s: float | None = None) -> events.Nick:
        """Raises Refused (bad_nick, nick_taken)."""
        message = messages.Nick(nick=nick, id=self.new_id())
        return await self._asked(events.Nick, message, timeout_s)

    async def history(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int | None = None,
        timeout_s: float | None = None,
    ) -> events.History:
        """A page of the log, oldest first: up to `limit` events before or after that seq."""
        page = messages.History(before=before, after=after, limit=limit, id=self.new_id())
        return await self._asked(events.History, page, timeout_s)

    async def commands(self, *, timeout_s: float | None = None) -> events.Help:
        """The commands that can be typed after a slash."""
        asked = messages.Command(line="/help", id=self.new_id())
        return await self._asked(events.Help, asked, timeout_s)

    async def _asked(
        self, kind: type[_Answer], message: messages.Message, timeout_s: float | None
    ) -> _Answer:
        answer = await self.confirmed(message, timeout_s=timeout_s)
        if not isinstance(answer, kind):
            raise Unconfirmed(f"the server answered with {type(answer).__name__}")
        return answer

    async def confirmed(
        self, message: messages.Message, *, timeout_s: float | None = None
    ) -> events.Event:
        """Posts a message, which must have an id, and waits for the answer. See Room."""
        self._must_be_in()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._posts.answer(message, self._flush)
        except TimeoutError:
            raise Unconfirmed(f"not acknowledged within {timeout_s:g} s") from None

    def post(self, message: messages.Message) -> None:
        """Posts a message, which must have an id, and does not wait: the answer is among the
        events. Raises Refused (bad_utf8, bad_text, id_reused), Unconfirmed (the room was left):
        then it is not sent."""
        self._must_be_in()
        self._posts.put(message)
        self._flush()

    async def settled(self, at_most: int = 0, silence_s: float = 30.0) -> None:
        """Waits until no more than `at_most` posts are unanswered.

        Raises Unconfirmed when nothing is answered for `silence_s` seconds, or the room was left
        before; and Refused.
        """
        self._room_for_more.set()
        await self._posts.until(lambda: self.unanswered <= at_most, silence_s)

    async def until_live(self) -> None:
        """Waits until everything that was said before has been told."""
        await self._posts.until(lambda: self.state.is_live or self.is_over)

    def _must_be_in(self) -> None:
        if self._task is None:
            raise RuntimeError("enter the room first: async with connect(...) as room")

    def _flush(self) -> None:
        self._room_for_more.set()
        if self._connection is None or not self._may_speak:
            return
        for message in self._posts.flush(self._connection.write):
            if typed.is_farewell(message):
                self._leaving, self._farewell_id = True, message.id

    # -- the connection

    async def _come_in(self) -> None:
        """Connects, and reads up to the welcome. Raises CannotConnect, Refused."""
        try:
            hello = encode(self.state.hello())
        except RoomError as error:
            raise Refused.by(error) from None
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._be_let_in(hello)
        except TimeoutError:
            raise self._no_answer() from None

    def _no_answer(self) -> Exception:
        where, seconds = self.address, f"{self._timeout_s:g}"
        if self._connection is None:
            return CannotConnect(f"{where} does not answer")
        silent = CannotConnect(f"{where} does not answer as a room within {seconds} s")
        return self._connection.why or silent

    async def _be_let_in(self, hello: bytes) -> None:
        connection = await Connection.opened(self.address, self.new_id)
        self._connection = connection
        connection.write(hello)
        while not self.state.is_welcome:
            for event, size in await connection.read():
                if isinstance(event, events.Error) and not self.state.is_welcome:
                    raise Refused(event.code, event.text)
                self._hear(event, size)

    async def _stay(self) -> None:
        """Until the program leaves, or the server ends it, or this class has a bug."""
        try:
            while not self._leaving:
                await self._converse()
                if not self._leaving:
                    await self._come_back()
        except Exception as error:
            self._ended = error
        finally:
            self.is_over = True
            self._posts.end(self._ended or Unconfirmed("the room was left"))
            self._news.set()

    async def _converse(self) -> None:
        """As long as the connection lasts. Raises Refused (replaced)."""
        assert self._connection is not None
        began = time.monotonic()
        self._connection.beat()
        try:
            while True:
                for event, size in await self._connection.read():
                    self._hear(event, size)
                await self._until_there_is_room()
        except CannotConnect as error:
            self._disconnected(str(error))
        except Refused as error:
            if error.code == "replaced":
                raise
            self._disconnected(str(error))
        finally:
            if time.monotonic() - began > BEAT_S:  # else it is a server that falls over again
                self._backoff.reset()
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
                self._refused_again(error)
            await self._hang_up()

    def _refused_again(self, error: Refused) -> None:
        """Raises it, if it is final."""
        if error.code == "replaced":
            raise error
        self._why = str(error)
        if error.code == "nick_taken":
            self._tell(events.Error(error.code, error.text))
            self.state.nameless()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        self._may_speak = False
        self.state.disconnected()
        if connection is not None:
            await connection.close()

    async def _until_there_is_room(self) -> None:
        while self._inbox.is_full and not self._posts.is_awaited:
            self._room_for_more.clear()
            await self._room_for_more.wait()

    def _disconnected(self, why: str) -> None:
        self._why = why
        self._offline_since = time.monotonic()
        self._posts.settle(self._farewell_id, events.Pong())  # its answer is the end
        for message in self._posts.disconnected():
            text = "the connection broke: your private message may not have arrived"
            self._tell(events.Error("undelivered", text, id=message.id))

    # -- hearing

    def _hear(self, event: events.Event, size: int) -> None:
        """`size`: bytes of its line. Raises Refused (replaced)."""
        match event:
            case events.Pong():
                self._hear_pong(event)
            case events.Error():
                self._hear_error(event, size)
            case _:
                for shown in self.state.hear(event):
                    self._tell(shown, size)
                self._note(event)
        self._flush()

    def _note(self, event: events.Event) -> None:
        if isinstance(event, events.Welcome):
            self._welcome()
        elif isinstance(event, events.Live):
            self._may_speak = True
            self._posts.changed()
        else:
            self._posts.settle(getattr(event, "id", None), event)

    def _welcome(self) -> None:
        if self._offline_since is None:
            self._may_speak = True
        else:
            self._tell(Back(time.monotonic() - self._offline_since))
            self._offline_since = None

    def _hear_pong(self, pong: events.Pong) -> None:
        assert self._connection is not None
        if not self._connection.hear_pong(pong):
            self._posts.settle(pong.id, pong)

    def _hear_error(self, error: events.Error, size: int) -> None:
        if error.code == "replaced":
            raise Refused(error.code, error.text)
        if shown := self._posts.hear(error):
            self._tell(shown, size)

    def _tell(self, event: events.Event, size: int = 0) -> None:
        self._inbox.put(event, size)
        self._news.set()
