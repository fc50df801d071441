"""What a client says, from the call to the answer.

It owns the ids, the outbox, and the futures of callers that wait for an answer. It never touches
a connection: `flush` is given the function that writes.

The server answers a message with an event that carries its id, or with an error:

- `busy`: the server could not take it yet. `unknown`: the log cannot tell whether it has it. The
  message stays here and is sent again with the same id after a pause, so it is said once.
- Any other error is final.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from typing import Final

from oneroom_client.backoff import Backoff
from oneroom_client.errors import Refused, Unconfirmed
from oneroom_client.outbox import Outbox
from oneroom_client.wire import encode
from tcp_room import events, messages
from tcp_room.errors import RoomError

# Posts on their way at a time: enough to fill a turn of the server, few enough to send again.
WINDOW_MESSAGES: Final = 64

# The log recognizes these by their ids.
_LOGGED: Final = (messages.Say, messages.Act, messages.Topic)
# Not every answer to these carries an id. The pong to a ping that follows them does.
_ANSWERED_BY_PONG: Final = (messages.Command, messages.Join, messages.Hello, messages.Typing)
# The reason for a pause is shown once, until the server takes a message again.
_BUSY: Final = events.Notice(
    "the server is busy; your messages wait here and are sent when it takes them"
)
_UNKNOWN: Final = events.Notice(
    "the server cannot tell yet whether it has your message; it is asked again"
)


class Posts:
    def __init__(self, on_due: Callable[[], None]) -> None:
        """`on_due` is called when messages can be sent again: `flush` sends them."""
        self._on_due = on_due
        self._outbox = Outbox(WINDOW_MESSAGES)
        self._answers: dict[str, asyncio.Future[events.Event]] = {}
        self._changed = asyncio.Event()
        self._backoff = Backoff(random.random)
        self._pause: asyncio.TimerHandle | None = None
        self._mark = secrets.token_urlsafe(12)
        self._made = 0
        self._end: Exception | None = None
        self._was_told = False  # why there is a pause

    def __len__(self) -> int:
        """Messages that are not answered yet."""
        return len(self._outbox)

    @property
    def is_awaited(self) -> bool:
        """Whether an answer is expected, by a caller or by the outbox."""
        return bool(self._answers or self._outbox)

    # -- ids

    def new_id(self) -> str:
        """An id that no other client makes."""
        self._made += 1
        return f"{self._mark}-{self._made}"

    def made(self, id: str | None) -> bool:
        """Whether `new_id` returned that."""
        return (id or "").startswith(f"{self._mark}-")

    # -- out

    def put(self, message: messages.Message) -> None:
        """`message` must have an id. Raises Refused (bad_utf8, bad_text, id_reused), Unconfirmed:
        then it is not sent."""
        assert message.id is not None
        if self._end is not None:
            raise self._end
        if message.id in self._outbox:
            raise Refused(
                "id_reused", "a message with that id is on its way; give each message its own id"
            )
        try:
            self._outbox.put(message, encode(message))
        except RoomError as error:
            raise Refused.by(error) from None

    async def answer(self, message: messages.Message, flush: Callable[[], None]) -> events.Event:
        """Puts the message, calls `flush`, and waits. Raises as `put`, and when it is refused.

        Cancellation withdraws the message: it is not sent (again).
        """
        self.put(message)
        assert message.id is not None
        answer: asyncio.Future[events.Event] = asyncio.get_running_loop().create_future()
        self._answers[message.id] = answer
        try:
            flush()
            return await answer
        finally:
            del self._answers[message.id]
            if not answer.done() or answer.cancelled():
                self._outbox.withdraw(message.id)
                self.changed()

    def flush(self, write: Callable[[bytes], None]) -> list[messages.Message]:
        """Writes what may be sent now; returns it."""
        written = []
        while post := self._outbox.due():
            write(post.line)
            if isinstance(post.message, _ANSWERED_BY_PONG):
                write(encode(messages.Ping(id=post.id)))
            self._outbox.sent(post)
            written.append(post.message)
        return written

    # -- in

    def settle(self, id: str | None, answer: events.Event) -> None:
        """An event came that carries `id`."""
        if isinstance(answer, events.Pong) and self._outbox.on_its_way(id) is None:
            return  # it follows a `busy`
        if self._outbox.settle(id):
            self._backoff.reset()
            self._was_told = False
            if waiting := self._waiting(id):
                waiting.set_result(answer)
            self.changed()

    def hear(self, error: events.Error) -> events.Event | None:
        """Takes an error. Returns what is to be shown of it."""
        message = self._outbox.on_its_way(error.id)
        if error.code == "busy" and message is not None:
            return self._postpone(message, _BUSY)
        if error.code == "unknown" and isinstance(message, _LOGGED):
            return self._postpone(message, _UNKNOWN)
        if self._outbox.settle(error.id):
            is_open = error.code == "unknown"  # and no id would be recognized
            self._fail(error.id, Unconfirmed(error.text) if is_open else _refusal(error))
            self.changed()
        return error

    def _postpone(self, message: messages.Message, notice: events.Notice) -> events.Notice | None:
        assert message.id is not None
        self._outbox.postpone(message.id)
        if self._pause is None:
            loop = asyncio.get_running_loop()
            self._pause = loop.call_later(self._backoff.next(), self._resume)
        was_told, self._was_told = self._was_told, True
        self.changed()
        return None if was_told else notice

    def _resume(self) -> None:
        self._pause = None
        self._outbox.resume()
        self._on_due()

    def disconnected(self) -> list[messages.Message]:
        """The connection broke. Returns messages of which nobody knows whether they arrived."""
        lost = self._outbox.disconnected()
        for message in lost:
            self._fail(message.id, Unconfirmed("the connection broke before the answer came"))
        self.changed()
        return lost

    def end(self, error: Exception) -> None:
        """No answer will come. Everybody who waits for one gets `error`."""
        self._end = error
        if self._pause is not None:
            self._pause.cancel()
        for id in self._answers:
            self._fail(id, error)
        self.changed()

    def _waiting(self, id: str | None) -> asyncio.Future[events.Event] | None:
        answer = self._answers.get(id or "")
        return None if answer is None or answer.done() else answer

    def _fail(self, id: str | None, error: Exception) -> None:
        if answer := self._waiting(id):
            answer.set_exception(error)

    # -- conditions

    def changed(self) -> None:
        """Has `until` look at its condition again."""
        self._changed.set()

    async def until(self, is_so: Callable[[], bool], silence_s: float | None = None) -> None:
        """Waits for a condition. Raises Unconfirmed when nothing changes for `silence_s`, or the
        error that ended the room."""
        while not is_so():
            if self._end is not None:
                raise self._end
            self._changed.clear()
            try:
                async with asyncio.timeout(silence_s):
                    await self._changed.wait()
            except TimeoutError:
                raise Unconfirmed(f"no answer for {silence_s:g} s") from None


def _refusal(error: events.Error) -> Refused:
    return Refused(error.code, error.text)
