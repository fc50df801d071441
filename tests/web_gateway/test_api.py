"""HTTP for programs: what is said, what is read, and what is refused."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tcp_room.events import Say
from tcp_room.limits import Pace
from tcp_room.logs.memory import MemoryEngine
from tcp_room.logs.port import Outcome, Record
from tcp_room.logs.sqlite import SqliteEngine
from tcp_room.views import JSON
from tests.fakes import FaultyEngine, House, RemoteEngine
from tests.web_gateway.served import Answer, served, until

LOBBY = "/rooms/lobby/messages"


async def curl(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The status and the JSON that curl was answered with."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "-w", "\n%{http_code}", *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    body, _, status = printed.rpartition(b"\n")
    return int(status), msgspec.json.decode(body)


# -- saying


async def test_a_plain_body_is_the_message() -> None:
    async with served() as house:
        answer = await house.post("hello, 世界", "?nick=ci")
        assert answer.status == 201
        event = answer.json
        assert event.pop("at") > 1_700_000_000_000
        assert event == {
            "kind": "say",
            "seq": 1,
            "id": None,
            "nick": "ci",
            "door": "http",
            "text": "hello, 世界",
        }


async def test_the_location_leads_to_the_message() -> None:
    async with served() as house:
        for room in ("lobby", "%E5%8C%97%E4%BA%AC"):
            await house.post("before", room=room)
            answer = await house.post("this one", room=room)
            await house.post("after", room=room)
            found = await house.get(answer.headers["Location"])
            assert found.json["events"] == [answer.json]


async def test_curl_needs_nothing_but_d() -> None:
    async with served() as house:
        address = house.address + LOBBY
        status, event = await curl("-d", "the build=green & 100%25 done", address)
        assert (status, event["text"]) == (201, "the build=green & 100%25 done")
        status, event = await curl("--json", '{"text":"hi","nick":"ci"}', address)
        assert (status, event["nick"], event["text"]) == (201, "ci", "hi")


async def test_curl_sends_what_a_program_prints() -> None:
    async with served() as house:
        process = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--data-binary", "@-", house.address + LOBBY, stdin=-1, stdout=-1
        )
        printed, _ = await process.communicate(b"one\r\n  two\n\n")
        assert msgspec.json.decode(printed)["text"] == "one\n  two"


async def test_json_says_who_and_how() -> None:
    async with served() as house:
        body = msgspec.json.encode({"text": "waves", "nick": "dan", "kind": "act", "more": 1})
        answer = await house.post(body, "?nick=other", Content_Type="application/json")
        assert (answer.status, answer.json["kind"], answer.json["nick"]) == (201, "act", "dan")
        answer = await house.post('{"text":"x"}', "?nick=q", Content_Type="application/json")
        assert (answer.json["kind"], answer.json["nick"]) == ("say", "q")


async def test_what_goes_over_the_line_door_as_json_is_a_body_too() -> None:
    async with served() as house:
        body = '{"kind":"say","text":"hi","id":"01J"}'
        first = await house.post(body, Content_Type="application/json; charset=utf-8")
        again = await house.post(body, Content_Type="application/json")
        assert (first.status, again.status) == (201, 200)
        again = await house.post(body, key="k2", Content_Type="application/json")
        assert (again.status, again.json["id"]) == (201, "k2")


async def test_a_slash_is_a_character_like_any() -> None:
    async with served() as house:
        assert (await house.post("/quit")).json["text"] == "/quit"
        assert (await house.post("//x")).json["text"] == "//x"


async def test_who_gives_no_name_has_a_guests() -> None:
    async with served() as house:
        nicks = [(await house.post("x")).json["nick"] for _ in range(3)]
        assert nicks == ["guest-1", "guest-2", "guest-3"]


async def test_a_name_is_shown_as_everywhere() -> None:
    async with served() as house:
        assert (await house.post("x", "?nick=%20Ann%20%20Lee")).json["nick"] == "Ann Lee"
        assert (await house.post("x", "?nick=a*b")).refusal == (400, "bad_nick")
        assert (await house.post("x", "?nick=")).refusal == (400, "bad_nick")


async def test_who_posts_is_not_here_and_nobody_hears_of_it() -> None:
    async with served() as house:
        listener = await house.listen("/rooms/lobby/stream?nick=ear")
        assert (await listener.line())["kind"] == "welcome"
        assert (await listener.line())["kind"] == "live"
        for text in ("one", "two"):
            await house.post(text, "?nick=ci")
        heard = await listener.lines_until("two")
        assert [event["kind"] for event in heard] == ["say", "say"]
        assert (await house.get("/rooms")).json["rooms"][0]["count"] == 1


async def test_what_is_answered_can_be_read() -> None:
    async with served() as house:
        for number in range(1, 30):
            assert (await house.post(f"m{number}")).json["seq"] == number
            assert (await house.page("?limit=1"))["head"] == number


# -- saying it twice


async def test_a_key_with_another_text_is_refused() -> None:
    async with served() as house:
        assert (await house.post("build 17 failed", "?nick=ci", key="build-17")).status == 201
        for _ in range(2):
            answer = await house.post("all is well", "?nick=ci", key="build-17")
            assert answer.refusal == (422, "id_reused")
        act = '{"text":"build 17 failed","nick":"ci","kind":"act","id":"build-17"}'
        answer = await house.post(act, Content_Type="application/json")
        assert answer.refusal == (422, "id_reused")
        assert (await house.post("build 17 failed", "?nick=ci", key="build-17")).status == 200
        assert await house.texts() == ["build 17 failed"]


async def test_a_second_try_is_answered_with_the_first() -> None:
    async with served() as house:
        first = await house.post("once", "?nick=ci", key="k1")
        again = await house.post("once", "?nick=CI", key="k1")
        assert (first.status, again.status) == (201, 200)
        assert first.json == again.json
        assert first.json["id"] == "k1"
        assert first.headers["Location"] == again.headers["Location"]
        assert await house.texts() == ["once"]


async def test_a_second_try_is_known_without_a_name() -> None:
    async with served() as house:
        first, again = await house.post("once", key="k1"), await house.post("once", key="k1")
        assert (first.status, again.status) == (201, 200)
        assert first.json == again.json


async def test_of_many_tries_at_once_one_is_heard() -> None:
    async with served() as house:
        for nth in range(5):
            posts = (house.post("once", "?nick=ci", key=f"k{nth}") for _ in range(40))
            answers: list[Answer] = await asyncio.gather(*posts)
            statuses = sorted(answer.status for answer in answers)
            assert statuses == [200] * 39 + [201]
            assert len({answer.body for answer in answers}) == 1
        assert await house.texts() == ["once"] * 5


async def test_a_key_is_of_a_name_and_of_a_room() -> None:
    async with served() as house:
        answers = [
            await house.post("a", "?nick=ci", key="k1"),
            await house.post("b", "?nick=cd", key="k1"),
            await house.post("c", key="k1"),
            await house.post("d", "?nick=ci", key="k1", room="other"),
        ]
        assert [answer.status for answer in answers] == [201] * 4


async def test_a_second_try_is_known_after_a_restart(tmp_path: Path) -> None:
    on_loop = asyncio.get_running_loop().call_soon_threadsafe
    bodies = []
    for status in (201, 200):
        engine = SqliteEngine(tmp_path, "normal", on_loop)
        async with served(engine) as house:
            answer = await house.post("once", "?nick=ci", key="k1")
            assert answer.status == status
            bodies.append(answer.body)
        engine.close()
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("key", ["", "k" * 65, "\x80", "tab\there"])
async def test_a_key_is_short_and_plain(key: str) -> None:
    async with served() as house:
        assert (await house.post("x", key=key)).refusal == (400, "bad_message")
        assert (await house.post("x", key="k" * 64)).status == 201


# -- names


@pytest.mark.parametrize("nick", ["Paypal", "PAYPAL", "PaypaI", "%EF%BC%B0aypal"])
async def test_nobody_speaks_under_a_members_name(nick: str) -> None:
    async with served() as house:
        listener = await house.listen("/rooms/lobby/stream?nick=Paypal")
        assert (await house.post("send money", f"?nick={nick}")).refusal == (409, "nick_taken")
        assert (await house.post("x", f"?nick={nick}", room="other")).refusal[0] == 409
        await listener.close()
        await until(lambda: not len(house.hall))
        assert (await house.post("mine", f"?nick={nick}")).status == 201


async def test_a_posted_name_is_not_held() -> None:
    async with served() as house:
        await house.post("x", "?nick=ci")
        assert (await house.listen("/rooms/lobby/stream?nick=ci")).status == 200


# -- refusals


async def test_what_the_log_refuses_is_503_and_makes_no_room() -> None:
    engine = FaultyEngine()
    async with served(engine) as house:
        listener = await house.listen("/rooms/lobby/stream?nick=ear")
        engine.refuses = True
        assert (await house.post("x")).refusal == (503, "storage")
        assert (await house.post("x", room="new")).refusal == (503, "storage")
        assert "new" not in house.hall.rooms
        engine.refuses = False
        assert (await house.post("heard")).status == 201
        kinds = [event["kind"] for event in await listener.lines_until("heard")]
        assert kinds == ["welcome", "live", "say"]


async def test_what_cannot_be_read_is_503() -> None:
    engine = FaultyEngine()
    async with served(engine) as house:
        engine.unreadable = True
        assert (await house.get(LOBBY)).refusal == (503, "storage")


async def test_who_is_too_fast_is_told_when_to_come_again() -> None:
    async with served(rate=5.0, address_messages_per_s=0.01, address_burst_s=600.0) as house:
        answers = [await house.post(f"m{nth}") for nth in range(5)]
        assert [answer.status for answer in answers] == [201, 201, 201, 429, 429]
        assert answers[-1].refusal == (429, "too_fast")
        assert 90 <= int(answers[-1].headers["Retry-After"]) <= 100
        assert await house.texts() == ["m0", "m1", "m2"]


async def test_reading_is_not_counted_as_saying() -> None:
    async with served(rate=5.0, address_messages_per_s=0.01, address_burst_s=200.0) as house:
        for _ in range(5):
            await house.page()
        assert (await house.post("x")).status == 201


async def test_a_message_has_a_limit() -> None:
    async with served() as house:
        most = "é" * 2048
        assert (await house.post(most)).json["text"] == most
        assert (await house.post(most + "é")).refusal == (413, "too_long")
        assert (await house.post(b"x" * 1_000_000)).refusal == (413, "too_long")
        whole = msgspec.json.encode({"text": "x" * 1_000_000})
        answer = await house.post(whole, Content_Type="application/json")
        assert answer.refusal == (413, "too_long")
        assert (await house.post("still here")).status == 201


async def test_json_may_need_more_bytes_than_its_text() -> None:
    async with served() as house:
        body = '{"text":"' + "\\u0061" * 4096 + '"}'
        answer = await house.post(body, Content_Type="application/json")
        assert answer.json["text"] == "a" * 4096


async def test_curl_is_told_that_a_megabyte_is_too_long() -> None:
    async with served() as house:
        process = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--data-binary", "@-", house.address + LOBBY, stdin=-1, stdout=-1
        )
        printed, _ = await process.communicate(b"x" * 1_000_000)
        assert msgspec.json.decode(printed)["code"] == "too_long"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_page_of_another_address_says_nothing(headers: dict[str, str]) -> None:
    async with served() as house:
        assert (await house.post("x", **headers)).refusal == (403, "foreign_origin")
        for path in ("/rooms/lobby/events", "/rooms/lobby/stream"):
            listener = await house.listen(path, **headers)
            assert await listener.refusal() == (403, "foreign_origin")
        assert await house.texts() == []
        assert not len(house.hall)


async def test_our_own_page_may() -> None:
    async with served() as house:
        own = {"Origin": house.address, "Sec_Fetch_Site": "same-origin"}
        assert (await house.post("x", **own)).status == 201


BODIES: list[tuple[bytes, str, str]] = [
    (b"", "text/plain", "empty"),
    (b" \n\t\r\n ", "text/plain", "empty"),
    ("\u200b\u2060".encode(), "text/plain", "empty"),
    (b"caf\xe9", "text/plain", "bad_utf8"),
    (b"\xed\xa0\x80", "text/plain; charset=gbk", "bad_utf8"),
    (b"a\0b", "text/plain", "bad_text"),
    (b"\x1b[2J", "application/x-www-form-urlencoded", "bad_text"),
    (b"a\x07", "application/octet-stream", "bad_text"),
    ("\u0085\u009b31m".encode(), "text/plain", "bad_text"),
    (b"--x\r\n", "multipart/form-data; boundary=x", "bad_message"),
    (b"", "application/json", "bad_json"),
    (b'{"text":"x"', "application/json", "bad_json"),
    (b'{"text":"\xff"}', "application/json", "bad_json"),
    (b"[" * 30_000, "application/json", "bad_message"),
    (b'{"a":' * 6_000, "application/json", "bad_json"),
    (b'["x"]', "application/json", "bad_message"),
    (b'"x"', "application/json", "bad_message"),
    (b"null", "application/json", "bad_message"),
    (b"{}", "application/json", "bad_message"),
    (b'{"text":1}', "application/json", "bad_message"),
    (b'{"text":"x","kind":"topic"}', "application/json", "bad_message"),
    (b'{"text":"x","nick":7}', "application/json", "bad_message"),
    (b'{"text":"x","id":""}', "application/json", "bad_message"),
    (b'{"text":"a\\u0000b"}', "application/json", "bad_text"),
    (b'{"text":" "}', "application/ld+json", "empty"),
]


async def test_what_cannot_be_said_is_refused_and_the_room_hears_nothing() -> None:
    async with served() as house:
        listener = await house.listen("/rooms/lobby/stream?nick=ear")
        for body, content_type, code in BODIES:
            answer = await house.post(body, Content_Type=content_type)
            assert answer.refusal == (400, code), (body[:30], answer.body)
        await house.post("the end")
        kinds = [event["kind"] for event in await listener.lines_until("the end")]
        assert kinds == ["welcome", "live", "say"]


async def test_half_a_body_is_nothing() -> None:
    async with served() as house:
        assert house.client.port is not None
        _, writer = await asyncio.open_connection("127.0.0.1", house.client.port)
        writer.write(
            b"POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 10\r\n\r\nhalf"
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await house.post("whole")
        assert await house.texts() == ["whole"]


async def test_a_house_has_so_many_rooms() -> None:
    async with served(rooms=2) as house:
        listeners = []
        for room in ("one", "two"):
            assert (await house.post("x", room=room)).status == 201
            listeners.append(await house.listen(f"/rooms/{room}/stream"))
        assert (await house.post("x", room="three")).refusal == (503, "hall_full")
        await listeners[0].close()
        await until(lambda: not house.hall.rooms["one"].readers())
        assert (await house.post("x", room="three")).status == 201
        assert (await house.post("x")).status == 201  # the lobby is always there
        assert (await house.post("x", room="a%20b")).refusal == (400, "bad_room")


# -- reading


async def test_a_page_is_the_last_fifty() -> None:
    async with served() as house:
        for number in range(1, 61):
            await house.said(f"m{number}")
        page = await house.page()
        assert [event["seq"] for event in page.pop("events")] == list(range(11, 61))
        covers = {"from": 11, "to": 60, "gaps": []}
        kept = {"first": 1, "head": 60}
        assert page == {"room": "lobby", "epoch": "e1", "more": True, **covers, **kept}


@pytest.mark.parametrize(
    ("query", "seqs", "more"),
    [
        ("?limit=3", [8, 9, 10], True),
        ("?before=4", [1, 2, 3], False),
        ("?before=4&limit=2", [2, 3], True),
        ("?before=0", [], False),
        ("?before=999&limit=1", [10], True),
        ("?after=0&limit=2", [1, 2], True),
        ("?after=8", [9, 10], False),
        ("?after=10", [], False),
        ("?after=999", [], False),
        ("?limit=999999", list(range(1, 11)), False),
    ],
)
async def test_pages_go_both_ways(query: str, seqs: list[int], more: bool) -> None:
    async with served() as house:
        for number in range(1, 11):
            await house.said(f"m{number}")
        page = await house.page(query)
        assert [event["seq"] for event in page["events"]] == seqs
        assert page["more"] is more


async def test_a_page_has_a_bound() -> None:
    async with served(page_events=5) as house:
        for number in range(1, 11):
            await house.said(f"m{number}")
        page = await house.page("?after=0&limit=9")
        assert ([event["seq"] for event in page["events"]], page["more"]) == ([1, 2, 3, 4, 5], True)


async def test_following_more_reads_all_once() -> None:
    async with served() as house:
        for _ in range(100):
            await house.said("x" * 3000)
        seqs: list[int] = []
        more = True
        while more:
            page = await house.page(f"?after={seqs[-1] if seqs else 0}&limit=40")
            seqs += [event["seq"] for event in page["events"]]
            more = page["more"]
        assert seqs == list(range(1, 101))


async def test_what_is_no_longer_kept_shows_in_first() -> None:
    async with served(MemoryEngine("e1", 8)) as house:
        for number in range(1, 31):
            await house.said(f"m{number}")
        page = await house.page("?after=2")
        assert page["first"] == page["events"][0]["seq"] > 3
        assert page["head"] == page["events"][-1]["seq"] == 30


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=-1",
        "?limit=",
        "?limit=ten",
        "?before=1.5",
        "?after=%C2%B2",
        "?after=0x10",
        "?after=99999999999999999999",
        "?after=1&before=9",
        "?after=+1",
    ],
)
async def test_numbers_are_numbers(query: str) -> None:
    async with served() as house:
        assert (await house.get(LOBBY + query)).refusal == (400, "bad_message")


async def test_looking_makes_no_room() -> None:
    async with served() as house:
        for path in ("messages", "events", "stream"):
            answer = await house.get(f"/rooms/nowhere/{path}")
            assert answer.refusal == (404, "no_such_room")
            assert (await house.get(f"/rooms/a%20b/{path}")).refusal == (400, "bad_room")
        assert house.hall.rooms == {}
        assert (await house.page())["events"] == []  # the lobby is always there


async def test_a_room_is_there_after_a_restart(tmp_path: Path) -> None:
    on_loop = asyncio.get_running_loop().call_soon_threadsafe
    for _ in range(2):
        engine = SqliteEngine(tmp_path, "normal", on_loop)
        async with served(engine) as house:
            if not engine.rooms(10):
                await house.post("kept", room="den")
            assert await house.texts("den") == ["kept"]
        engine.close()


async def test_the_rooms_are_listed() -> None:
    async with served() as house:
        assert (await house.get("/rooms")).json == {"rooms": []}
        await house.post("x", room="den")
        await house.listen("/rooms/lobby/events")
        assert (await house.get("/rooms")).json["rooms"] == [
            {"room": "lobby", "count": 1, "topic": ""},
            {"room": "den", "count": 0, "topic": ""},
        ]


# -- what is not there


async def test_every_refusal_under_rooms_is_json() -> None:
    async with served() as house:
        for path in ("/rooms/", "/rooms/lobby", "/rooms/lobby/messages/1", "/rooms/lobby/x"):
            assert (await house.get(path)).refusal == (404, "not_found")
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            answer = await house.ask(method, LOBBY)
            assert answer.refusal == (405, "bad_method")
            assert answer.headers["Allow"] == "GET, HEAD, POST"
        assert (await house.ask("HEAD", "/rooms/lobby/events")).status == 405
        assert (await house.ask("POST", "/rooms")).refusal == (405, "bad_method")


async def test_other_addresses_are_for_people() -> None:
    async with served() as house:
        answer = await house.get("/roomsy")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
        assert (await house.get("/livez")).body == b"ok\n"


# -- the room's side of it


async def test_the_answer_comes_when_all_are_told() -> None:
    """And not before the whole turn is settled, however its log answers."""
    engine = RemoteEngine()
    house = House(engine)
    _, ear = house.enter("ear", JSON)
    answers: list[tuple[str, bool, bytes]] = []

    def settled(outcome: Outcome, is_new: bool) -> None:
        assert isinstance(outcome, Record)
        answers.append((outcome.event.text, is_new, ear.bytes))

    post = partial(
        house.hall.post, "lobby", Say, door="http", author="a", nick="ci", settled=settled
    )
    for text, id in (("one", "k"), ("two", None), ("one", "k")):
        post(text=text, id=id)
    house.loop.settle()
    engine.logs["lobby"].settle(2)
    house.loop.settle()
    assert answers == []
    engine.logs["lobby"].settle()
    house.loop.settle()
    assert [answer[:2] for answer in answers] == [("one", True), ("two", True), ("one", False)]
    assert all(b'"one"' in heard and b'"two"' in heard for _, _, heard in answers)


# -- the pace of addresses


def test_each_address_has_its_own_pace() -> None:
    pace = Pace(rate=1, burst=2)
    assert [pace.wait("10.0.0.1", 100) for _ in range(3)] == [0, 0, 1]
    assert pace.wait("10.0.0.2", 100) == 0
    assert pace.wait("::ffff:10.0.0.1", 100) == 1


def test_who_was_refused_is_not_refused_for_longer() -> None:
    pace = Pace(rate=1, burst=1)
    assert pace.wait("a", 100) == 0
    assert [pace.wait("a", 100.5) for _ in range(50)] == [0.5] * 50
    assert pace.wait("a", 101) == 0


def test_an_address_that_is_not_heard_of_any_more_costs_nothing() -> None:
    pace = Pace(rate=1, burst=5)
    for nth in range(1000):
        pace.wait(f"10.0.{nth // 250}.{nth % 250}", 100 + nth)
    assert len(pace) <= 2


def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(rate=0, burst=1)
    assert {pace.wait("a", 1) for _ in range(100)} == {0.0}
