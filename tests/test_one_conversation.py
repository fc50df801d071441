"""The whole story, on real sockets: a browser, `nc`, `telnet` and a program in one room."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import House, launched, opened
from tests.programs import PATIENCE_S, Program, running

# Who says what: every pair of doors hears every kind of text.
WORDS = {
    "小明": ["早上好！", "今天讲 selectors 吗？"],  # in the browser
    "alice": ["good morning", "naïve café — 日本語 👩‍👩‍👧"],  # with nc
    "bob": ["hallo, wie läuft's?", "עברית и ещё"],  # with telnet
    "bot": ["build passed ✓", "第 2 次构建"],  # a program
}
ALL_WORDS = [words for both in WORDS.values() for words in both]


class Bot:
    """A program that speaks JSON lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.events: list[dict[str, Any]] = []

    def send(self, **message: Any) -> None:
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def until(self, **fields: Any) -> dict[str, Any]:
        """The first event that has these fields, whether it has come already or not."""
        while not (found := [e for e in self.events if fields.items() <= e.items()]):
            line = await asyncio.wait_for(self._reader.readline(), PATIENCE_S)
            self.events.append(json.loads(line))
        return found[0]

    @property
    def said(self) -> list[str]:
        return [event["text"] for event in self.events if event["kind"] == "say"]


class Company:
    """Four people, each behind another door."""

    house: House
    page: Page
    nc: Program
    telnet: Program
    bot: Bot


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    company = Company()
    async with AsyncExitStack() as stack:
        settings = {"presence_gather_s": 0.1, "leave_grace_s": 1.0}
        company.house = house = await stack.enter_async_context(opened(**settings))
        browser = await stack.enter_async_context(launched())
        company.page = await browser.new_page()
        await company.page.goto(f"{house.url}/?name=小明")
        await company.page.locator("#name").press("Enter")
        await expect(company.page.locator("#text")).to_be_visible()
        address = ("localhost", str(house.tcp_port))
        company.nc = await stack.enter_async_context(running("nc.openbsd", *address))
        company.nc.type("/nick alice\n")
        telnet = running("telnet", *address, in_terminal=True)
        company.telnet = await stack.enter_async_context(telnet)
        await company.telnet.until("You are guest")
        company.telnet.type("/nick bob\r")
        company.bot = Bot(*await asyncio.open_connection("127.0.0.1", house.tcp_port))
        stack.callback(company.bot.writer.close)
        company.bot.send(kind="hello", nick="bot")
        await company.bot.until(kind="live")
        await company.telnet.until("You are now bob")
        yield company


async def speak(company: Company) -> None:
    """Everybody at once, so that the order is the room's own."""
    for turn in range(2):
        await company.page.locator("#text").fill(WORDS["小明"][turn])
        await company.page.locator("#text").press("Enter")
        company.nc.type(WORDS["alice"][turn] + "\n")
        company.telnet.type(WORDS["bob"][turn] + "\r")
        company.bot.send(kind="say", text=WORDS["bot"][turn])
    for words in ALL_WORDS:
        await company.bot.until(text=words)


def heard(shown: str) -> list[str]:
    """What others said, of all that a terminal shows (which has what was typed into it, too)."""
    return re.findall(r"^\d\d:\d\d <.+?> (.*?)\r?$", shown, re.MULTILINE)


async def test_everybody_sees_the_others_words_once_and_in_one_order(company: Company) -> None:
    await speak(company)
    the_order = company.bot.said
    assert sorted(the_order) == sorted(ALL_WORDS)

    on_page = company.page.locator("#log .say:not(.pending) .text")
    await expect(on_page).to_have_text(the_order)
    for nick, program in (("alice", company.nc), ("bob", company.telnet)):
        others = [words for words in the_order if words not in WORDS[nick]]
        assert heard(await program.until(others[-1])) == others


async def test_a_rename_and_a_leave_are_seen_everywhere(company: Company) -> None:
    company.nc.type("/nick 爱丽丝\n")
    await company.nc.until("You are now 爱丽丝")
    await asyncio.gather(
        expect(company.page.locator("#room")).to_contain_text("alice is now 爱丽丝"),
        company.telnet.until("* alice is now 爱丽丝"),
        company.bot.until(kind="presence", renamed=[{"from": "alice", "to": "爱丽丝"}]),
    )
    company.nc.type("/quit\n")
    await asyncio.gather(
        expect(company.page.locator("#room")).to_contain_text("爱丽丝 left"),
        company.telnet.until("* 爱丽丝 left (3 here)"),
        company.bot.until(kind="presence", left=["爱丽丝"]),
    )


async def test_a_client_that_breaks_off_disturbs_nobody(company: Company) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", company.house.tcp_port)
    writer.write(b"/nick mallory\nhalf a conversation\nand half a li")
    await company.nc.until("mallory joined")
    await company.bot.until(text="half a conversation")
    reset(writer)
    await company.bot.until(kind="presence", left=["mallory"])
    await speak(company)
    assert "mallory" not in {member.nick for member in company.house.hall.room("lobby").here()}
    the_order = company.bot.said
    assert sorted(the_order) == sorted(["half a conversation", *ALL_WORDS])
    await expect(company.page.locator("#log .say:not(.pending) .text")).to_have_text(the_order)
    reader.feed_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a crashed machine does (RST)."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
