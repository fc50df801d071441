"""A room, seen from a client: messages in, events out, for as long as the program likes.

This is what programs call. `Visit` does the work; `Offline` and `Back` among the events are all
that a program sees of reconnections.

- An event is told once, in order; a hole in the log is told as a `gap`.
- Nothing is sent that has no form in UTF-8.
- A message that was given up (cancelled, timed out) is not sent later.
- An error that is nobody's fault but this client's ends the room and is raised to its user.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self, TypeVar

from oneroom_client.address import Address, parse
from oneroom_client.errors import Refused, Unconfirmed
from oneroom_client.state import State
from oneroom_client.visit import Visit
from tcp_room import events, messages

# For connecting, and for the welcome.
ENTER_S: Final = 30.0

_Answer = TypeVar("_Answer", bound=events.Event)


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
    session: str | None = None,
    timeout_s: float = ENTER_S,
) -> Room:
    """A room, to be entered with `async with`.

    `address`: HOST[:PORT], unix:PATH, or the address of the page; localhost:9000 if it is empty.
    `nick`: `guest-N` without one. `room`: the lobby without one.
    `since`, `epoch`: the last event that the program has seen; the events after it follow.
    `bot`: others see a program. `watch`: only read; nobody sees the reader, who may call `who`
    and `history`. `history`: False if nothing that was said before is wanted.
    `session`: a secret of 16 to 64 characters, drawn anew without one. The server recognizes ids
    of the same session: a program that keeps it can say something once through its restarts.
    `timeout_s`: seconds for connecting and being let in, for each attempt.

    Raises AddressError.
    """
    where = address if isinstance(address, Address) else parse(address)
    hello = messages.Hello(
        nick=None if watch else nick,
        room=room or where.room,
        since=since,
        epoch=epoch,
        session=session or secrets.token_urlsafe(24),
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
    `id` (1 to 64 printable ASCII characters, unique): saying the same text with the same id
    again, in the same session (see `connect`), says nothing twice and returns the first event.
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
        self._visit = Visit(address, hello, history, timeout_s)
        self._was_raised = False  # what ended it, to the program
        self._task: asyncio.Task[None] | None = None

    # -- in and out

    async def __aenter__(self) -> Self:
        """Raises CannotConnect, Refused."""
        await self._visit.come_in()
        self._task = asyncio.create_task(self._visit.stay())
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
        if self._task is not None:
            self._task.cancel()
            try:
                await asyncio.wait({self._task})
            finally:
                await self._visit.leave()
        ended = self._visit.ended
        is_a_bug = ended is not None and not isinstance(ended, Refused)
        if is_a_bug and error is None and not self._was_raised:
            raise self._why_it_ended()

    # -- reading

    def __aiter__(self) -> AsyncIterator[events.Event]:
        return self

    async def __anext__(self) -> events.Event:
        """The next event. Stops when the room was left; raises Refused if the server ended it
        (`replaced`), and any error that ended it."""
        while (event := self._visit.take()) is None:
            if self.is_over:
                if self._visit.ended is not None:
                    raise self._why_it_ended()
                raise StopAsyncIteration
            await self._visit.until_news()
        return event

    def waiting(self) -> list[events.Event]:
        """The events that were told already, without waiting."""
        return list(iter(self._visit.take, None))

    def _why_it_ended(self) -> Exception:
        self._was_raised = True
        return self._visit.ended or Unconfirmed("the room was left")

    # -- what it is like

    @property
    def state(self) -> State:
        """Its name, the room's topic, who is here."""
        return self._visit.state

    @property
    def is_over(self) -> bool:
        """Whether it was left, or has ended. Nothing more comes."""
        return self._visit.is_over

    @property
    def is_offline(self) -> bool:
        """Whether there is no connection just now."""
        return self._visit.is_offline

    @property
    def lag_s(self) -> float | None:
        """Seconds that the last ping took; None if none was answered on this connection."""
        return self._visit.lag_s

    @property
    def unanswered(self) -> int:
        """Messages that were posted and not answered yet."""
        return len(self._visit.posts)

    def new_id(self) -> str:
        """An id for a message, which no other client makes."""
        return self._visit.posts.new_id()

    def is_own(self, event: events.Event) -> bool:
        """Whether this program said it, on this connection or one before it."""
        return (
            isinstance(event, events.Logged)
            and event.nick == self.state.nick
            and self._visit.posts.made(event.id)
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
                return await self._visit.posts.answer(message, self._visit.flush)
        except TimeoutError:
            raise Unconfirmed(f"not acknowledged within {timeout_s:g} s") from None

    def post(self, message: messages.Message) -> None:
        """Posts a message, which must have an id, and does not wait: the answer is among the
        events. Raises Refused (bad_utf8, bad_text, id_reused), Unconfirmed (the room was left):
        then it is not sent."""
        self._must_be_in()
        self._visit.posts.put(message)
        self._visit.flush()

    async def settled(self, at_most: int = 0, silence_s: float = 30.0) -> None:
        """Waits until no more than `at_most` posts are unanswered.

        Raises Unconfirmed when nothing is answered for `silence_s` seconds, or the room was left
        before; and Refused.
        """
        await self._visit.posts.until(lambda: self.unanswered <= at_most, silence_s)

    async def until_live(self) -> None:
        """Waits until everything that was said before has been told."""
        await self._visit.posts.until(lambda: self.state.is_live or self.is_over)

    def _must_be_in(self) -> None:
        if self._task is None:
            raise RuntimeError("enter the room first: async with connect(...) as room")
