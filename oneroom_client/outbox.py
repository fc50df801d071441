"""Messages that the server has not answered yet, in the order in which they were posted.

It owns which of them are on their way. It outlives a connection.

- A message counts as sent after the connection took it, never before.
- A message that was on its way when the connection broke is sent again: its id makes the server
  answer with the first event, so it is said once. A private message is in no log, so the server
  could not recognize it: it is given up instead.
- A withdrawn message is never sent, or never sent again.
- A command goes alone. After `/join attic`, the answer to an earlier message would not come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tcp_room.messages import Command, Dm, Hello, Join, Message

_ALONE: Final = (Command, Join, Hello)


@dataclass(frozen=True, slots=True)
class Post:
    """A message and its line on the wire, without an end. `number` gives the order."""

    message: Message
    line: bytes
    number: int

    @property
    def id(self) -> str:
        assert self.message.id is not None
        return self.message.id

    @property
    def goes_alone(self) -> bool:
        return isinstance(self.message, _ALONE)


class Outbox:
    def __init__(self, window: int) -> None:
        """At most `window` messages are on their way at a time."""
        self._window = window
        self._count = 0
        self._unsent: dict[str, Post] = {}  # by id, in order, as the two below
        self._sent: dict[str, Post] = {}
        self._postponed: dict[str, Post] = {}
        self._withdrawn: set[str] = set()  # ids of `_sent`
        self.is_paused = False

    def __len__(self) -> int:
        """Messages that somebody still wants to be answered."""
        return self._all - len(self._withdrawn)

    def __contains__(self, id: str | None) -> bool:
        return id in self._unsent or id in self._sent or id in self._postponed

    @property
    def _all(self) -> int:
        return len(self._unsent) + len(self._sent) + len(self._postponed)

    def on_its_way(self, id: str | None) -> Message | None:
        """The message of that id, if it was sent and not answered."""
        post = self._sent.get(id or "")
        return post.message if post else None

    def put(self, message: Message, line: bytes) -> None:
        """`message` must have an id that no other message here has."""
        assert message.id is not None and message.id not in self
        self._count += 1
        self._unsent[message.id] = Post(message, line, self._count)

    def due(self) -> Post | None:
        """The message to be sent next, if one may be sent now. See `sent`."""
        post = next(iter(self._unsent.values()), None)
        if post is None or self.is_paused or self._must_wait(post):
            return None
        return post

    def _must_wait(self, post: Post) -> bool:
        if post.goes_alone:
            return bool(self._sent)
        follows_one = any(sent.goes_alone for sent in self._sent.values())
        return follows_one or len(self._sent) >= self._window

    def sent(self, post: Post) -> None:
        """The connection has taken the message that was due."""
        self._sent[post.id] = self._unsent.pop(post.id)

    def settle(self, id: str | None) -> Message | None:
        """The server has answered. Returns the message of that id, if there is one."""
        if id is None:
            return None
        self._withdrawn.discard(id)
        for posts in (self._sent, self._unsent, self._postponed):
            if post := posts.pop(id, None):
                return post.message
        return None

    def postpone(self, id: str) -> None:
        """A message on its way was not taken: it is sent again after `resume`."""
        self.is_paused = True
        post = self._sent.pop(id)
        if id in self._withdrawn:
            self._withdrawn.discard(id)
        else:
            self._postponed[id] = post

    def resume(self) -> None:
        """Ends the pause after `postpone`."""
        self.is_paused = False
        self._requeue(self._postponed)
        self._postponed = {}

    def withdraw(self, id: str) -> None:
        """Nobody wants that message to be sent (again)."""
        if id in self._sent:
            self._withdrawn.add(id)
        else:
            self.settle(id)

    def disconnected(self) -> list[Message]:
        """What was on its way is unsent again. Returns messages that cannot be sent again."""
        posts = {id: post for id, post in self._sent.items() if id not in self._withdrawn}
        lost = [post for post in posts.values() if isinstance(post.message, Dm)]
        self._sent, self._withdrawn = {}, set()
        for post in lost:
            del posts[post.id]
        self._requeue(posts)
        return [post.message for post in lost]

    def _requeue(self, posts: dict[str, Post]) -> None:
        """These are sent first again, in their order."""
        if posts:
            every = sorted([*posts.values(), *self._unsent.values()], key=lambda post: post.number)
            self._unsent = {post.id: post for post in every}
