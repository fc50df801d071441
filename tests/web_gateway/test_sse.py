"""Server-sent events, chunks and positions, as bytes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import events
from tcp_room.errors import RoomError
from tcp_room.views import JSON
from web_gateway.frames import framed
from web_gateway.sse import Position, chunk, chunked, position, sse, whole

VIEW = sse("e1")
SAY = events.Say(7, None, 1000, "al", "tcp", "hi")


def test_a_logged_event_says_where_its_reader_stands() -> None:
    assert VIEW.encode(SAY) == (
        b"id: e1:7\n"
        b"event: say\n"
        b'data: {"kind":"say","seq":7,"id":null,"at":1000,"nick":"al","door":"tcp","text":"hi"}\n'
        b"\n"
    )


@pytest.mark.parametrize("kind", [events.Say, events.Act, events.Topic])
def test_each_logged_kind_is_an_event_of_its_name(kind: type[events.Logged]) -> None:
    encoded = VIEW.encode(kind(7, None, 1000, "alice", "tcp", "hi"))
    assert f"\nevent: {kind.__name__.lower()}\n".encode() in encoded


def test_behind_what_is_trimmed_one_stands_behind_it() -> None:
    assert VIEW.encode(events.Gap(3, 9, "trimmed")).startswith(b"id: e1:9\nevent: gap\ndata: {")


def test_a_gap_of_another_epoch_moves_nobody() -> None:
    """What follows it is a look back: whoever breaks off in between must look back again."""
    assert VIEW.encode(events.Gap(1, 9, "epoch")).startswith(b"event: gap\ndata: {")


def test_who_was_shown_nothing_yet_knows_where_it_stands() -> None:
    """Or what is said while it is away would be a look back, without what came before that."""
    assert VIEW.encode(events.Live(7)) == b"id: e1:7\n\n"


def test_presence_is_shown_and_has_no_place() -> None:
    encoded = VIEW.encode(events.Presence(1000, [events.Here("bob", "web")], [], [], 2))
    assert encoded.startswith(b'event: presence\ndata: {"kind":"presence"')


def test_a_pong_is_a_comment() -> None:
    assert VIEW.encode(events.Pong()) == b":\n\n"


@pytest.mark.parametrize(
    "event",
    [
        events.Typing("bob"),
        events.Notice("the server is stopping"),
        # "error" is what an EventSource calls the loss of its connection.
        events.Error("storage", "the disk is full"),
        events.Members("lobby", [], 0),
        events.Dm(1000, "bob", "alice", "psst"),
    ],
)
def test_nothing_else_is_shown(event: events.Event) -> None:
    assert VIEW.encode(event) == b""


@given(st.text(), st.text())
def test_no_text_can_end_its_event(nick: str, text: str) -> None:
    encoded = VIEW.encode(events.Say(7, None, 1000, nick, "tcp", text))
    assert encoded.count(b"\n") == 4
    assert b"\r" not in encoded
    data = encoded.split(b"\n")[2].removeprefix(b"data: ")
    assert msgspec.json.decode(data, type=events.Say).text == text


def test_each_view_is_made_once() -> None:
    assert sse("e1") is sse("e1") is not sse("e2")
    assert chunked(VIEW) is chunked(VIEW) is not chunked(JSON)
    assert framed(VIEW) is not chunked(VIEW)


def test_a_programs_view_is_told_what_it_said() -> None:
    assert (VIEW.echoes, VIEW.is_text) == (True, False)
    assert (chunked(VIEW).echoes, chunked(VIEW).is_text) == (True, False)
    assert chunked(VIEW).encode(SAY) == VIEW.encode(SAY)


def test_a_pack_is_one_chunk() -> None:
    assert chunked(JSON).pack([b"a\n", b"bc\n"]) == b"5\r\na\nbc\n\r\n"
    assert chunk(b"x" * 256) == b"100\r\n" + b"x" * 256 + b"\r\n"


def test_an_empty_chunk_would_be_the_last() -> None:
    with pytest.raises(AssertionError):
        chunk(b"")


@pytest.mark.parametrize(
    ("raw", "stands"),
    [
        ("7", Position(7, None)),
        ("e1:7", Position(7, "e1")),
        ("a:b:0", Position(0, "a:b")),
        (":7", Position(7, None)),
    ],
)
def test_a_position_is_a_number_with_or_without_an_epoch(raw: str, stands: Position) -> None:
    assert position(raw) == stands


@pytest.mark.parametrize("raw", ["e1", "e1:", "7:e1", "-1", "e1:-1", "٣", "1" * 16, "1e3", " 7"])
def test_nothing_else_is_a_position(raw: str) -> None:
    with pytest.raises(RoomError) as refused:
        position(raw)
    assert refused.value.code == "bad_message"


@given(st.integers(0, 10**15 - 1))
def test_a_place_is_read_as_it_is_written(seq: int) -> None:
    encoded = VIEW.encode(events.Say(seq, None, 0, "", "", ""))
    assert position(encoded.split(b"\n")[0].decode().removeprefix("id: ")) == (seq, "e1")
    assert whole(str(seq), "since") == seq
