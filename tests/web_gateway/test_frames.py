from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import Live, Notice
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from web_gateway.frames import frame, framed


def decoded(data: bytes) -> list[bytes]:
    """The payloads of unmasked text frames (RFC 6455, 5.2), by hand."""
    payloads = []
    while data:
        assert data[0] == 0x81
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        payloads.append(data[start : start + size])
        data = data[start + size :]
    return payloads


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_message_of_any_size_is_one_frame(size: int) -> None:
    payload = b"x" * size
    assert decoded(frame(payload)) == [payload]


@given(st.lists(st.binary(max_size=300)))
def test_frames_stand_one_after_the_other(payloads: list[bytes]) -> None:
    assert decoded(b"".join(map(frame, payloads))) == payloads


def test_the_shortest_header_is_used() -> None:
    assert [len(frame(b"x" * size)) - size for size in (125, 126, 65535, 65536)] == [2, 4, 4, 10]


def test_a_turn_is_one_frame_of_what_the_view_inside_packs() -> None:
    events = [Notice("hi"), Live(7)]
    view = framed(JSON)
    parts = [view.encode(event) for event in events]
    assert parts == [JSON.encode(event) for event in events]
    assert decoded(view.pack(parts)) == [JSON.pack(parts)]


def test_there_is_one_framed_view_around_a_view() -> None:
    assert framed(JSON) is framed(JSON)
    assert framed(TEXT) is not framed(JSON)
    assert (framed(TEXT).is_text, framed(TEXT).echoes) == (True, False)
    assert (framed(JSON).is_text, framed(JSON).echoes) == (False, True)
