"""docs/scripts.md, run: each line by the interpreter it is for, where that is installed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.browser import House, terminal
from tests.oneroom_client.house import open_house, said
from tests.oneroom_client.shell import ONEROOM
from web_gateway import incoming
from web_gateway.hooks import parse

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "scripts.md"
GREEN = "the build is green"
INTERPRETERS = {
    "bash": ["bash", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
    "powershell": ["pwsh", "-NoProfile", "-Command"],
}
# What every machine that runs the tests has, since .ci/programs sees to it.
NEEDED = {"bash", "python"}


def blocks(what: str) -> list[tuple[str, str]]:
    return list(_blocks(what))


def _blocks(what: str) -> Iterator[tuple[str, str]]:
    for found in re.finditer(r"^```(\w+) ?(\w*)\n(.*?)^```$", PAGE.read_text(), re.M | re.S):
        language, purpose, code = found.groups()
        if language in INTERPRETERS and purpose == what:
            yield language, code


@asynccontextmanager
async def running(
    language: str, code: str, house: House
) -> AsyncIterator[asyncio.subprocess.Process]:
    program, *flags = INTERPRETERS[language]
    if shutil.which(program) is None and language not in NEEDED:
        pytest.skip(f"{program} is not installed: what docs/scripts.md has for it WAS NOT RUN")
    code = code.replace("localhost:8080", f"127.0.0.1:{house.http_port}")
    code = re.sub(r"localhost[: ]9000", lambda found: _at(found[0], house), code)
    if language == "bash":
        code = f'oneroom() {{ {ONEROOM} "$@"; }}; nc() {{ nc.openbsd "$@"; }}; {code}'
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        program,
        *flags,
        code,
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
        await process.communicate()


def _at(written: str, house: House) -> str:
    return f"127.0.0.1{written[9]}{house.tcp_port}"


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as house:
        yield house


@pytest.mark.parametrize(("language", "code"), blocks(""))
async def test_a_word_from_a_script_is_said(house: House, language: str, code: str) -> None:
    async with running(language, code, house) as process, asyncio.timeout(20):
        shown, _ = await process.communicate()
    assert process.returncode == 0, shown
    assert said(house) == [GREEN]


@pytest.mark.parametrize(("language", "code"), blocks("listen"))
async def test_a_script_hears_what_is_said(house: House, language: str, code: str) -> None:
    async with running(language, code, house) as process, asyncio.timeout(20):
        while not house.hall.room("lobby").readers():
            assert process.returncode is None
            await asyncio.sleep(0.01)
        async with ClientSession() as client:
            for words in ("你好", "last words"):
                await client.post(f"{house.url}/rooms/lobby/messages", data=words.encode())
        assert process.stdout is not None
        shown = b""
        while b"last words" not in shown:
            line = await process.stdout.readline()
            assert line, shown.decode()
            shown += line
        assert "你好" in shown.decode()


@pytest.mark.parametrize(("language", "code"), blocks("bot"))
async def test_a_bot_answers_people_and_not_itself(house: House, language: str, code: str) -> None:
    async with running(language, code, house), terminal(house, "alice") as alice:
        await alice.until("echo joined")
        await alice.type("!echo !echo 你好")
        await alice.until("<echo|bot> !echo 你好")
        await alice.type("!echo again")
        await alice.until("<echo|bot> again")
    assert said(house) == ["!echo !echo 你好", "!echo 你好", "!echo again", "again"]


@pytest.mark.parametrize(("language", "code"), blocks("hook"))
async def test_a_hook_of_the_file_that_is_shown_works(
    house: House, language: str, code: str
) -> None:
    shown = re.search(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert shown is not None
    hooks = parse(shown[1])
    house.app[incoming.TOKENS].use(hooks.incoming)
    async with running(language, code, house) as process, asyncio.timeout(20):
        out, _ = await process.communicate()
    assert (out, said(house, "ops")) == (b"ok", [GREEN])


def test_there_is_something_for_everybody() -> None:
    for purpose in ("", "listen"):
        assert {language for language, _ in blocks(purpose)} == INTERPRETERS.keys()
