"""The people of the drill: programs that talk and count, and readers on every door."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import msgspec

from tests.doors import DOORS, Address, Event, Link, Refused, Visitor
from tests.faults.server import House
from tests.verdict import Gap, Seen

# Doors at which a reader is told seqs, and resumes by them.
NUMBERED: Final = ("tcp-json", "ws-json", "sse", "ndjson")
_numbers: Final = itertools.count(1)


class Talker:
    """A program on the line door: asks with ids, and collects the answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answers: dict[str, asyncio.Future[Event]] = {}
        self.heard: list[Event] = []
        self.silent = ""
        self.acks: dict[str, Seen] = {}  # by id
        self.refusals: dict[str, str] = {}  # code by id
        self._listening = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while line := await self._reader.readline():
                if line.startswith(b"{"):
                    self._hear(msgspec.json.decode(line, type=Event))
        self._writer.close()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the connection is over"))
                answer.exception()  # whoever waits for it sees it; nobody else need

    def _hear(self, event: Event) -> None:
        answer = self._answers.pop(event.id or "", None)
        if answer is None or answer.done():
            self.heard.append(event)
        else:
            answer.set_result(event)

    def send(self, message: dict[str, Any]) -> None:
        self._writer.write(msgspec.json.encode(message) + b"\n")

    def ask(self, kind: str, **fields: Any) -> asyncio.Future[Event]:
        """The answer to a request, by its id."""
        id = fields.setdefault("id", f"q{next(_numbers)}")
        answer = self._answers[id] = asyncio.get_running_loop().create_future()
        self.send({"kind": kind, **fields})
        return answer

    async def post(self, text: str, id: str | None = None) -> Event:
        """A message, with its answer noted in `acks` or `refusals`."""
        id = id or f"m{next(_numbers)}"
        event = await self.ask("say", text=text, id=id)
        self.note(id, event)
        return event

    def note(self, id: str, event: Event) -> None:
        if event.kind == "error":
            self.refusals[id] = event.code
        else:
            self.acks[id] = Seen(event.seq, event.text)

    async def post_all(self, texts: Iterable[str], window: int = 64) -> None:
        """Messages, so many at a time."""
        waiting: dict[str, asyncio.Future[Event]] = {}
        for text in texts:
            id = f"m{next(_numbers)}"
            waiting[id] = self.ask("say", text=text, id=id)
            if len(waiting) >= window:
                await self._settle(waiting)
        await self._settle(waiting)

    async def _settle(self, waiting: dict[str, asyncio.Future[Event]]) -> None:
        for id, answer in waiting.items():
            self.note(id, await answer)
        waiting.clear()

    async def pages(self, after: int = 0, limit: int = 500) -> list[Event]:
        """The whole log from `after` on, by `history`; of a page that fails, its error alone.

        What it skips in silence is noted in `silent`.
        """
        found: list[Event] = []
        self.silent = ""
        while True:
            page = await self.ask("history", after=after, limit=limit)
            if page.kind == "error":
                return [page]
            found += page.events
            self.silent = self.silent or skipped(page, after)
            if not page.more:
                return found
            after = max(page.reaches, after + 1)

    async def until(self, is_so: Callable[[Event], bool], patience_s: float = 10.0) -> bool:
        return await soon(lambda: any(map(is_so, self.heard)), patience_s)

    async def drained(self, patience_s: float) -> None:
        """Waits until what was sent is on its way, for so long at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._writer.drain(), patience_s)
        await asyncio.sleep(0)

    def close(self) -> None:
        self._listening.cancel()
        self._writer.transport.abort()


def skipped(page: Event, after: int) -> str:
    """The first event that a page leaves out in silence: neither shown, nor in one of its gaps,
    nor (as far as the page says so) older than all that is kept."""
    due = after + 1
    shown = [(event.seq, event.seq) for event in page.events]
    for first, last in sorted(shown + [(gap["from"], gap["to"]) for gap in page.gaps]):
        if first > max(due, page.oldest):
            return f"{first} where {due} is due"
        due = last + 1
    return ""


@asynccontextmanager
async def talker(
    house: House, nick: str, room: str = "lobby", patience_s: float = 15.0, **hello: Any
) -> AsyncIterator[Talker]:
    """In, when the block begins. Raises TimeoutError."""
    reader, writer = await asyncio.open_connection(*house.tcp, limit=1 << 24)
    client = Talker(reader, writer)
    client.send({"kind": "hello", "nick": nick, "room": room, **hello})
    try:
        if not await client.until(lambda event: event.kind == "live", patience_s):
            raise TimeoutError(f"{nick} was not live after {patience_s} s")
        yield client
    finally:
        client.close()


async def soon(is_so: Callable[[], bool], patience_s: float = 10.0) -> bool:
    """Whether it comes to be so in time."""
    end = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


async def fill(
    house: House, room: str, count: int, text: Callable[[int], str], *, ids: bool = False
) -> None:
    """Says very much, fast; returns when all of it is acknowledged."""
    reader, writer = await asyncio.open_connection(*house.tcp, limit=1 << 24)
    writer.write(msgspec.json.encode({"kind": "hello", "nick": "filler", "room": room}) + b"\n")
    while b'"live"' not in await reader.readline():
        pass
    said, heard, rest = 0, 0, b""
    while heard < count:
        while said < count and said - heard < 2000:
            lines = [
                msgspec.json.encode(
                    {"kind": "say", "text": text(number)}
                    | ({"id": secrets.token_hex(8)} if ids else {})
                )
                for number in range(said, min(said + 500, count))
            ]
            said += len(lines)
            writer.write(b"\n".join(lines) + b"\n")
        data = await reader.read(1 << 20)
        if not data:
            raise ConnectionResetError("the server ended the filling")
        *whole, rest = (rest + data).split(b"\n")
        heard += sum(line.startswith(b'{"kind":"say"') for line in whole)
    writer.transport.abort()


class Listener:
    """A reader at one door, which comes back with its place whenever it is cut."""

    def __init__(self, house: House, door: str, room: str = "lobby", nick: str = "") -> None:
        self._house, self.door, self._room = house, door, room
        self._nick = nick or f"{door}-{next(_numbers)}"
        self._session = f"session-of-{self._nick}".ljust(16, "x")
        self.items: list[Seen | Gap] = []
        self.errors: list[Event] = []
        self.visits = 0
        self.place: int | None = 0 if DOORS[door].numbered else None
        self.epoch: str | None = None
        self._is_in = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._read())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _read(self) -> None:
        while True:
            await self._house.up.wait()
            with contextlib.suppress(OSError, Refused):
                await self._visit()
            await asyncio.sleep(0.02)

    async def _visit(self) -> None:
        door = DOORS[self.door]()
        address = self._house.web if door.is_web else self._house.tcp
        visitor = Visitor(self._room, self._nick, self._session, self.place, self.epoch)
        link = await Link.open(address, door, visitor, slow=False)
        try:
            self._is_in = not door.numbered  # the text view is in with the first line
            events = await link.enter(visitor)
            self.visits += 1
            while True:
                for event in events:
                    self._note(event)
                events = await link.events()
        finally:
            link.cut()

    def _note(self, event: Event) -> None:
        if event.epoch:
            self.epoch = event.epoch
        if event.kind in ("say", "act", "topic"):
            self.items.append(Seen(event.seq, event.text))
            self.place = event.seq if self.place is not None else None
        elif event.kind == "gap":
            gap = Gap(int(event.first or 0), int(event.last or 0), event.reason)
            self.items.append(gap)
            if gap.reason != "epoch" and self.place is not None:
                self.place = gap.last
        elif event.kind == "welcome":
            self._is_in = True
        elif event.kind == "error":
            self.errors.append(event)
            if not self._is_in:
                raise Refused(event.code)  # and comes again

    def has(self, text: str) -> bool:
        return any(isinstance(item, Seen) and item.key == text for item in self.items)

    def gaps(self, reason: str = "") -> list[Gap]:
        found = (item for item in self.items if isinstance(item, Gap))
        return [gap for gap in found if reason in ("", gap.reason)]

    async def until(self, text: str, patience_s: float = 15.0) -> bool:
        return await soon(lambda: self.has(text), patience_s)


@asynccontextmanager
async def listeners(
    house: House, doors: Sequence[str] = NUMBERED, room: str = "lobby"
) -> AsyncIterator[list[Listener]]:
    """One reader at each door, all of them in."""
    readers = [Listener(house, door, room) for door in doors]
    for reader in readers:
        reader.start()
    try:
        if not await soon(lambda: all(reader.visits for reader in readers)):
            raise TimeoutError("not every reader came in")
        yield readers
    finally:
        for reader in readers:
            await reader.stop()


class Answer(msgspec.Struct):
    """What a request by HTTP came to; status 0: nothing."""

    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.json.decode(self.body)
        return found

    def page(self) -> Event:
        return msgspec.json.decode(self.body, type=Event)

    @property
    def is_json(self) -> bool:
        return self.body.startswith(b"{")


async def http(
    address: Address | None,
    method: str,
    path: str,
    body: str = "",
    headers: Sequence[str] = (),
    patience_s: float = 15.0,
) -> Answer:
    """One request on a connection of its own."""
    try:
        async with asyncio.timeout(patience_s):
            return await _http(address, method, path, body.encode(), headers)
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return Answer(0, b"")


async def _http(
    address: Address | None, method: str, path: str, body: bytes, headers: Sequence[str]
) -> Answer:
    assert address is not None
    reader, writer = await asyncio.open_connection(*address, limit=1 << 24)
    head = [f"{method} {path} HTTP/1.1", f"Host: localhost:{address[1]}", "Connection: close"]
    head += ["Content-Type: text/plain", f"Content-Length: {len(body)}", *headers, "", ""]
    try:
        writer.write("\r\n".join(head).encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        return Answer(int(answer.split(maxsplit=2)[1]), await reader.read())
    finally:
        writer.transport.abort()


def messages(room: str = "lobby", **query: object) -> str:
    asked = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return f"/rooms/{room}/messages?{asked}"


class Bystanders:
    """People in another room, who ping: how long each answer takes."""

    def __init__(self, clients: Sequence[Talker], pause_s: float) -> None:
        self._pause_s = pause_s
        self.times_s: list[float] = []
        self._tasks = [asyncio.ensure_future(self._ping(client)) for client in clients]

    async def _ping(self, client: Talker) -> None:
        with contextlib.suppress(OSError):
            while True:
                started = time.monotonic()
                await client.ask("ping")
                self.times_s.append(time.monotonic() - started)
                await asyncio.sleep(self._pause_s)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def ms(self, share: float, since: int = 0) -> float:
        """A percentile of the answers from number `since` on."""
        times = sorted(self.times_s[since:]) or [float("inf")]
        return times[min(int(len(times) * share), len(times) - 1)] * 1000


@asynccontextmanager
async def bystanders(
    house: House, count: int = 1, pause_s: float = 0.005
) -> AsyncIterator[Bystanders]:
    async with contextlib.AsyncExitStack() as all_of_them:
        coming = [talker(house, f"bystander-{number}", "elsewhere") for number in range(count)]
        clients = [await all_of_them.enter_async_context(one) for one in coming]
        pinging = Bystanders(clients, pause_s)
        try:
            yield pinging
        finally:
            pinging.stop()
