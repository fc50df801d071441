"""In the room: what is said, by whom, through which door."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser import House, opened, terminal
from tests.page.conftest import Open
from tests.page.people import enter, texts, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_program_is_marked_as_one(house: House, visit: Open) -> None:
    page = await visit(locale="zh-CN")
    await enter(page, "alice")
    async with terminal(house) as program:
        await program.type("/bot deploy", "done")
        await expect(page.locator(".by", has_text="deploy")).to_contain_text("机器人")
        await expect(page.locator("#doors h3", has_text="机器人")).to_be_visible()


async def test_both_doors_are_one_conversation(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "小明") as person:
        await person.type("你好")
        await expect(page.locator(".say .door")).to_have_text("terminal")
        await expect(texts(page)).to_have_text(["你好"])
        headings = page.locator("#doors h3")
        await expect(headings).to_have_text(["web1", "terminal1"])
        await write(page, "welcome")
        assert "<alice> welcome" in await person.until("welcome")
        await person.type("/me waves")
        await expect(page.locator(".act p")).to_have_text("* 小明 waves")
    await expect(page.locator(".presence").last).to_have_text("小明 left")


async def test_commands_are_answered(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "／who")
    await expect(page.locator(".answer.members")).to_have_text("One is here: alice (web)")
    await write(page, "//who")
    await expect(texts(page)).to_have_text(["/who"])
    await write(page, "/me waves")
    await expect(page.locator(".act.own p")).to_have_text("* alice waves")
    await write(page, "/nick carol")
    await expect(page.locator(".answer.nick")).to_have_text("You are now carol.")
    await write(page, "/help")
    await expect(page.locator(".answer.help dt").first).to_have_text("/help")
    await write(page, "/history 2")
    await expect(page.locator(".answer.history li")).to_have_count(2)
    await write(page, "/search WHO")
    await expect(page.locator(".answer.found li")).to_contain_text(["/who"])
    await write(page, "/topic tea")
    await expect(page.locator("#topic")).to_have_text("tea")
    await write(page, "/join garden")
    await expect(page).to_have_url(re.compile(r"/r/garden$"))
    await write(page, "/rooms")
    await page.locator(".answer.rooms a", has_text="#lobby").click()
    await expect(page.locator("#room-name")).to_have_text("#lobby")
    await page.go_back()
    await expect(page.locator("#room-name")).to_have_text("#garden")
    await expect(page.locator(".pending")).to_have_count(0)


async def test_a_refusal_stands_at_the_message_and_the_text_is_kept(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    await write(page, "/nope at all")
    refused = page.locator(".pending.failed")
    await expect(refused.locator(".state")).to_contain_text("there is no command /nope")
    await refused.get_by_role("button", name="Edit").click()
    await expect(page.locator("#text")).to_have_value("/nope at all")
    await expect(refused).to_have_count(0)
    await page.locator("#text").press("Enter")
    await refused.get_by_role("button", name="Delete").click()
    await expect(refused).to_have_count(0)
    await expect(page.locator("#text")).to_be_focused()


async def test_a_private_word_is_seen_by_two(house: House, visit: Open) -> None:
    page, other = await visit(), await visit()
    await enter(page, "alice")
    await enter(other, "carol")
    async with terminal(house, "bob") as person:
        await person.type("/msg alice psst")
        await expect(page.locator(".dm .text")).to_have_text("psst")
        await expect(page.locator(".dm .how")).to_have_text("privately to you")
        await write(page, "/msg bob what?")
        assert "private from alice: what?" in await person.until("what?")
        await expect(page.locator(".dm .how").last).to_have_text("privately to bob")
        await expect(other.locator(".dm")).to_have_count(0)


async def test_what_one_says_in_one_breath_stands_under_one_head(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type("one", "two")
        await expect(texts(page)).to_have_text(["one", "two"])
        await write(page, "three")
        await expect(page.locator(".say.head .text")).to_have_text(["one", "three"])
        await expect(page.locator(".day")).to_have_text(["Today"])


async def test_markup_is_shown_and_the_terminal_has_it_as_it_was_written(
    house: House, visit: Open
) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await write(
            page, "**bold** and *italic* and `co*d*e`\n> a quote\n```\n<b>**x**</b>\n```\nend"
        )
        said = texts(page)
        await expect(said.locator("strong")).to_have_text("bold")
        await expect(said.locator("em")).to_have_text("italic")
        await expect(said.locator("> code")).to_have_text("co*d*e")
        await expect(said.locator("blockquote")).to_have_text("a quote")
        await expect(said.locator("pre")).to_have_text("<b>**x**</b>")
        assert "**bold** and *italic* and `co*d*e`" in await person.until("bold")


async def test_a_picture_alone_is_large(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    for text in ("👍", "👩‍👩‍👧🇨🇳 ❤️", "👍👍👍👍", "ok 👍", "3"):
        await write(page, text)
    await expect(texts(page)).to_have_count(5)
    await expect(page.locator(".text.large")).to_have_text(["👍", "👩‍👩‍👧🇨🇳 ❤️"])


async def test_who_comes_and_goes_is_one_line_that_can_be_opened(visit: Open) -> None:
    async with opened(presence_gather_s=0.05, leave_grace_s=0.05) as house:
        page = await visit(house.url)
        await enter(page, "alice")
        async with terminal(house, "p1"), terminal(house, "p2"):
            line = page.locator(".presence")
            await expect(line).to_have_text("p1 and p2 joined")
            async with terminal(house, "p3"):
                await expect(line).to_have_text("p1, p2, and p3 joined")
            await expect(line).to_have_text("p1 and p2 joined")
            async with (
                terminal(house, "p4"),
                terminal(house, "p5"),
                terminal(house, "p6"),
                terminal(house, "p7"),
                terminal(house, "p8"),
            ):
                await expect(line).to_have_text(re.compile("and 2 others joined"))
                await line.get_by_role("button").click()
                await expect(line).to_contain_text("p8")


async def test_several_messages_are_copied_as_text(house: House, visit: Open) -> None:
    page = await visit()
    await enter(page, "alice")
    async with terminal(house, "bob") as person:
        await person.type("**one**", "/me waves")
        await write(page, "two\nlines")
        await expect(texts(page)).to_have_count(2)
    copied = await page.evaluate("""() => new Promise((done) => {
      getSelection().selectAllChildren(document.getElementById("log"));
      document.addEventListener("copy", (event) => done(event.clipboardData.getData("text/plain")));
      document.execCommand("copy");
    })""")
    lines = re.sub(r"\d\d:\d\d", "12:03", copied)
    assert lines == "[12:03] <bob> **one**\n[12:03] * bob waves\n[12:03] <alice> two\nlines"
