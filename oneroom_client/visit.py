"""One client's stay in a room: the connection, and the ones after it.

It owns what outlives a connection: what the client knows (`state`), what it has said (`posts`)
and what it was told (`inbox`). When a connection ends, it waits (see `backoff`), comes in again
under its name and session, resumes where it stopped, and sends again what was not answered.

Its methods are called by `Room`, which is what programs see.
"""

from __future__ import annotations

import asyncio
import random
import time

from oneroom_client import typed
from oneroom_client.address import Address
from oneroom_client.backoff import Backoff
from oneroom_client.connection import BEAT_S, Connection
from oneroom_client.errors import CannotConnect, Refused, Unconfirmed
from oneroom_client.inbox import Inbox
from oneroom_client.posts import Posts
from oneroom_client.state import State
from oneroom_client.wire import encode
from tcp_room import events
from tcp_room.errors import RoomError
from tcp_room.messages import Hello


class Offline(events.Event, frozen=True, tag="offline"):
    """The connection has ended; the next attempt is in `retry_s` seconds. Made by the client."""

    why: str
    retry_s: float


class Back(events.Event, frozen=True, tag="back"):
    """Connected again, after `after_s` seconds; missed events follow. Made by the client."""

    after_s: float


class Visit:
    def __init__(self, address: Address, hello: Hello, history: bool, timeout_s: float) -> None:
        """`timeout_s`: for each attempt to connect and to be let in. Else see `connect`."""
        self.state = State(hello, history=history)
        self.posts = Posts(self.flush)
        self.is_over = False
        self.ended: Exception | None = None  # by what, if not by leaving
        self._address = address
        self._timeout_s = timeout_s
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

    @property
    def is_offline(self) -> bool:
        return self._connection is None or not self.state.is_welcome

    @property
    def lag_s(self) -> float | None:
        return self._connection.lag_s if self._connection else None

    # -- what the room calls

    async def come_in(self) -> None:
        """For the first time. Raises CannotConnect, Refused."""
        try:
            await self._enter()
        except BaseException:
            await self._hang_up()
            raise

    async def stay(self) -> None:
        """Until the program leaves, or the server ends it, or this client has a bug."""
        try:
            while not self._leaving:
                await self._converse()
                if not self._leaving:
                    await self._come_back()
        except Exception as error:
            self.ended = error
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Nothing more is said or told. May be called again: a task that is cancelled before it
        has begun does not come to its `finally`."""
        self.is_over = True
        self.posts.end(self.ended or Unconfirmed("the room was left"))
        self._news.set()
        await self._hang_up()

    def take(self) -> events.Event | None:
        """The next event that was told, or None."""
        event = self._inbox.take()
        self._room_for_more.set()
        return event

    async def until_news(self) -> None:
        """Waits until there is an event to take, or it is over."""
        self._news.clear()
        if not (len(self._inbox) or self.is_over):
            await self._news.wait()

    def flush(self) -> None:
        """Sends what may be sent now."""
        self._room_for_more.set()
        if self._connection is None or not self._may_speak:
            return
        for message in self.posts.flush(self._connection.write):
            if typed.is_farewell(message):
                self._leaving, self._farewell_id = True, message.id

    # -- the connection

    async def _enter(self) -> None:
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
        where, seconds = self._address, f"{self._timeout_s:g}"
        if self._connection is None:
            return CannotConnect(f"{where} does not answer")
        silent = CannotConnect(f"{where} does not answer as a room within {seconds} s")
        return self._connection.why or silent

    async def _be_let_in(self, hello: bytes) -> None:
        connection = await Connection.opened(self._address, self.posts.new_id)
        self._connection = connection
        connection.write(hello)
        while not self.state.is_welcome:
            for event, size in await connection.read():
                if isinstance(event, events.Error) and not self.state.is_welcome:
                    raise Refused(event.code, event.text)
                self._hear(event, size)

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
                await self._enter()
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
        while self._inbox.is_full and not self.posts.is_awaited:
            self._room_for_more.clear()
            await self._room_for_more.wait()

    def _disconnected(self, why: str) -> None:
        self._why = why
        self._offline_since = time.monotonic()
        self.posts.settle(self._farewell_id, events.Pong())  # its answer is the end
        for message in self.posts.disconnected():
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
        self.flush()

    def _note(self, event: events.Event) -> None:
        if isinstance(event, events.Welcome):
            self._welcome()
        elif isinstance(event, events.Live):
            self._may_speak = True
            self.posts.changed()
        else:
            self.posts.settle(getattr(event, "id", None), event)

    def _welcome(self) -> None:
        if self._offline_since is None:
            self._may_speak = True
        else:
            self._tell(Back(time.monotonic() - self._offline_since))
            self._offline_since = None

    def _hear_pong(self, pong: events.Pong) -> None:
        assert self._connection is not None
        if not self._connection.hear_pong(pong):
            self.posts.settle(pong.id, pong)

    def _hear_error(self, error: events.Error, size: int) -> None:
        if error.code == "replaced":
            raise Refused(error.code, error.text)
        if shown := self.posts.hear(error):
            self._tell(shown, size)

    def _tell(self, event: events.Event, size: int = 0) -> None:
        self._inbox.put(event, size)
        self._news.set()
