"""Outgoing hooks: what people say is posted to other programs, without holding the room.

A hook has a queue and a task. The room's part is to put an event into the queue,
which never waits; a hook whose queue is full misses what comes, and the log
says so. What its task sends, it sends in order, each for a few seconds at most
and a few times: `hook_timeout_s`, `hook_retries_s`.

Requests are signed as Standard Webhooks are (www.standardwebhooks.com), for
which there are libraries in most languages: HMAC-SHA256 over id, time and body.
The id is the same each time, so a receiver can tell what it has had.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import quote

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from tcp_room import __version__
from tcp_room.config import Config
from tcp_room.events import Logged
from web_gateway.hooks import Outgoing

_log = logging.getLogger(__name__)
# Later it may be well: time-out, too early, too many requests.
_TRY_AGAIN: Final = (408, 425, 429)
_GONE: Final = 410


class Post(NamedTuple):
    id: str
    body: bytes


def made(room: str, epoch: str, event: Logged) -> Post:
    """What is sent of an event."""
    return Post(
        f"{epoch}.{quote(room)}.{event.seq}", msgspec.json.encode({"room": room, "event": event})
    )


def signature(secret: str, id: str, at: int, body: bytes) -> str:
    """`at` in seconds since 1970. A secret that begins with whsec_ is base64."""
    signed = f"{id}.{at}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        if secret.startswith("whsec_"):
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        pass
    return secret.encode()


class Dispatcher:
    """All outgoing hooks of a house, as long as it is entered."""

    def __init__(
        self, hooks: list[Outgoing], config: Config, left_s: Callable[[], float] | None = None
    ) -> None:
        """When it is left, what waits is sent within `left_s()` seconds; `shutdown_s` without."""
        self._hooks = hooks
        self._config = config
        self._left_s = left_s or (lambda: config.shutdown_s)
        self._session: ClientSession | None = None
        self._senders: list[Sender] = []
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.use(self._hooks)
        return self

    def use(self, hooks: list[Outgoing]) -> None:
        """Sends to these from now on. One that was there before keeps what waits for it; one that
        is no more is sent what waits, and nothing else."""
        kept = [sender for sender in self._senders if sender.hook in hooks]
        old = [sender for sender in self._senders if sender not in kept]
        new = [hook for hook in hooks if all(sender.hook != hook for sender in kept)]
        self._senders = [*kept, *(self._sender(hook) for hook in new)]
        for sender in old:
            task = asyncio.create_task(sender.close(self._config.shutdown_s))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _sender(self, hook: Outgoing) -> Sender:
        if self._session is None:
            timeout = ClientTimeout(total=self._config.hook_timeout_s)
            self._session = ClientSession(timeout=timeout)
        return Sender(hook, self._session, self._config)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        within_s = self._left_s()
        await asyncio.gather(*(sender.close(within_s) for sender in self._senders), *self._closing)
        if self._session is not None:
            await self._session.close()

    def witness(self, room: str, epoch: str, event: Logged) -> None:
        """As logs.witness.Witness."""
        wanting = [sender for sender in self._senders if sender.hook.wants(room, event)]
        post = made(room, epoch, event) if wanting else None
        for sender in wanting:
            assert post is not None
            sender.put(post)


class Sender:
    """One hook's queue and task."""

    def __init__(self, hook: Outgoing, session: ClientSession, config: Config) -> None:
        self.hook = hook
        self._session = session
        self._config = config
        self._queue: asyncio.Queue[Post] = asyncio.Queue(config.hook_queue_posts)
        self._missed = 0
        self._is_gone = False
        self._task = asyncio.create_task(self._run())

    def put(self, post: Post) -> None:
        if self._is_gone:
            return
        try:
            self._queue.put_nowait(post)
        except asyncio.QueueFull:
            self._missed += 1
            if self._missed == 1:
                _log.warning("%s is too slow: it misses what is said now", self.hook.url)

    async def close(self, within_s: float) -> None:
        """What waits has so long to be sent."""
        try:
            async with asyncio.timeout(within_s):
                await self._queue.join()
        except TimeoutError:
            _log.warning("%s did not get %d posts", self.hook.url, self._queue.qsize() + 1)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        while True:
            post = await self._queue.get()
            await self._deliver(post)
            self._queue.task_done()
            if self._missed and self._queue.empty():
                _log.warning("%s has missed %d posts", self.hook.url, self._missed)
                self._missed = 0

    async def _deliver(self, post: Post) -> None:
        for pause_s in (*self._config.hook_retries_s, None):
            why = "" if self._is_gone else await self._try(post)
            if not why:
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        _log.warning("%s did not take %s: %s", self.hook.url, post.id, why)

    async def _try(self, post: Post) -> str:
        """Nothing if it is done with; else why it must be tried again."""
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"oneroom/{__version__}",
            "webhook-id": post.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self.hook.secret, post.id, at, post.body),
        }
        try:
            async with self._session.post(
                self.hook.url, data=post.body, headers=headers, allow_redirects=False
            ) as answer:
                return self._judge(answer.status, post)
        except (ClientError, OSError, TimeoutError) as error:
            return str(error) or type(error).__name__

    def _judge(self, status: int, post: Post) -> str:
        if status >= 500 or status in _TRY_AGAIN:
            return f"status {status}"
        if status == _GONE:
            _log.warning("%s is gone: it is sent nothing more", self.hook.url)
            self._is_gone = True
        elif status >= 300:
            _log.warning("%s refuses %s: status %d", self.hook.url, post.id, status)
        return ""
