"""A client of a server that sends anything: it neither falls over, nor fills up, nor lets a
terminal obey."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneroom_client import CannotConnect, Refused, Unconfirmed, connect, inbox
from oneroom_client.inbox import Inbox
from oneroom_client.pipes import json_line
from oneroom_client.state import MOST_MEMBERS, State
from oneroom_client.wire import decode
from tcp_room import events
from tcp_room.messages import Hello
from tcp_room.terminal import TEXT
from tests.oneroom_client.hostile import NASTY, as_line, lines
from tests.oneroom_client.shell import ONEROOM
from tests.oneroom_client.tmux import tmux

VIEWS = [
    TEXT.changed(newline="\n", echo=True, lang=lang, color=color, clock=clock)
    for lang, color, clock in [("en", False, "hm"), ("zh", True, "iso"), ("en", True, "off")]
]
# Everything that a terminal obeys, but for tabs and the ends of lines.
OBEYED = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
COLOR = re.compile("\x1b\\[[0-9;]*m")
EXAMPLES = int(os.environ.get("ONEROOM_EXAMPLES", "200"))
thorough = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@thorough
@given(lines)
def test_any_line_is_an_event_or_is_skipped(line: bytes) -> None:
    event = decode(line)
    assert event is None or isinstance(event, events.Event)


@thorough
@given(lines)
def test_no_event_makes_a_terminal_obey(line: bytes) -> None:
    event = decode(line)
    if event is None:
        return
    for view in VIEWS:
        shown = view.encode(event).decode()
        assert not OBEYED.search(COLOR.sub("", shown) if view.color else shown)
    written = json_line(event).decode()
    assert written.endswith("\n") and not OBEYED.search(written[:-1])
    assert "\n" not in written[:-1]
    assert decode(written.encode()) == event or "nan" in repr(event)


@thorough
@given(st.lists(lines, max_size=12))
def test_what_is_shown_of_a_log_is_in_order_and_its_holes_are_declared(
    told: Sequence[bytes],
) -> None:
    state, last = State(Hello()), 0
    for line in told:
        event = decode(line)
        if event is None:
            continue
        for shown in state.hear(event):
            if isinstance(shown, events.Welcome):
                last = state.seq or 0
            elif isinstance(shown, events.Gap):
                last = max(last, shown.last) if shown.reason != events.EPOCH else last
            elif isinstance(shown, events.Logged):
                assert shown.seq == last + 1
                last = shown.seq
    assert len(state.members) <= MOST_MEMBERS
    state.hello()


@thorough
@given(st.lists(st.tuples(lines, st.integers(0, 1 << 22)), max_size=60))
def test_what_is_kept_is_bounded(told: Sequence[tuple[bytes, int]]) -> None:
    box = Inbox()
    for line, size in told:
        if event := decode(line):
            box.put(event, size)
        assert box._bytes <= inbox.MOST_BYTES or len(box) == 1
    while box.take():
        pass
    assert (box._bytes, len(box)) == (0, 0)


@asynccontextmanager
async def serving(*told: bytes) -> AsyncIterator[int]:
    """A server that says that to everybody who speaks, and no more. Its port."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(cast("asyncio.Task[None]", asyncio.current_task()))
        with suppress(OSError):
            await reader.read(1)
            writer.write(b"\n".join(told) + b"\n")
            writer.write_eof()
            await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    await asyncio.gather(*talks)


LIMITS = {"text_bytes": 4096, "nick_chars": 32, "rate": 0}
WELCOME = {
    **{"kind": "welcome", "nick": "al", "room": "lobby", "epoch": "e", "seq": 0, "topic": ""},
    **{"members": [], "count": 1, "limits": LIMITS, "replay": 0, "since": 0, "at": 0},
}


@settings(thorough, max_examples=EXAMPLES // 4)
@given(st.lists(lines, max_size=20), st.booleans())
def test_a_room_ends_as_it_says_it_does(told: Sequence[bytes], welcomes: bool) -> None:
    """Refused, offline, or left: nothing hangs, and there is no other exception."""

    async def visit() -> None:
        async with serving(*([as_line(WELCOME)] if welcomes else []), *told) as port:
            try:
                async with connect(f"127.0.0.1:{port}", timeout_s=5) as room, asyncio.timeout(10):
                    with pytest.raises((Unconfirmed, Refused)):
                        await room.say("hi", timeout_s=0.001)
                    async for event in room:
                        if type(event).__name__ == "Offline":
                            return
            except (CannotConnect, Refused):
                pass

    asyncio.run(visit())


async def test_a_flood_that_nobody_reads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that only speaks, to a server that never answers but never stops talking."""
    monkeypatch.setattr(inbox, "MOST_BYTES", 1 << 20)
    flood = [as_line(say(seq)) for seq in range(1, 1000)]
    async with serving(as_line(WELCOME), *flood) as port, connect(f"127.0.0.1:{port}") as room:
        saying = asyncio.create_task(room.say("hi"))
        async with asyncio.timeout(10):
            while not room.is_offline:
                assert room._visit._inbox._bytes <= 1 << 20
                await asyncio.sleep(0)
        first, second = await anext(room), await anext(room)
        assert isinstance(first, events.Gap) and isinstance(second, events.Say)
        assert (first.first, first.reason, second.seq) == (1, "missed", first.last + 1)
    with pytest.raises(Unconfirmed):
        await saying


def say(seq: int) -> dict[str, object]:
    text = "x" * 4000
    return {"kind": "say", "seq": seq, "id": None, "at": 0, "nick": "a", "door": "b", "text": text}


def poisoned() -> list[bytes]:
    """Each kind of event, with what a terminal obeys in every text of it."""
    dice = random.Random(1)

    def text() -> str:
        return "".join(dice.sample(NASTY, 6)) + "end"

    here = [{"nick": text(), "door": text()} for _ in range(3)]
    logged = {"id": None, "at": 0, "door": "tcp"}
    says = [
        {"kind": kind, "seq": seq, "nick": text(), "text": text(), **logged}
        for seq, kind in enumerate(["say", "act", "topic", "say"], 1)
    ]
    told = [
        {**WELCOME, "nick": text(), "room": text(), "topic": text(), "members": here, "at": 10**18},
        {"kind": "live", "seq": 0},
        *says,
        {"kind": "presence", "at": -(10**18), "joined": here, "left": [text()], "renamed": []},
        {"kind": "presence", "at": 0, "joined": here, "left": [text()], "renamed": [], "count": 9},
        {"kind": "dm", "at": 0, "from": text(), "to": text(), "text": text()},
        {"kind": "members", "room": text(), "members": here, "count": 10**18, "id": "x"},
        {"kind": "rooms", "rooms": [{"room": text(), "count": 1, "topic": text()}]},
        {"kind": "help", "commands": [{"usage": "", "help": text()}]},
        {"kind": "help", "commands": []},
        {"kind": "notice", "text": text()},
        {"kind": "error", "code": text(), "text": text()},
        {"kind": "gap", "from": 10, "to": 9, "reason": text()},
    ]
    return [json.dumps(each).encode() for each in told]


async def test_an_enormous_message_is_cut_at_a_prompt(tmp_path: Path) -> None:
    huge = {**say(1), "text": "x" * 1_000_000}
    many = [{**say(seq), "text": f"m{seq} " + "y" * 4000} for seq in range(2, 102)]
    async with serving(*map(as_line, [WELCOME, huge, *many, {"kind": "live", "seq": 101}])) as port:
        line = f"{ONEROOM} join 127.0.0.1:{port} -n al"
        async with tmux(line, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
            await screen.until(lambda shown: b"m101 " in screen.written())
            written = screen.written()
    assert len(written) < 1_000_000
    assert re.search("…\\(\\+9[0-9]{5} bytes\\)".encode(), written)
    assert [int(seq) for seq in re.findall(rb"m(\d+) y", written)] == list(range(2, 102))


async def test_a_prompt_in_a_terminal_obeys_nobody(tmp_path: Path) -> None:
    async with serving(*poisoned()) as port:
        line = f"{ONEROOM} join 127.0.0.1:{port} -n al"
        async with tmux(line, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
            await screen.until("offline")
            await screen.until("are missing")  # the last of them was shown
            written = screen.written()
    for sequence in (b"]0;HACKED", b"[2J", b"[6n", b"P+q", b"\x9b", b"\xc2\x9b", b"\xc2\x9d"):
        assert b"\x1b" + sequence not in written
    assert "\u202e".encode() not in written and b"\x00" not in written
    assert "\u241b]0;HACKED".encode() in written
