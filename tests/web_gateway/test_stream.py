"""Listening by HTTP: server-sent events and NDJSON, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tcp_room.logs.memory import MemoryEngine
from tcp_room.member import Condition, Member
from tests.fakes import FaultyEngine
from tests.web_gateway.served import Listener, Served, served, until
from web_gateway import sse
from web_gateway.stream import Stream

EVENTS = "/rooms/lobby/events"
STREAM = "/rooms/lobby/stream"


def logged(got: list[dict[str, Any]]) -> list[int]:
    """The numbers of the messages, of either stream."""
    bare = [event.get("data", event) for event in got]
    return [event["seq"] for event in bare if event.get("kind") == "say"]


@contextlib.asynccontextmanager
async def talking(house: Served, count: int) -> AsyncIterator[None]:
    """Somebody says that many things meanwhile, and "the end" after them."""

    async def talk() -> None:
        for nth in range(count):
            await house.said(f"m{nth}")
            await asyncio.sleep(0)

    task = asyncio.create_task(talk())
    yield
    await task
    await house.said("the end")


# -- what is shown


async def test_a_browser_is_told_when_to_come_back_and_shown_what_was_said() -> None:
    async with served() as house:
        await house.said("before")
        listener = await house.listen(EVENTS)
        assert (listener.status, listener.headers["content-type"]) == (200, "text/event-stream")
        assert listener.headers["transfer-encoding"] == "chunked"
        assert listener.headers["cache-control"] == "no-store"
        assert await listener.event() == {"retry": "2000"}
        event = await listener.event()
        assert (event["id"], event["event"], event["data"]["text"]) == ("e1:1", "say", "before")
        assert await listener.event() == {"id": "e1:1"}  # level
        await house.post("now", "?nick=ci")
        event = await listener.event()
        assert (event["id"], event["data"]["nick"], event["data"]["door"]) == ("e1:2", "ci", "http")


async def test_a_program_is_shown_the_json_view() -> None:
    async with served() as house:
        await house.said("before")
        listener = await house.listen(STREAM + "?nick=bot")
        assert listener.headers["content-type"] == "application/x-ndjson"
        kinds = [await listener.line() for _ in range(3)]
        assert [event["kind"] for event in kinds] == ["welcome", "say", "live"]
        assert (kinds[0]["nick"], kinds[0]["epoch"], kinds[0]["seq"]) == ("bot", "e1", 1)
        assert kinds[0]["members"] == [{"nick": "bot", "door": "http"}]


async def test_who_listens_is_here_and_is_seen_to_come_and_go() -> None:
    async with served() as house:
        ear = await house.listen(STREAM + "?nick=ear")
        eye = await house.listen(EVENTS + "?nick=eye")
        await ear.line()
        await ear.line()
        joined = await ear.line()
        assert joined["joined"] == [{"nick": "eye", "door": "http"}]
        await eye.close()
        assert (await ear.line())["left"] == ["eye"]
        guest = await house.listen(EVENTS)
        assert (await ear.line())["joined"] == [{"nick": "guest-1", "door": "http"}]
        await guest.event()
        assert await guest.event() == {"id": "e1:0"}
        await ear.close()
        assert (await guest.event())["data"]["left"] == ["ear"]


async def test_many_listeners_share_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as house:
        listeners = [await house.listen(EVENTS) for _ in range(20)]
        await until(
            lambda: all(
                member.condition is Condition.LEVEL
                for member in house.hall.rooms["lobby"].members.values()
            )
        )
        made: list[bytes] = []

        def counted(payload: bytes) -> bytes:
            made.append(payload)
            return b"%x\r\n%b\r\n" % (len(payload), payload)

        monkeypatch.setattr(sse, "chunk", counted)
        await house.said("for all")
        assert len(made) == 1
        for listener in listeners:
            assert (await listener.events_until("for all"))[-1]["id"] == "e1:1"


async def test_what_is_said_at_once_comes_in_one_chunk() -> None:
    async with served() as house:
        listener = await house.listen(STREAM)
        await house.said("begin")
        await listener.lines_until("begin")
        before = listener.chunks
        await asyncio.gather(*(house.said(f"m{nth}") for nth in range(50)), house.said("end"))
        assert len(await listener.lines_until("end")) == 51
        assert listener.chunks == before + 1


# -- reading on


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_browser_reads_on_where_it_was(by_header: bool) -> None:
    async with served() as house:
        for nth in range(100):
            await house.said(f"m{nth}")
        if by_header:
            # The address is the one of the first time: what the header says is newer.
            listener = await house.listen(EVENTS + "?since=5", Last_Event_ID="e1:30")
        else:
            listener = await house.listen(EVENTS + "?since=e1:30")
        await house.said("now")
        assert logged(await listener.events_until("now")) == list(range(31, 102))


async def test_a_plain_number_is_trusted() -> None:
    async with served() as house:
        for nth in range(10):
            await house.said(f"m{nth}")
        for listener in (
            await house.listen(EVENTS + "?since=7"),
            await house.listen(EVENTS, Last_Event_ID="7"),
        ):
            assert logged(await listener.events_until("m9")) == [8, 9, 10]
        for query in ("?since=7", "?since=7&epoch=e1", "?since=e1:7"):
            lines = await (await house.listen(STREAM + query)).lines_until("m9")
            assert logged(lines) == [8, 9, 10]


async def test_who_breaks_off_again_and_again_misses_nothing_and_reads_nothing_twice() -> None:
    async with served() as house:
        seen: dict[str, list[int]] = {EVENTS: [], STREAM: []}

        async def follow(path: str) -> None:
            place = ""
            while True:
                listener = await house.listen(f"{path}?since={place or 0}")
                read = listener.event if path == EVENTS else listener.line
                for _ in range(40):
                    got = await read()
                    seen[path] += logged([got])
                    if got.get("data", got).get("text") == "the end":
                        return
                if seen[path]:
                    place = f"e1:{seen[path][-1]}"
                await listener.close()

        async with talking(house, 600):
            followers = [asyncio.create_task(follow(path)) for path in seen]
        await asyncio.gather(*followers)
        assert seen == {EVENTS: list(range(1, 602)), STREAM: list(range(1, 602))}
        assert len(house.listeners) > 10


@pytest.mark.parametrize("since", ["e0:3", "e0:0", "e1:999", "999"])
async def test_who_stood_in_another_log_is_told_so_and_looks_back(since: str) -> None:
    async with served() as house:
        for nth in range(60):
            await house.said(f"m{nth}")
        listener = await house.listen(EVENTS, Last_Event_ID=since)
        got = (await listener.events_until("m59"))[1:]
        assert got[0]["event"] == "gap"
        assert "id" not in got[0]
        assert got[0]["data"] == {"kind": "gap", "from": 0, "to": 0, "reason": "epoch"}
        assert logged(got) == list(range(11, 61))
        epoch, _, seq = since.rpartition(":")
        lines = await (
            await house.listen(f"{STREAM}?since={seq}&epoch={epoch or 'e1'}")
        ).lines_until("m59")
        assert [event["kind"] for event in lines[:2]] == ["welcome", "gap"]
        assert logged(lines) == list(range(11, 61))


async def test_what_is_no_longer_kept_is_a_gap() -> None:
    async with served(MemoryEngine("e1", 16), window_events=2) as house:
        for nth in range(40):
            await house.said(f"m{nth}")
        first = (await house.page())["first"]
        assert first > 10
        listener = await house.listen(EVENTS, Last_Event_ID="e1:5")
        got = (await listener.events_until("m39"))[1:]
        gap = {"kind": "gap", "from": 6, "to": first - 1, "reason": "trimmed"}
        assert (got[0]["id"], got[0]["data"]) == (f"e1:{first - 1}", gap)
        assert logged(got) == list(range(first, 41))
        again = await house.listen(EVENTS, Last_Event_ID=got[0]["id"])
        assert logged(await again.events_until("m39")) == list(range(first, 41))
        lines = await (await house.listen(STREAM + "?since=5")).lines_until("m39")
        assert gap in lines


@pytest.mark.parametrize("since", ["x", "e1:", "-1", "1.5"])
async def test_a_place_is_a_number(since: str) -> None:
    async with served() as house:
        listener = await house.listen(EVENTS, Last_Event_ID=since)
        assert await listener.refusal() == (400, "bad_message")
        for path in (EVENTS, STREAM):
            listener = await house.listen(f"{path}?since={since}")
            assert await listener.refusal() == (400, "bad_message")
        assert not len(house.hall)


# -- at the door


async def test_a_taken_name_is_refused_before_anything_is_streamed() -> None:
    async with served() as house:
        first = await house.listen(STREAM + "?nick=bob")
        for path in (STREAM, EVENTS):
            second = await house.listen(path + "?nick=BOB")
            assert await second.refusal() == (409, "nick_taken")
            third = await house.listen(path + "?nick=a*b")
            assert await third.refusal() == (400, "bad_nick")
        assert len(house.hall) == 1
        await house.said("still here")
        await first.lines_until("still here")


async def test_listeners_are_counted_like_everybody() -> None:
    async with served(per_address=2) as house:
        first = await house.listen(EVENTS)
        await house.listen(STREAM)
        third = await house.listen(EVENTS)
        assert await third.refusal() == (503, "too_many_connections")
        await first.close()
        await until(lambda: len(house.turnstile) == 1)
        assert (await house.listen(EVENTS)).status == 200


async def test_what_a_listener_says_is_not_read() -> None:
    async with served() as house:
        listener = await house.listen(STREAM)
        listener.writer.write(b"hello?\r\n\x00\xff" + b"GET / HTTP/1.1\r\n\r\n" * 10)
        await listener.writer.drain()
        await house.said("undisturbed")
        lines = await listener.lines_until("undisturbed")
        assert [event["kind"] for event in lines] == ["welcome", "live", "say"]


async def test_who_is_gone_is_let_go_at_once() -> None:
    async with served() as house:
        for path in (EVENTS, STREAM):
            for end in ("close", "abort", "eof"):
                listener = await house.listen(path)
                transport = listener.writer.transport
                {"close": transport.close, "abort": transport.abort, "eof": transport.write_eof}[
                    end
                ]()
                await until(lambda: not len(house.turnstile))
                assert not len(house.hall)
        await house.said("nobody is here")


async def test_nothing_beats_for_who_is_gone() -> None:
    async with served(stream_pulse_s=0.001) as house:
        listener = await house.listen(EVENTS + "?nick=ear")
        await listener.event()
        stream = house.member("ear").outlet
        assert isinstance(stream, Stream)
        await listener.close()
        await until(lambda: not len(house.turnstile))
        assert stream._timer is not None and stream._timer.cancelled()


async def test_the_kernel_asks_whether_anybody_is_there() -> None:
    async with served() as house:
        await (await house.listen(EVENTS + "?nick=ear")).event()
        stream = house.member("ear").outlet
        assert isinstance(stream, Stream)
        sock = stream._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        stream.check()  # a quick one is not cut
        await house.said("still here")


async def test_http_1_0_reads_to_the_end_of_the_connection() -> None:
    async with served() as house:
        await house.said("before")
        listener = await house.listen(STREAM, version="1.0")
        assert "transfer-encoding" not in listener.headers
        await until(lambda: len(house.hall))
        house.hall.close()
        lines = (await listener.rest()).splitlines()
        assert lines[0].startswith(b'{"kind":"welcome"')
        assert lines[-1].startswith(b'{"kind":"notice"')


# -- the slow


async def stalled(house: Served, path: str) -> tuple[Listener, Member, int]:
    """A listener that does not read until its member is parked, and how much was said by then."""
    listener = await house.listen(path)
    member = house.member("slow")
    said = 0
    while member.condition is not Condition.PARKED:
        assert said < 10_000
        await asyncio.gather(*(house.said("x" * 4000) for _ in range(100)))
        said += 100
    return listener, member, said


@pytest.mark.parametrize("path", [EVENTS, STREAM])
async def test_a_slow_listener_is_parked_and_catches_up(path: str) -> None:
    async with served(member_buffer_bytes=64 * 1024, stream_pulse_s=0.001) as house:
        listener, member, said = await stalled(house, path + "?nick=slow")
        quick = await house.listen(STREAM + "?nick=quick&since=" + str(said))
        await asyncio.gather(*(house.said("more") for _ in range(100)))
        await house.said("the end")
        await quick.lines_until("the end")
        beaten = asyncio.get_running_loop().time() + 0.02
        await until(lambda: asyncio.get_running_loop().time() > beaten)
        assert house.member("slow").condition is Condition.PARKED
        assert member.backlog == []  # no heap of keepalives
        read = listener.events_until if path == EVENTS else listener.lines_until
        assert logged(await read("the end")) == list(range(1, said + 102))
        await until(lambda: house.member("slow").condition is Condition.LEVEL)
        await house.said("level again")
        assert logged(await read("level again")) == [said + 102]


async def test_a_slow_listener_can_be_let_go() -> None:
    async with served(member_buffer_bytes=64 * 1024, linger_s=0.05) as house:
        await stalled(house, EVENTS + "?nick=slow")
        house.hall.close()
        await until(lambda: not len(house.turnstile))
        assert house.connections == 1
        await until(lambda: not house.connections)


async def test_no_more_than_a_buffer_waits_for_the_slow() -> None:
    async with served(member_buffer_bytes=1 << 20) as house:
        _, member, _ = await stalled(house, EVENTS + "?nick=slow")
        assert isinstance(member.outlet, Stream)
        assert 1 << 20 < member.outlet._transport.get_write_buffer_size() < 3 << 20


async def test_an_unreadable_log_is_not_the_end() -> None:
    engine = FaultyEngine()
    async with served(engine, window_events=1) as house:
        for nth in range(10):
            await house.said(f"m{nth}")
        engine.unreadable = True
        listener = await house.listen(STREAM + "?since=0")
        await listener.line()
        assert (await listener.line())["code"] == "storage"
        engine.unreadable = False
        assert logged(await listener.lines_until("m9")) == list(range(1, 11))


# -- quiet, and the end


async def test_when_nothing_is_said_there_is_something_to_read() -> None:
    async with served(stream_pulse_s=0.01) as house:
        browser, program = await house.listen(EVENTS), await house.listen(STREAM)
        assert await browser.event() == {"retry": "2000"}
        for _ in range(2):
            while await browser.event() != {"": ""}:
                pass  # where it stands, the program's coming
        kinds = [(await program.line())["kind"] for _ in range(4)]
        assert kinds == ["welcome", "live", "pong", "pong"]


async def test_a_house_that_closes_ends_its_answers() -> None:
    async with served() as house:
        browser, program = await house.listen(EVENTS), await house.listen(STREAM)
        await browser.event()
        await asyncio.gather(house.said("last words"), *(house.said("x") for _ in range(20)))
        house.hall.close()
        for listener in (browser, program):
            with pytest.raises(EOFError):
                while True:
                    await listener._through(b"\n")
            assert listener.is_over
            assert await listener.rest() == b""
        await until(lambda: not len(house.turnstile))


async def test_a_server_that_stops_ends_what_the_hall_did_not() -> None:
    async with served() as house:
        listener = await house.listen(EVENTS)
        await listener.event()
        await house.client.server.close()
        while await listener.chunk():
            pass
        assert listener.is_over


async def test_curl_follows_and_ends_well() -> None:
    async with served() as house:
        processes = [
            await asyncio.create_subprocess_exec("curl", "-sSN", house.address + path, stdout=-1)
            for path in (EVENTS + "?nick=a", STREAM + "?nick=b")
        ]
        await until(lambda: len(house.hall) == 2)
        await house.said("to the end")
        house.hall.close()
        for process in processes:
            printed, _ = await process.communicate()
            assert process.returncode == 0
            assert b'"text":"to the end"}' in printed
