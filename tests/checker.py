"""Is everything that was acknowledged there, once, in one order, for everybody?

    python -m tests.checker --kills 5 --cuts 200 --pause 4
    python -m tests.checker --url http://localhost:8080 --tcp localhost:9000 --seconds 10

Writers with ids (who try again, with the same id, until they are answered) and
readers at all doors talk while things go wrong: the server is killed and started
again, connections are reset in the midst of anything, readers stop reading. Then
the log is read, and `tests.verdict` judges what everybody saw. It is not told
what the server meant to do, only what went over the wire.

Faults come at places in the conversation, drawn from the seed: the third kill
when so many posts are acknowledged. Nothing waits for time to pass.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from tests.doors import DOORS, Address, Door, Event, Link, Refused, Visitor
from tests.verdict import BEGIN, END, Gap, Reading, Record, Seen, Verdict, Visit, Writing, judge

ROOT: Final = Path(__file__).parent.parent
READER_DOORS: Final = ("tcp-text", "tcp-json", "ws-json", "sse", "ndjson")
WRITER_DOORS: Final = ("tcp-json", "ws-json", "http-post")
# How long a client waits that finds nobody at the door of a server that is not ours to ask.
_KNOCK_AGAIN_S: Final = 0.1
# Below the ports that the kernel gives to clients: no client of ours may sit on a server's port
# while that is restarted.
_PORTS: Final = range(20_000, 32_000)
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `seconds`, if given, ends it instead of `messages`."""

    writers: int = 4
    readers: int = 10
    messages: int = 20_000
    seconds: float = 0.0
    text_bytes: int = 24
    kills: int = 0
    cuts: int = 0
    pause: int = 0
    late: bool = False
    seed: int = 1
    doors: Sequence[str] = READER_DOORS
    writer_doors: Sequence[str] = WRITER_DOORS
    patience_s: float = 20.0


class Target(Protocol):
    """A server. `up` is cleared while it is known not to be there."""

    up: asyncio.Event

    @property
    def tcp(self) -> Address: ...
    @property
    def web(self) -> Address | None: ...

    async def kill(self) -> None:
        """Ends it without a word, and starts it again."""


class Running:
    """A server that somebody else started."""

    def __init__(self, tcp: Address, web: Address | None) -> None:
        self.tcp, self.web = tcp, web
        self.up = asyncio.Event()
        self.up.set()

    async def kill(self) -> None:
        raise NotImplementedError("only a server that the checker started can be killed")


class Served:
    """A server process of our own, on the same ports in each of its lives."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        root: Path = ROOT,
        environment: Mapping[str, str] = {},
        prefix: Sequence[str] = (),
        complaints: Path | None = None,
    ) -> None:
        """With its log in `folder`, and its stderr in `complaints` (default: `folder`/stderr).

        `root` is the checkout whose server runs, with its own .venv; `prefix` are the words before
        the command, `environment` is added to ours.
        """
        self.tcp, self.web = ("127.0.0.1", free_port()), ("127.0.0.1", free_port())
        self.up = asyncio.Event()
        self.opened = ""  # the sentence with which it opened
        self._root, self._environment, self._prefix = root, environment, prefix
        self._complaints = complaints or folder / "stderr"
        self._arguments = [
            *("--tcp-port", str(self.tcp[1]), "--http-port", str(self.web[1])),
            *("--data", str(folder), "--rate", "0", "--per-address", "0", *flags),
        ]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    @property
    def command(self) -> list[str]:
        """The server's, without its flags."""
        own = self._root / ".venv" / "bin" / "python"
        return [sys.executable if self._root == ROOT else str(own), "-m", "web_gateway"]

    @property
    def environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if "ONEROOM" not in name}
        return {**ours, "PYTHONPATH": str(self._root), **self._environment}

    async def start(self, *flags: str, patience_s: float = 20.0) -> None:
        """Until it says that it is open. Raises RuntimeError, TimeoutError."""
        with self._complaints.open("ab") as complaints:
            self._process = await asyncio.create_subprocess_exec(
                *(*self._prefix, *self.command, *self._arguments, *flags),
                cwd=self._root,
                env=self.environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=complaints,
            )
        assert self._process.stdout is not None
        sentence = await asyncio.wait_for(self._process.stdout.readline(), patience_s)
        if b" is open" not in sentence:
            await self._process.wait()
            raise RuntimeError(f"the server did not open: {self.complaints() or sentence!r}")
        self.opened = sentence.decode()
        self.up.set()

    async def kill(self) -> None:
        self.up.clear()
        self.process.kill()
        await self.process.wait()
        await self.start()

    async def stop(self) -> None:
        """As an operator would."""
        self.up.clear()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), timeout=15)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise

    def complaints(self) -> str:
        return self._complaints.read_text(errors="replace").strip()

    def peak_kb(self) -> int:
        """The most memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])


def free_port() -> int:
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@asynccontextmanager
async def served(folder: Path, *flags: str) -> AsyncIterator[Served]:
    server = Served(folder, *flags)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


# -- the clients


class _Reader:
    """Comes back when it is cut, and reads on behind what it has seen."""

    def __init__(self, run: Run, reading: Reading, *, slow: bool) -> None:
        self._run, self.reading, self._slow = run, reading, slow
        self.is_in = asyncio.Event()
        self.may_read = asyncio.Event()
        if not slow:
            self.may_read.set()

    async def read(self) -> None:
        """To the end of the run, over as many connections as it takes."""
        while not self.reading.has_end:
            await self._run.target.up.wait()
            reading = self.reading
            visitor = self._run.visitor(reading.name, reading.last if reading.numbered else None)
            visit = Visit()
            try:
                async with self._run.link(reading.door, visitor, slow=self._slow) as link:
                    reading.visits.append(visit)
                    await self._listen(link, visit, await link.enter(visitor))
            except OSError:
                visit.is_cut = True
            except Refused:
                if not self.is_in.is_set():
                    raise
                # The server has yet to notice that the last connection was cut, and keeps the name.
                visit.is_cut = True
                await asyncio.sleep(0.05)
            if self.may_read.is_set():
                self._slow = False

    async def _listen(self, link: Link, visit: Visit, events: list[Event]) -> None:
        while True:
            for event in events:
                if self._note(event, visit):
                    return
            if self.is_in.is_set():
                await self.may_read.wait()
            events = await link.events()

    def _note(self, event: Event, visit: Visit) -> bool:
        """Writes it down; whether that was all."""
        if event.kind == "say":
            visit.items.append(self._run.seen(event))
            return event.key == END
        if event.kind == "gap":
            visit.items.append(Gap(int(event.first), int(event.last), event.reason))
        elif event.kind == "welcome":
            self.is_in.set()
        elif event.kind == "error" and event.code != "replaced":
            self._run.trouble(self.reading.name, event)
        return False


class _Writer:
    """Says what it is given, and again until it is answered."""

    def __init__(self, run: Run, writing: Writing, more: Callable[[Writing], str | None]) -> None:
        """`more` gives the key of the next post, and None at the end."""
        self._run, self._writing, self._more = run, writing, more
        self._waiting: dict[str, None] = {}
        self._is_over = False

    async def write(self) -> None:
        while not self._is_over or self._waiting:
            await self._run.target.up.wait()
            try:
                visitor = self._run.visitor(self._writing.name)
                async with self._run.link(self._writing.door, visitor) as link:
                    await link.enter(visitor)
                    await self._talk(link)
            except OSError:
                self._writing.reconnects += 1

    async def _talk(self, link: Link) -> None:
        link.send(b"".join(map(partial(self._post, link), self._waiting)))
        while self._top_up(link):
            for event in await link.events():
                self._hear(event)

    def _top_up(self, link: Link) -> bool:
        """Sends what may be sent; whether there is something to wait for."""
        while not self._is_over and len(self._waiting) < link.door.window:
            key = self._more(self._writing)
            if key is None:
                self._is_over = True
                break
            self._writing.sent.append(key)
            self._waiting[key] = None
            link.send(self._post(link, key))
        return bool(self._waiting)

    def _post(self, link: Link, key: str) -> bytes:
        return link.door.say(key, self._run.text(key))

    def _hear(self, event: Event) -> None:
        if event.kind == "say" and event.id in self._waiting:
            del self._waiting[event.id]
            self._writing.acks.append(self._run.seen(event))
            self._run.acknowledged()
        elif event.kind == "error" and event.code != "replaced":
            self._run.trouble(self._writing.name, event)
            raise ConnectionAbortedError(event.text)


# -- the run


class Run:
    """A conversation, and what goes wrong in it."""

    def __init__(self, target: Target, plan: Plan) -> None:
        self.target, self._plan = target, plan
        self._random = random.Random(plan.seed)
        self._nonce = secrets.token_hex(3)
        self._room = f"checker-{self._nonce}"
        self._epoch: str | None = None
        self._record = Record()
        self._links: dict[Link, None] = {}  # that may be cut
        self._news = asyncio.Event()
        self._readers: list[_Reader] = []
        self._said = 0
        self._answered = 0
        self._started = 0.0

    async def check(self) -> Verdict:
        plan = self._plan
        await self._mark(BEGIN)
        self._epoch = (await self._read_log(1))[0]
        doors = [door for door in plan.doors if await self._answers(door)]
        writer_doors = [door for door in plan.writer_doors if await self._answers(door)]
        self._readers = self._made_readers(doors)
        async with asyncio.TaskGroup() as group:
            if plan.late:
                await self._converse(writer_doors)
            reading = [group.create_task(reader.read()) for reader in self._readers]
            await self._all_in()
            if not plan.late:
                await self._converse(writer_doors)
            await self._mark(END)
            for reader in self._readers:
                reader.may_read.set()
            _, late = await asyncio.wait(reading, timeout=plan.patience_s)
            for task in late:
                task.cancel()
        epoch, self._record.log = await self._read_log()
        if epoch != self._epoch:
            self._record.troubles.append(f"the log was {self._epoch} and is {epoch}")
        return judge(self._record)

    async def _all_in(self) -> None:
        async with asyncio.timeout(self._plan.patience_s):
            for reader in self._readers:
                await reader.is_in.wait()

    def _made_readers(self, doors: Sequence[str]) -> list[_Reader]:
        """The undisturbed, and those that are to be slow."""
        plan = self._plan
        kinds = [(doors[number % len(doors)], False) for number in range(plan.readers)]
        kinds += [(doors[number % len(doors)], True) for number in range(plan.pause)]
        readers: list[_Reader] = []
        for number, (door, slow) in enumerate(kinds):
            name = f"slow-r{number}" if slow else f"r{number}"
            reading = Reading(name, door, numbered=DOORS[door].numbered)
            self._record.readings.append(reading)
            readers.append(_Reader(self, reading, slow=slow))
        return readers

    async def _converse(self, doors: Sequence[str]) -> None:
        """Everybody says everything, and all that is to go wrong goes wrong."""
        self._started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._go_wrong())
            for number in range(self._plan.writers):
                writing = Writing(f"w{number}", doors[number % len(doors)])
                self._record.writings.append(writing)
                group.create_task(_Writer(self, writing, self._more).write())

    def _more(self, writing: Writing) -> str | None:
        plan = self._plan
        is_over = self._progress() >= 1 if plan.seconds else self._said >= plan.messages
        if is_over:
            self._news.set()
            return None
        self._said += 1
        return f"{writing.name}.{len(writing.sent)}"

    def _progress(self) -> float:
        """From 0 to 1."""
        if self._plan.seconds:
            return min((time.monotonic() - self._started) / self._plan.seconds, 1.0)
        return self._answered / self._plan.messages

    # -- what goes wrong

    async def _go_wrong(self) -> None:
        plan, draw = self._plan, self._random.random
        # Kills are spread evenly, so that there is something between them.
        kills = [(number + draw()) / plan.kills for number in range(plan.kills)]
        faults: list[tuple[float, Callable[[], Awaitable[None]]]]
        faults = [(at, self.target.kill) for at in kills]
        faults += [(draw(), self._cut) for _ in range(plan.cuts)]
        for at, fault in sorted(faults, key=lambda fault: fault[0]):
            await self._until(partial(self._has_come_to, at))
            await fault()

    def _has_come_to(self, at: float) -> bool:
        return self._progress() >= at

    async def _cut(self) -> None:
        await self._until(lambda: bool(self._links))
        link = self._random.choice(list(self._links))
        del self._links[link]
        link.cut()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._news.clear()
            await self._news.wait()

    # -- for the clients

    def visitor(self, name: str, since: int | None = None) -> Visitor:
        nick = f"{name}-{self._nonce}"
        return Visitor(self._room, nick, f"session-of-{nick}", since, self._epoch)

    @asynccontextmanager
    async def link(
        self, door: str, visitor: Visitor, *, slow: bool = False, spare: bool = False
    ) -> AsyncIterator[Link]:
        """A connection, which may be cut unless it is slow or to be spared."""
        at = DOORS[door]()
        link = await self._opened(at, visitor, slow=slow)
        try:
            if not (slow or spare):
                self._links[link] = None
                self._news.set()
            yield link
        finally:
            self._links.pop(link, None)
            link.close()

    async def _opened(self, door: Door, visitor: Visitor, *, slow: bool) -> Link:
        address = self.target.web if door.is_web else self.target.tcp
        assert address is not None
        try:
            return await Link.open(address, door, visitor, slow=slow)
        except OSError:
            if self.target.up.is_set():
                await asyncio.sleep(_KNOCK_AGAIN_S)
            raise

    def text(self, key: str) -> str:
        """A post's, which says its key all through: no text passes for another's."""
        again = f"{key}." * (self._plan.text_bytes // len(key) + 1)
        return f"{key} {again}"[: max(self._plan.text_bytes, len(key))].rstrip()

    def seen(self, event: Event) -> Seen:
        """An event with another id than its post's, or another text, is no event of ours."""
        key = event.key if event.id in (None, event.key) else f"{event.key} (its id {event.id})"
        return Seen(event.seq, key if event.text == self.text(event.key) else f"{key} (altered)")

    def acknowledged(self) -> None:
        self._answered += 1
        self._news.set()

    def trouble(self, name: str, event: Event) -> None:
        self._record.troubles.append(f"{name} was told: {event.text} ({event.code})")

    # -- beginning and end

    async def _mark(self, key: str) -> None:
        """One post of our own."""
        keys = iter([key])
        writing = Writing(f"mark-{key}", "tcp-json")
        self._record.writings.append(writing)
        await _Writer(self, writing, lambda _: next(keys, None)).write()

    async def _answers(self, door: str) -> bool:
        """Whether the server has that door."""
        if DOORS[door].is_web and self.target.web is None:
            return False
        visitor = self.visitor(f"probe-{door}", 0)
        try:
            async with self.link(door, visitor, spare=True) as link:
                await link.enter(visitor)
        except Refused:
            return False
        return True

    async def _read_log(self, pages: int = sys.maxsize) -> tuple[str, list[Seen]]:
        """The log's name, and its events."""
        visitor = self.visitor("mark-log")
        log: list[Seen] = []
        async with self.link("tcp-json", visitor, spare=True) as link:
            await link.enter(visitor)
            epoch = (await _next(link, "welcome")).epoch
            for _ in range(pages):
                after = log[-1].seq if log else 0
                link.send(
                    link.door.send(b'{"kind":"history","after":%d,"limit":%d}' % (after, _PAGE))
                )
                page = await _next(link, "history")
                log += map(self.seen, page.events)
                if not page.more:
                    break
        return epoch, log


async def _next(link: Link, kind: str) -> Event:
    while True:
        for event in await link.events():
            if event.kind == kind:
                return event


async def check(plan: Plan, folder: Path, *flags: str) -> Verdict:
    """With a server of our own, that keeps its log in `folder`."""
    async with served(folder, *flags) as server:
        verdict = await Run(server, plan).check()
    complaints = server.complaints()
    if complaints:
        last = complaints
        verdict = replace(verdict, faults=[*verdict.faults, f"the server complained: {last}"])
    return verdict


# -- the command line


def _address(raw: str) -> Address:
    host, _, port = raw.rpartition(":")
    return host or "localhost", int(port)


def _web_address(raw: str) -> Address:
    parts = urlsplit(raw if "//" in raw else f"//{raw}")
    return parts.hostname or "localhost", parts.port or 80


def _arguments() -> argparse.ArgumentParser:
    plan = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m tests.checker",
        description="Checks that what a room acknowledged is there, once, in one order, for all.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for name, text in {
        "writers": "clients that say something",
        "readers": "clients that listen, at all doors in turn",
        "messages": "posts altogether",
        "text-bytes": "length of a post",
        "kills": "kill the server so many times, and start it again",
        "cuts": "reset so many connections",
        "pause": "readers that stop reading, until all is said",
        "seed": "of all that is drawn by lot",
    }.items():
        default = getattr(plan, name.replace("-", "_"))
        parser.add_argument(f"--{name}", type=int, default=default, help=text, metavar="N")
    parser.add_argument("--seconds", type=float, default=0.0, help="talk so long instead")
    parser.add_argument("--late", action="store_true", help="readers come when all is said")
    parser.add_argument("--doors", nargs="+", choices=READER_DOORS, default=plan.doors)
    parser.add_argument(
        "--writer-doors", nargs="+", choices=WRITER_DOORS, default=plan.writer_doors
    )
    parser.add_argument("--tcp", type=_address, help="HOST:PORT of a server that runs already")
    parser.add_argument("--url", type=_web_address, help="and the address of its page")
    return parser


def main() -> int:
    parser = _arguments()
    flags = vars(parser.parse_args())
    tcp, web = flags.pop("tcp"), flags.pop("url")
    plan = Plan(**flags)
    if tcp is None and web is not None:
        parser.error("--url needs --tcp too")
    if tcp is not None and plan.kills:
        parser.error("--kills is for a server that the checker starts itself")
    with tempfile.TemporaryDirectory(prefix="oneroom-checker-") as folder:
        started = time.monotonic()
        if tcp is not None:
            verdict = asyncio.run(Run(Running(tcp, web), plan).check())
        else:
            verdict = asyncio.run(check(plan, Path(folder)))
        print(verdict.report(), f"in {time.monotonic() - started:.1f} s, seed {plan.seed}")
    return 0 if verdict.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
