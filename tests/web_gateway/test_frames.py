from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import Live, Notice
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from web_gateway.frames import (
    CLOSE,
    PONG,
    FrameDecoder,
    Message,
    answer_to_closing,
    closing,
    control,
    frame,
    framed,
)


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


# -- a client's


def sent(
    opcode: int, payload: bytes, *, final: bool = True, mask: bytes = b"\x11\x00\xfe\x80"
) -> bytes:
    """A client's frame (RFC 6455, 5.2), by hand."""
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | size])
    elif size < 1 << 16:
        head = b"\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\xff" + size.to_bytes(8, "big")
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes([opcode | 0x80 * final]) + head + mask + masked


def heard(data: bytes, *cuts: int, limit: int = 1 << 20) -> tuple[list[Message], int]:
    decoder = FrameDecoder(limit)
    messages = []
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        messages += decoder.feed(data[start:end])
    return messages, decoder.broken


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """The bytes of messages in any number of parts, with control frames in between."""
    data, messages = b"", []
    for opcode in draw(st.lists(st.sampled_from([1, 1, 2]), max_size=6)):
        parts = draw(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
        for index, part in enumerate(parts):
            if draw(st.booleans()):
                kind, ping = draw(st.sampled_from([8, 9, 10])), draw(st.binary(max_size=125))
                data += sent(kind, ping, mask=draw(st.binary(min_size=4, max_size=4)))
                messages.append(Message(kind, ping))
            final = index == len(parts) - 1
            mask = draw(st.binary(min_size=4, max_size=4))
            data += sent(0 if index else opcode, part, final=final, mask=mask)
        messages.append(Message(opcode, b"".join(parts)))
    return data, messages


@given(conversations(), st.data())
def test_what_was_sent_is_heard_however_it_is_cut(
    conversation: tuple[bytes, list[Message]], data: st.DataObject
) -> None:
    sent_bytes, messages = conversation
    cuts = data.draw(st.lists(st.integers(0, len(sent_bytes)), max_size=20))
    assert heard(sent_bytes, *cuts) == (messages, 0)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_message_of_any_size_is_heard(size: int) -> None:
    payload = bytes(index % 251 for index in range(size))
    assert heard(sent(1, payload)) == ([Message(1, payload)], 0)


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_at_all_do_any_harm(chunks: list[bytes]) -> None:
    decoder = FrameDecoder(100)
    for chunk in chunks:
        for message in decoder.feed(chunk):
            assert len(message.payload) <= 125
        assert len(decoder._pending) + len(decoder._parts) <= 100 + 125 + 14


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x02hi", 1002),  # not masked
        (b"\x81\x00", 1002),
        (b"\xc1\x82", 1002),  # a bit that means nothing: nobody offered compression
        (b"\x83\x80", 1002),  # an opcode that there is not
        (b"\x8b\x80", 1002),
        (b"\x80\x80", 1002),  # goes on with nothing
        (sent(1, b"a", final=False) + b"\x81\x80", 1002),  # begins in the midst of another
        (b"\x09\x80", 1002),  # half a ping
        (b"\x89\xfe\x00\x7e", 1002),  # a ping of 126 bytes
        (sent(1, b"x" * 101), 1009),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),  # told by its head alone
        (sent(1, b"x" * 60, final=False) + sent(0, b"x" * 41), 1009),
        (sent(2, b"x" * 60, final=False) + sent(0, b"x" * 60, final=False), 1009),
    ],
)
def test_a_breach_ends_it_and_what_came_before_still_counts(data: bytes, code: int) -> None:
    before, after = sent(1, b"before"), sent(1, b"after")
    assert heard(before + data + after, limit=100) == ([Message(1, b"before")], code)
    assert heard(before + data, *range(1, len(data)), limit=100) == ([Message(1, b"before")], code)


def test_a_control_frame_is_cut_to_what_it_may_hold() -> None:
    assert control(PONG, b"x" * 200) == b"\x8a\x7d" + b"x" * 125
    assert closing(1001, "stopping") == b"\x88\x0a\x03\xe9stopping"


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"", b""),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x03\xe9going", b"\x03\xe9"),
        (b"\x0f\xa0", b"\x0f\xa0"),
        (b"\x03", b"\x03\xea"),  # half a code
        (b"\x03\xed", b"\x03\xea"),  # 1005 says that there was none
        (b"\x00\x00", b"\x03\xea"),
        (b"\x13\x88", b"\x03\xea"),
    ],
)
def test_a_code_is_answered_by_itself_if_it_is_one(payload: bytes, answer: bytes) -> None:
    assert answer_to_closing(payload) == control(CLOSE, answer)
