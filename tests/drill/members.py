"""Twenty members who talk, each one message a second, and what they heard of each other.

`python -m tests.drill.members TCP_PORT HTTP_PORT` is a process of its own: it says `ready` when all
are in, talks until it reads `stop`, waits for what is still on its way, and prints its `Heard` as
JSON. A message carries its sender, its number and the time of sending, so that latency is measured
from the sender's write to the receiver's read.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import IO, Final, cast

import msgspec
import uvloop

from tests.doors import TcpJson, TcpText, Visitor, WsJson
from tests.drill.server import ROOT

MEMBERS: Final = 20
ADDRESS: Final = "127.0.0.1"
_DOORS: Final = (TcpText, TcpJson, WsJson)
_EVERY_S: Final = 1.0
_READY_WITHIN_S: Final = 30.0
# A message that is still missing so long after the last one was sent is lost.
_PATIENCE_S: Final = 20.0

_MARK: Final = re.compile(rb"drill-(\d+)-(\d+)-(\d+)~")
_LONGEST_MARK: Final = 64


class Heard(msgspec.Struct):
    """What came of all messages: for each delivery when it was sent (ns on the monotonic clock) and
    how long it took (µs). A delivery that never came is in there with the time waited."""

    sent_ns: list[int]
    took_us: list[int]
    lost: int
    again: int  # more than once, or out of order
    cut: int  # connections that ended

    def between(self, start_ns: int, end_ns: int) -> list[int]:
        """Of the messages sent within that time, how long each delivery took (µs), sorted."""
        both = zip(self.sent_ns, self.took_us, strict=True)
        return sorted(took for sent, took in both if start_ns <= sent < end_ns)


class Talk:
    """Who said what when, and how much of it each has heard."""

    def __init__(self) -> None:
        self.sent_at: list[list[int]] = [[] for _ in range(MEMBERS)]
        self.heard: list[list[int]] = [[0] * MEMBERS for _ in range(MEMBERS)]
        self.result = Heard([], [], 0, 0, 0)

    def say(self, member: int) -> bytes:
        now = time.monotonic_ns()
        self.sent_at[member].append(now)
        return b"drill-%d-%d-%d~" % (member, len(self.sent_at[member]) - 1, now)

    def hear(self, member: int, sender: int, number: int, sent_ns: int) -> None:
        due = self.heard[member][sender]
        if sender == member:
            return
        if number < due:
            self.result.again += 1
            return
        self.result.lost += number - due
        self.heard[member][sender] = number + 1
        self.result.sent_ns.append(sent_ns)
        self.result.took_us.append((time.monotonic_ns() - sent_ns) // 1000)

    def missing(self) -> Iterator[int]:
        """When each delivery was sent that has not come."""
        for member, heard in enumerate(self.heard):
            for sender, due in enumerate(heard):
                if sender != member:
                    yield from self.sent_at[sender][due:]

    def end(self) -> Heard:
        now = time.monotonic_ns()
        for sent_ns in self.missing():
            self.result.lost += 1
            self.result.sent_ns.append(sent_ns)
            self.result.took_us.append((now - sent_ns) // 1000)
        return self.result


class _Member(asyncio.Protocol):
    """One connection. What it reads is searched for marks and for nothing else, so that a flood in
    the room costs this process little."""

    def __init__(self, number: int, talk: Talk) -> None:
        self._number, self._talk = number, talk
        self._door = _DOORS[number % len(_DOORS)]()
        self._visitor = Visitor("lobby", f"member{number}", f"drill-secret-of-{number:02}")
        self._rest = b""
        self._transport: asyncio.Transport | None = None
        self.is_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._door.knock(self._visitor))

    def data_received(self, data: bytes) -> None:
        if not self.is_in:
            self._enter(data)
            return
        data = self._rest + data
        end = 0
        for mark in _MARK.finditer(data):
            self._talk.hear(self._number, int(mark[1]), int(mark[2]), int(mark[3]))
            end = mark.end()
        self._rest = data[max(end, len(data) - _LONGEST_MARK) :]

    def _enter(self, data: bytes) -> None:
        was_open = self._door.is_open
        events = self._door.feed(data)
        if not was_open and self._door.is_open:
            self._write(self._door.enter(self._visitor))
        self.is_in = any(event.kind == "welcome" for event in events)

    def say(self) -> None:
        text = self._talk.say(self._number)
        if isinstance(self._door, TcpText):
            self._write(text + b"\n")
        else:
            # The id is no mark: the room sends it back beside the text.
            self._write(self._door.say(text.hex(), text.decode()))

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._talk.result.cut += 1


async def _talk_until_stop(ports: tuple[int, int]) -> Heard:
    loop = asyncio.get_running_loop()
    talk = Talk()
    members = []
    for number in range(MEMBERS):
        port = ports[_DOORS[number % len(_DOORS)].is_web]
        _, member = await loop.create_connection(partial(_Member, number, talk), ADDRESS, port)
        members.append(member)
    await _until(lambda: all(member.is_in for member in members), _READY_WITHIN_S)
    if not all(member.is_in for member in members):
        raise RuntimeError("not all members could come in")
    print("ready", flush=True)
    stopped = loop.run_in_executor(None, sys.stdin.readline)
    talking = [loop.create_task(_talk_on(member, nth)) for nth, member in enumerate(members)]
    await stopped
    for task in talking:
        task.cancel()
    await _until(lambda: not any(True for _ in talk.missing()), _PATIENCE_S)
    return talk.end()


async def _talk_on(member: _Member, nth: int) -> None:
    """The members' turns are spread evenly over the second."""
    loop = asyncio.get_running_loop()
    due = loop.time() + nth * _EVERY_S / MEMBERS
    while True:
        await asyncio.sleep(due - loop.time())
        member.say()
        due += _EVERY_S


async def _until(is_so: Callable[[], bool], within_s: float) -> None:
    """Waits for that, or for so long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not is_so() and loop.time() < deadline:
        await asyncio.sleep(0.05)


class Members:
    """The process of the members, from outside."""

    def __init__(self, tcp_port: int, http_port: int) -> None:
        """Returns when all are in. Raises RuntimeError."""
        command = [sys.executable, "-m", __name__, str(tcp_port), str(http_port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._out = _pipe(self._process.stdout)
        if self._out.readline() != b"ready\n":
            self.close()
            raise RuntimeError("the members could not come in")

    def stop(self) -> Heard:
        """What they have heard, in the end. Raises RuntimeError."""
        said, _ = self._process.communicate(b"stop\n")
        if self._process.returncode:
            raise RuntimeError(f"the members' process ended with {self._process.returncode}")
        return msgspec.json.decode(said, type=Heard)

    def __enter__(self) -> Members:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        _pipe(self._process.stdin).close()
        self._out.close()


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    assert end is not None
    return end


def main() -> None:
    ports = int(sys.argv[1]), int(sys.argv[2])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        heard = runner.run(_talk_until_stop(ports))
    sys.stdout.buffer.write(msgspec.json.encode(heard))


if __name__ == "__main__":
    main()
