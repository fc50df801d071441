"""The line breaks: nothing is lost, nothing is said twice, and one knows how things stand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect

from tcp_room.errors import RoomError
from tcp_room.events import Say
from tcp_room.logs.port import Page
from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import deaf, drop, enter, refuse_lines, texts, until, write
from tests.page.server import Wire, running_server
from tests.programs import running

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_broken_line_loses_nothing_and_doubles_nothing(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "one")
    await expect(texts(page)).to_have_text(["one"])
    async with terminal(house, "bob") as person, deaf(house):
        await write(page, "two")
        await person.until("two")
        await person.type("three")
        await expect(page.locator(".pending.waiting")).to_have_count(1)
    await write(page, "four")
    await expect(texts(page)).to_have_text(["one", "two", "three", "four"])
    await expect(page.locator(".pending")).to_have_count(0)
    assert house.said() == 4


async def test_a_server_that_dies_in_the_midst_of_it_costs_nobody_a_word(
    browser: Browser, visit: Open
) -> None:
    async with running_server() as server:
        alice, bob = await visit(server.url), await visit(server.url)
        await enter(alice, "alice")
        await enter(bob, "bob")
        async with running("nc.openbsd", "127.0.0.1", str(server.tcp_port)) as nc:
            nc.type("/nick carol\n")
            await nc.until("You are carol")
            for nth in range(3):
                await write(alice, f"alice {nth}")
                await write(bob, f"bob {nth}")
                nc.type(f"carol {nth}\n")
            await expect(texts(alice)).to_have_count(9)
            await server.kill()
            for nth in range(3, 6):
                await write(alice, f"alice {nth}")
                await write(bob, f"bob {nth}")
            await expect(alice.locator(".pending")).to_have_count(3)
        await server.start()
        async with running("nc.openbsd", "127.0.0.1", str(server.tcp_port)) as nc:
            nc.type("/nick carol\n")
            await expect(texts(alice)).to_have_count(15, timeout=20_000)
            await expect(texts(bob)).to_have_count(15, timeout=20_000)
            nc.type("carol is back\n")
            await expect(texts(alice).last).to_have_text("carol is back")
            await expect(texts(bob).last).to_have_text("carol is back")
        said = await texts(alice).all_inner_texts()
        assert said == await texts(bob).all_inner_texts()
        for who, count in (("alice", 6), ("bob", 6), ("carol", 3)):
            numbered = [text for text in said if re.fullmatch(rf"{who} \d", text)]
            assert numbered == [f"{who} {nth}" for nth in range(count)]
        for page in (alice, bob):
            await expect(page.locator(".pending, #banner:visible")).to_have_count(0)


async def test_a_network_that_is_cut_is_said_and_loses_nothing(house: House, visit: Open) -> None:
    async with Wire.to(house.http_port) as wire:
        page = await visit(wire.url)
        await page.clock.install()
        await enter(page, "alice")
        async with terminal(house, "bob") as person:
            await person.type("before")
            await expect(texts(page)).to_have_text(["before"])
            wire.cut()
            await person.type("bob meanwhile")
            for text in ("one", "two", "three"):
                await write(page, text)
            await expect(page.locator(".pending")).to_have_count(3)
            await expect(page.locator("#banner")).to_be_hidden()
            await page.clock.run_for(10_000)
            await expect(page.locator(".pending.failed")).to_have_count(3)
            await page.clock.run_for(20_000)
            await expect(page.locator(".pending.queued")).to_have_count(3)
            await expect(page.locator("#banner")).to_contain_text("Reconnecting…")
            assert house.said() == 2
            wire.mend()
            await expect(texts(page)).to_have_text(
                ["before", "bob meanwhile", "one", "two", "three"], timeout=20_000
            )
            await expect(page.locator("#banner")).to_be_hidden()
            await expect(page.locator(".pending")).to_have_count(0)
        assert house.said() == 5


async def test_a_browser_that_is_offline_sends_in_order_when_it_is_not(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.context.set_offline(True)
    drop(house)
    for text in ("one", "two", "three"):
        await write(page, text)
    await expect(page.locator(".pending.queued")).to_have_count(3)
    await page.context.set_offline(False)
    await expect(texts(page)).to_have_text(["one", "two", "three"])
    assert house.said() == 3


async def test_what_is_written_without_a_line_waits_for_it(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.clock.install()
    await refuse_lines(page)
    drop(house)
    await expect(page.locator("#banner")).to_be_hidden()
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#banner")).to_contain_text("Reconnecting…")
    await write(page, "still here?")
    await expect(page.locator(".pending.queued .state")).to_have_text("waits for the connection")
    await page.reload()
    await expect(texts(page)).to_have_text(["still here?"])
    assert house.said() == 1


async def test_what_is_not_answered_is_said_to_be_not_sent(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.clock.install()
    async with deaf(house):
        await write(page, "anybody?")
        await page.clock.fast_forward(400)
        await expect(page.locator(".pending.waiting")).to_have_count(1)
        await page.clock.fast_forward(10_000)
        failed = page.locator(".pending.failed")
        await expect(failed.locator(".state")).to_contain_text("not sent")
        await failed.get_by_role("button", name="Retry").click()
        await expect(failed).to_have_count(0)
    await expect(texts(page)).to_have_text(["anybody?"])
    await expect(page.locator(".pending")).to_have_count(0)
    assert house.said() == 1


async def test_what_is_written_in_one_room_is_never_said_in_another(
    house: House, visit: Open
) -> None:
    page = await visit("/r/staff")
    await enter(page, "alice")
    await refuse_lines(page)
    drop(house)
    await write(page, "for the staff")
    await page.goto(f"{house.url}/r/garden")
    await write(page, "for the garden")
    await expect(texts(page)).to_have_text(["for the garden"])
    await expect(page.locator(".pending")).to_have_count(0)
    await write(page, "/join staff")
    await expect(texts(page)).to_have_text(["for the staff"])
    assert [house.said("staff"), house.said("garden")] == [1, 1]


async def test_one_who_only_reads_notices_that_the_line_is_dead(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await page.clock.install()
    async with terminal(house, "bob") as person:
        await person.type("the last word")
        await expect(texts(page)).to_have_text(["the last word"])
        await expect(page.locator(".presence")).to_have_text("bob joined")
        for bridge in house.bridges:
            bridge.session.member.mute()
        await person.type("are you there?", "/who")
        await person.until("in #lobby")
        await page.clock.fast_forward(30_000)  # asks
        await page.clock.fast_forward(5_000)  # has no answer
        await page.clock.fast_forward(1_200)  # dials
        await expect(texts(page)).to_have_text(["the last word", "are you there?"])


async def test_a_dial_that_leads_nowhere_is_given_up(house: House, visit: Open) -> None:
    page = await visit()
    await page.clock.install()
    await enter(page, "alice")
    await refuse_lines(page)
    drop(house)
    await expect(page.locator("#banner")).to_be_hidden()
    await page.clock.fast_forward(6_000)
    await expect(page.locator("#banner")).to_contain_text("(attempt 1)")
    await page.clock.fast_forward(10_000)
    await expect(page.locator("#banner")).to_contain_text("(attempt 2")


async def test_who_was_away_for_long_is_not_sent_everything(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "before")
    await expect(texts(page)).to_have_text(["before"])
    await page.context.set_offline(True)
    drop(house)
    async with terminal(house, "bob") as person:
        await person.type(*[f"line {nth}" for nth in range(1500)], "/who")
        await person.until("in #lobby")
    await page.context.set_offline(False)
    await expect(texts(page).last).to_have_text("line 1499")
    await expect(page.locator("#log")).to_have_attribute("aria-busy", "false")
    assert await texts(page).count() <= 300
    for _ in range(3):  # and yet it is all there, to be scrolled to
        await page.locator("#scroller").evaluate("(it) => { it.scrollTop = 0 }")
        await asyncio.sleep(0.1)
    await expect(page.locator("#older")).to_be_visible()
    shown = [int(text.split()[1]) for text in await texts(page).all_inner_texts()]
    assert shown == list(range(shown[0], shown[-1] + 1))


async def test_messages_that_are_gone_leave_a_mark(browser: Browser) -> None:
    async with opened(memory_events=3, window_events=2) as house:
        page = await browser.new_page(locale="en-GB")
        await page.goto(house.url)
        await enter(page, "alice")
        await write(page, "one")
        await expect(texts(page)).to_have_text(["one"])
        async with terminal(house, "bob") as person, deaf(house):
            await person.type("two", "three", "four", "five", "six", "seven", "/who")
            await person.until("alice")
        gap = page.locator(".gap")
        await expect(gap).to_have_text(re.compile(r"Messages 2 to \d are no longer kept."))
        await expect(texts(page).last).to_have_text("seven")
        await page.close()


async def test_a_house_that_was_built_anew_is_entered_anew(browser: Browser) -> None:
    page = await browser.new_page(locale="en-GB")
    async with opened() as house:
        await page.goto(house.url)
        await enter(page, "alice")
        await write(page, "one")
        await expect(texts(page)).to_have_text(["one"])
    await write(page, "two")
    await expect(page.locator(".pending.queued")).to_have_count(1)
    async with opened(http_port=house.http_port):
        await expect(texts(page)).to_have_text(["one", "two"])
        await expect(page.locator(".gap")).to_contain_text("a new log")
        await expect(page.locator(".pending")).to_have_count(0)
        await page.close()


async def test_what_the_log_cannot_read_is_shown_at_its_place_once(
    house: House, visit: Open
) -> None:
    for nth in range(1, 121):
        post(house, f"line {nth}")
    await until(lambda: house.said() == 120)
    room = house.hall.rooms["lobby"]
    read = room._log.read
    lost = {30, 31, 118}

    def with_holes(after: int, limit: int, done: Callable[[Page], None]) -> None:
        def answer(got: Page) -> None:
            assert not isinstance(got, RoomError)
            done([record for record in got if record.event.seq not in lost])

        read(after, limit, answer)

    room._log.read = with_holes  # type: ignore[method-assign]
    room._window.restart(())
    page = await visit()
    await enter(page, "alice")
    await expect(texts(page).last).to_have_text("line 120")
    gaps = page.locator("#log .gap")
    await expect(gaps).to_have_text(
        ["Messages 118 to 118 are lost: the server cannot read them."], use_inner_text=True
    )
    for _ in range(2):
        await page.locator("#scroller").evaluate("(it) => { it.scrollTop = 0 }")
        await expect(texts(page).filter(has_text=re.compile("^line 21$"))).to_have_count(1)
    await expect(gaps).to_have_text(
        [
            "Messages 30 to 31 are lost: the server cannot read them.",
            "Messages 118 to 118 are lost: the server cannot read them.",
        ],
        use_inner_text=True,
    )


async def test_what_a_busy_house_refuses_is_sent_again_by_itself(
    house: House, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await visit()
    await enter(page, "alice")
    log, waiting, turns = house.hall.room("lobby")._log, house.hall._shared.waiting, []
    with monkeypatch.context() as slow:
        slow.setattr(log, "append", lambda *turn: turns.append(turn))
        post(house, "at the log")
        await until(lambda: bool(turns))
        waiting.used = house.hall.config.waiting_bytes
        await write(page, "hello")
        await expect(page.locator("#log .pending")).to_have_count(1)
    waiting.used = 0
    log.append(*turns[0])
    await expect(texts(page)).to_have_text(["at the log", "hello"])
    await expect(page.locator("#log .pending")).to_have_count(0)
    assert house.said() == 2


def post(house: House, text: str) -> None:
    """A program says this."""
    house.hall.post(
        "lobby",
        Say,
        text,
        door="http",
        author="http",
        nick="robot",
        id=None,
        settled=lambda outcome, is_new: None,
    )
