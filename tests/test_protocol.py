"""docs/protocol.md, replayed: what it says goes over the wire does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.browser import House
from tests.oneroom_client.house import open_house

PAGE = Path(__file__).parent.parent / "docs" / "protocol.md"
LINE = re.compile(r"(\w+) (->|<-) (.*)")


def blocks(kind: str) -> list[list[str]]:
    found = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return [block.splitlines() for block in found]


def pattern(line: str) -> re.Pattern[str]:
    """`…` is anything, and every time of day is another."""
    escaped = re.escape(line).replace("…", ".*")
    return re.compile(re.sub(r"^\d\d:\d\d", r"\\d\\d:\\d\\d", escaped))


class Party:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hear(self) -> str:
        async with asyncio.timeout(10):
            return (await self.reader.readline()).decode().rstrip("\n")


@pytest.mark.parametrize("block", blocks("wire"), ids=lambda block: block[0])
async def test_a_transcript_is_what_happens(block: list[str]) -> None:
    async with open_house() as house:
        parties: dict[str, Party] = {}
        for line in block:
            found = LINE.fullmatch(line)
            assert found is not None, line
            name, direction, words = found.groups()
            if name not in parties:
                connection = await asyncio.open_connection("127.0.0.1", house.tcp_port)
                parties[name] = Party(*connection)
            if direction == "->":
                parties[name].writer.write(words.encode() + b"\n")
            else:
                heard = await parties[name].hear()
                heard = heard.replace(f',"tcp_port":{house.tcp_port}', "")
                assert pattern(words).fullmatch(heard), f"{heard}\n  is not\n{words}"
        for party in parties.values():
            party.writer.close()


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block[0][:40])
async def test_what_a_shell_shows_is_what_it_shows(block: list[str]) -> None:
    async with open_house() as house:
        commands = "\n".join(block).split("$ ")[1:]
        for command, _, shown in (each.partition("\n") for each in commands):
            heard = await run(command, house)
            assert pattern(shown.strip()).fullmatch(heard.strip()), f"{heard}\n  is not\n{shown}"


async def run(command: str, house: House) -> str:
    command = command.replace("localhost:8080", f"127.0.0.1:{house.http_port}")
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command.replace("curl", "curl -s"), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(10):
        out, _ = await process.communicate()
    return out.decode()


def test_there_are_transcripts_of_every_door() -> None:
    assert len(blocks("wire")) >= 4
    assert len(blocks("console")) >= 1


def test_every_kind_and_code_is_named() -> None:
    from tests.documents import EVENTS, MESSAGES, kind
    from web_gateway.refusals import STATUS

    page = PAGE.read_text()
    for name in [*map(kind, EVENTS), *map(kind, MESSAGES), *STATUS]:
        assert f"`{name}`" in page, name
