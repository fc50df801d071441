"""What a client has said and the server has not acknowledged, in the order it was said.

It outlives a connection. What was on its way when the connection broke is sent
again: its id makes the server answer with the first one's event, so that it is
said once. A private word is in no log and cannot be known again; to send it
twice would be worse than to tell that nobody knows.

A command goes alone: who goes to another room on the heels of a word would not
be there any more when that is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcp_room.messages import Command, Dm, Join, Message


class Outbox:
    def __init__(self, window: int) -> None:
        """At most `window` messages are on their way at a time."""
        self._window = window
        self._waiting: dict[str, Message] = {}  # by id, in order
        self._sent: set[str] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: Message) -> None:
        """`message` must have an id that no other one has."""
        assert message.id is not None and message.id not in self._waiting
        self._waiting[message.id] = message

    def due(self) -> Iterator[Message]:
        """What is to be sent now. Each counts as sent when it is taken."""
        for id, message in list(self._waiting.items()):
            if id not in self._sent:
                if self._must_wait(message):
                    return
                self._sent.add(id)
                yield message

    def _must_wait(self, message: Message) -> bool:
        if isinstance(message, Command | Join):
            return bool(self._sent)
        is_behind_one = any(isinstance(self._waiting[id], Command | Join) for id in self._sent)
        return is_behind_one or len(self._sent) >= self._window

    def settle(self, id: str | None) -> bool:
        """The server has answered. False if nothing of that id waits."""
        if id is None or self._waiting.pop(id, None) is None:
            return False
        self._sent.discard(id)
        return True

    def disconnected(self) -> list[Message]:
        """Everything is to be sent again. What cannot be is taken out, and returned."""
        sent = [(id, message) for id, message in self._waiting.items() if id in self._sent]
        lost = {id: message for id, message in sent if isinstance(message, Dm)}
        for id in lost:
            del self._waiting[id]
        self._sent.clear()
        return list(lost.values())
