"""What a terminal would obey, sent through every door, reaches no terminal: live or from history,
in names, texts and topics alike. Neither does what has come into the log another way."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import ClientSession

from tcp_room import commands, messages, names, text
from tcp_room.cli import make_engine
from tcp_room.config import Config
from tcp_room.errors import RoomError
from tcp_room.events import Say, Topic
from tcp_room.logs.port import Draft
from tcp_room.views import JSON
from tests import fakes
from tests.browser import House, Terminal, terminal
from tests.oneroom_client.house import open_house, said
from tests.oneroom_client.shell import ONEROOM, sh
from tests.oneroom_client.tmux import tmux
from web_gateway import incoming
from web_gateway.hooks import Incoming

TOKEN: Final = "a-token-of-16-and-more"
# Each with a mark by which it is found again.
CORPUS: Final = [
    "\x1b[777mred",
    "\x1b]52;c;Nzc3\x07clipboard",
    "\x1b]0;777\x1b\\title",
    "\x1bP777;1|\x1b\\dcs",
    "\x1bc777reset",
    "\x9b777mc1",
    "\x90777\x9cdcs1",
    "\x9d777\x9cosc1",
    "\x85next777line",
    "over\r777written",
    "lo\b\b\b777",
    "bell\a777",
    "del\x7f777",
    "nul\0777",
    "form\f777\vfeed",
    "shift\x0e777\x0fin",
    "\u202e777right to left",
    "\u2066777isolate\u2069",
    "zero\u200b777\u200d\ufeffwidth",
    "line\u2028777\u2029paragraph",
    "two\n777lines",
    "\n12:00 <alice> 777 forged",
]
# All that a terminal obeys, but for a tab and the end of a line.
OBEYED: Final = re.compile(
    "[\0-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)
COLOUR: Final = re.compile(r"\x1b\[(\d\d|0)m")


def harmless(shown: bytes, *, colored: bool = False) -> str:
    """It as text. Fails if a terminal would obey something in it."""
    text = shown.decode()
    found = OBEYED.search(COLOUR.sub("", text) if colored else text)
    assert found is None, text[max(found.start() - 60, 0) : found.end() + 20]
    return text


# -- the doors


async def by_line(house: House, words: str) -> None:
    raw = words.encode()
    async with terminal(house) as mallory:
        lines = [b"/nick " + raw, raw, b"/me " + raw, b"/topic " + raw, b"/msg alice " + raw]
        mallory.writer.write(b"".join(line + b"\n" for line in (*lines, b"/quit")))
        await mallory.reader.read()


def every_message(words: str) -> list[str]:
    return [
        json.dumps({"kind": "nick", "nick": words}),
        json.dumps({"kind": "say", "text": words}),
        json.dumps({"kind": "act", "text": words}),
        json.dumps({"kind": "topic", "text": words}),
        json.dumps({"kind": "dm", "to": "alice", "text": words}),
        json.dumps({"kind": "join", "room": words}),
        json.dumps({"kind": "command", "line": f"/me {words}"}),
        json.dumps({"kind": "command", "line": "/quit"}),
    ]


async def by_json(house: House, words: str) -> None:
    async with terminal(house) as mallory:
        hello = json.dumps({"kind": "hello", "nick": words})
        await mallory.type(hello, '{"kind":"hello"}', *every_message(words))
        await mallory.reader.read()


async def by_websocket(house: House, words: str) -> None:
    async with ClientSession() as session, session.ws_connect(f"{house.url}/ws") as mallory:
        await mallory.send_str("\n".join(['{"kind":"hello"}', *every_message(words)]))
        async for _ in mallory:
            pass


async def by_websocket_text(house: House, words: str) -> None:
    url = f"{house.url}/ws?view=text&nick={quote(words)}"
    async with ClientSession() as session, session.ws_connect(url) as mallory:
        for line in (f"/nick {words}", words, f"/topic {words}", "/quit"):
            await mallory.send_str(line)
        async for _ in mallory:
            pass


async def by_http(house: House, words: str) -> None:
    url = f"{house.url}/rooms/lobby/messages"
    kinds = ("say", "act")
    async with ClientSession() as session:
        await session.post(url, data=words.encode())
        await session.post(f"{url}?nick={quote(words)}", data=b"777 by a strange name")
        for kind in kinds:
            await session.post(url, json={"text": words, "kind": kind})


async def by_hook(house: House, words: str) -> None:
    house.app[incoming.TOKENS].use([Incoming(TOKEN)])
    url = f"{house.url}/hooks/{TOKEN}"
    async with ClientSession() as session:
        await session.post(url, json={"text": words, "username": words})
        await session.post(url, json={"attachments": [{"title": words, "fallback": words}]})
        await session.post(url, data={"payload": json.dumps({"text": words})})


DOORS: Final[list[Callable[[House, str], Awaitable[None]]]] = [
    by_line,
    by_json,
    by_websocket,
    by_websocket_text,
    by_http,
    by_hook,
]


@asynccontextmanager
async def listening(house: House, nick: str, *settings: str) -> AsyncIterator[Terminal]:
    async with terminal(house, nick) as person:
        await person.type(*settings)
        await person.until(f"You are {nick}")
        yield person


async def shown_until(person: Terminal, words: str) -> bytes:
    read = b""
    async with asyncio.timeout(20):
        while words.encode() not in read:
            line = await person.reader.readline()
            assert line, read
            read += line
    return read


async def looked_back(house: House, *lines: str) -> bytes:
    """What a newcomer's terminal shows of what was said before."""
    async with terminal(house, "late") as late:
        await late.type(*lines, "/quit")
        return await late.reader.read()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
async def test_no_door_lets_it_through_to_a_terminal(
    door: Callable[[House, str], Awaitable[None]],
) -> None:
    async with (
        open_house() as house,
        listening(house, "alice") as alice,
        listening(house, "carol", "/color") as carol,
    ):
        for words in CORPUS:
            await door(house, words)
        async with terminal(house, "bob") as bob:
            await bob.type("that was all")
            live = harmless(await shown_until(alice, "that was all"))
            assert "777" in harmless(await shown_until(carol, "that was all"), colored=True)
        assert len(said(house)) > 5 and "777" in live
        back = harmless(await looked_back(house, "/history 500", "/since 0", "/topic", "/rooms"))
        assert back.count("777") > 5
        for shown in (live, back):
            assert not re.search(r"^\d\d:\d\d <alice> 777", shown, re.M), "forged"
        tail = await sh("oneroom tail --since 0 --exit-after 200ms", house)
        assert "777" in harmless(tail.out.encode())
        for path in ("messages?limit=500", "stream", "events"):
            page = await sh(f"curl -sN -m 0.3 {house.url}/rooms/lobby/{path}", house)
            assert "777" in harmless(page.out.encode())


async def test_the_commands_refuse_it_too() -> None:
    async with open_house() as house:
        lines = "\n".join(CORPUS).encode()
        assert "(bad_text)" in (await sh("oneroom join -n mallory", house, lines)).err
        assert (await sh("oneroom say", house, CORPUS[1].encode())).status == 1
        assert (await sh("oneroom say", house, CORPUS[0].encode())).status == 0  # colours are cut
        assert said(house)
        assert not any(OBEYED.search(text) for text in said(house))


class Deaf:
    """A sink that hears nothing."""

    def settled(self, outcomes: object, /) -> None: ...
    def arrived(self, records: object, /) -> None: ...


@asynccontextmanager
async def poisoned(folder: Path) -> AsyncIterator[House]:
    """A house whose log another version of the program has written, or another node."""
    loop = asyncio.get_running_loop()
    with closing(make_engine(Config(data=str(folder)), loop.call_soon_threadsafe)) as engine:
        log = engine.open("lobby", Deaf())
        drafts = [
            Draft(kind, words, words[:20], "tcp", "x") for kind in (Say, Topic) for words in CORPUS
        ]
        log.append(drafts, 1_795_435_200_000)
    async with open_house(data=str(folder)) as house:
        yield house


async def test_what_is_in_the_log_already_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    async with poisoned(tmp_path) as house:
        back = harmless(await looked_back(house, "/history 500", "/since 0", "/topic", "/rooms"))
        assert "␛[777mred" in back and r"\u009b777mc1" in back
        assert not re.search(r"^\d\d:\d\d <alice> 777", back, re.M)
        for flags in ("", "--json", "--color always"):
            line = f"oneroom tail {flags} --since 0 --exit-after 200ms"
            shown = (await sh(line, house)).out.encode()
            assert "777" in harmless(shown, colored="color" in flags)


async def test_the_prompt_shows_it_and_obeys_nothing(tmp_path: Path) -> None:
    async with poisoned(tmp_path / "log") as house:
        command = f"{ONEROOM} join 127.0.0.1:{house.tcp_port} -n 小明"
        async with tmux(command, tmp_path, PYTHONPATH=str(Path.cwd())) as screen:
            await screen.until("#lobby · ")
            async with terminal(house, "bob") as bob:
                await bob.type("that was all")
                await screen.until("that was all")
            title = b"\x1b]2;#lobby\x07"  # is ours
            written = screen.written().replace(title, b"")
    assert "␛[777mred".encode() in written
    for bad in (b"\x1b[777", b"\x1b]", b"\x1bP", b"\x1bc", b"\a", b"\xc2\x9b", b"\xc2\x90"):
        assert bad not in written, bad
    for char in "\u202e\u2066\u2028\u2029\x7f\0\x0e":
        assert char.encode() not in written, hex(ord(char))


# -- work is bounded before it is done


# Normalization sorts runs of marks by insertion: one call with these takes five seconds.
POISON: Final = "a" + "\u0315\u0316" * 65_000
# What may be handed on: a name four times its length, the words of a search; and to a regular
# expression, which reads each character once, a message four times its length.
NORMALIZED: Final = 4 * names.NICK_CHARS + 200
MATCHED: Final = 4 * Config().text_bytes


class Meter:
    """The longest text that normalization and the regular expressions of the house were given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.normalized = self.matched = 0
        self._normalize = unicodedata.normalize
        patch.setattr(unicodedata, "normalize", self._counting)
        for module in (commands, names, text):
            for name, value in list(vars(module).items()):
                if isinstance(value, re.Pattern):
                    patch.setattr(module, name, Metered(value, self))

    def _counting(self, form: Any, said: str) -> str:
        self.normalized = max(self.normalized, len(said))
        return self._normalize(form, said)


class Metered:
    """A compiled pattern that reports how much it is given."""

    def __init__(self, pattern: re.Pattern[str], meter: Meter) -> None:
        self._pattern = pattern
        self._meter = meter

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def metered(*args: Any, **more: Any) -> Any:
            self._meter.matched = max(self._meter.matched, len(args[method == "sub"]))
            return getattr(self._pattern, method)(*args, **more)

        return metered


def fields() -> Iterator[tuple[str, str]]:
    """Each field of each JSON message that takes text."""
    for message in get_args(messages.AnyMessage):
        for field in msgspec.structs.fields(message):
            if "str" in str(field.type):
                yield str(message.__struct_config__.tag), field.name


@pytest.mark.parametrize(("kind", "field"), [*fields()])
def test_no_field_of_a_message_makes_much_work(
    kind: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fakes.House()
    member, sees = house.enter("al", JSON)
    meter = Meter(monkeypatch)
    others = {"text": "hi", "nick": "al", "room": "dev", "to": "al", "line": "hi"}
    for words in (POISON, f"/join {POISON}"):
        fakes.sent(member, kind, **{**others, field: words})
        house.loop.settle()
    assert meter.normalized <= NORMALIZED and meter.matched <= MATCHED
    if (kind, field) != ("hello", "epoch") and (kind, field) != ("join", "epoch"):
        assert [event["kind"] for event in sees.events].count("error") == 2
        assert all(len(event.get("text", "")) < 160 for event in sees.events)


@pytest.mark.parametrize("command", [*commands.COMMANDS, "nonsense"])
@pytest.mark.parametrize("before", ["", "al "])
def test_no_argument_of_a_command_makes_much_work(
    command: str, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = fakes.House()
    house.enter("al")
    meter = Meter(monkeypatch)
    for length in (500, 5_000, 16_000, len(POISON)):
        member, sees = house.enter(f"b{length}")
        fakes.typed(member, f"/{command} {before}{POISON[:length]}")
        house.loop.advance(1.0)
        assert len(sees.bytes) < 40_000
    assert meter.normalized <= NORMALIZED and meter.matched <= MATCHED


@pytest.mark.parametrize("first", ["/nick ", "/bot ", "/join ", ""])
def test_no_first_line_makes_much_work(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    house = fakes.House()
    member, _ = house.visitor()
    meter = Meter(monkeypatch)
    fakes.typed(member, first + POISON)
    assert meter.normalized <= NORMALIZED and meter.matched <= MATCHED


@pytest.mark.parametrize("rule", [names.nick, names.key, names.room])
def test_no_name_that_comes_by_http_makes_much_work(
    rule: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = Meter(monkeypatch)
    try:
        assert rule(POISON) == ""
    except RoomError as error:
        assert len(error.text) < 160
    assert meter.normalized <= NORMALIZED and meter.matched <= MATCHED
