from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.events import Live, Notice
from tcp_room.terminal import TEXT
from tcp_room.views import JSON
from web_gateway.frames import (
    CLOSE,
    PING,
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


def heard(
    data: bytes, *cuts: int, limit: int = 1 << 20, fragments: int = 1000, allowance: int = 1 << 20
) -> tuple[list[Message], int]:
    decoder = FrameDecoder(limit, fragments, allowance)
    messages = []
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        messages += decoder.feed(data[start:end])
    return messages, decoder.broken


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """The bytes of messages in any number of parts, with control frames in between."""
    data, messages = b"", []
    for opcode in draw(st.lists(st.sampled_from([1, 1, 2]), max_size=6)):
        whole = (
            draw(st.text(max_size=200)).encode() if opcode == 1 else draw(st.binary(max_size=300))
        )
        ends = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
        parts = [whole[start:end] for start, end in pairwise([0, *ends, len(whole)])]
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
    payload = bytes(index % 128 for index in range(size))
    assert heard(sent(1, payload)) == ([Message(1, payload)], 0)
    assert heard(sent(1, payload), *range(1, size, 1000)) == ([Message(1, payload)], 0)


@given(st.lists(st.binary(max_size=40)))
def test_no_bytes_at_all_do_any_harm(chunks: list[bytes]) -> None:
    decoder = FrameDecoder(100, 100, 1 << 20)
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
        ("\x03\xe8再见".encode("latin-1", "ignore") + "再见".encode(), b"\x03\xe8"),
        (b"\x03\xe8bye\xff", b"\x03\xef"),  # a reason that is not UTF-8
        (b"\x03\xe8" + "再".encode()[:2], b"\x03\xef"),
    ],
)
def test_a_code_is_answered_by_itself_if_it_is_one(payload: bytes, answer: bytes) -> None:
    assert answer_to_closing(payload) == control(CLOSE, answer)


# -- UTF-8 (8.1)

VALID = [
    "Hello-µ@ßöäüàá-UTF-8!!".encode(),
    "κόσμε".encode(),
    *("a" + char + "z" for char in "\0\x7f\x80\u07ff\u0800\ud7ff\ue000\ufffd\ufffe\uffff"),
    *("a" + char for char in "\U00010000\U0003ffff\U000fffff\U0010ffff"),
]
# The families of Autobahn's cases 6.4 to 6.21, and of Markus Kuhn's stress test.
INVALID = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited",  # over U+10FFFF
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",  # five bytes
    b"\xfc\x84\x80\x80\x80\x80",
    b"a\xfe",
    b"a\xff",
    b"\x80",  # continues nothing
    b"a\xbf\x80",
    b"\xc0 ",  # begins, and does not go on
    b"\xdf ",
    b"\xe0\xa0 ",
    b"\xf0\x90\x80 ",
    b"\xc0\xaf",  # overlong
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80",  # surrogates
    b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xe5\x86\x8d\xe8\xa7",  # ends too early
    b"a\xc3",
    b"\xf0\x9f\x98",
]


def can_go_on(beginning: bytes) -> bool:
    """Whether some UTF-8 begins like this: tried out."""
    ends = (bytes(end) for n in range(4) for end in product(b"\x80\x90\xa0\x8f\x9f\xbf", repeat=n))
    return any(_is_utf_8(beginning + end) for end in ends)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def in_two_frames(payload: bytes, cut: int) -> bytes:
    return sent(1, payload[:cut], final=False) + sent(0, payload[cut:])


@pytest.mark.parametrize("text", VALID, ids=repr)
def test_text_is_heard_wherever_it_is_cut_into_frames_and_packets(text: str | bytes) -> None:
    payload = text if isinstance(text, bytes) else text.encode()
    for cut in range(len(payload) + 1):
        data = in_two_frames(payload, cut)
        assert heard(data) == ([Message(1, payload)], 0)
        assert heard(data, *range(1, len(data))) == ([Message(1, payload)], 0)


@pytest.mark.parametrize("payload", INVALID, ids=repr)
def test_text_that_is_not_utf_8_ends_it_wherever_it_is_cut(payload: bytes) -> None:
    before, after = sent(1, b"before"), sent(1, b"after")
    for cut in range(len(payload) + 1):
        for data in (in_two_frames(payload, cut), sent(1, payload)):
            assert heard(before + data + after) == ([Message(1, b"before")], 1007)
            cuts = range(len(before), len(before + data))
            assert heard(before + data + after, *cuts) == ([Message(1, b"before")], 1007)


@pytest.mark.parametrize("payload", INVALID, ids=repr)
@pytest.mark.parametrize("by", ["bytes", "frames"])
def test_it_ends_as_soon_as_it_is_certain(payload: bytes, by: str) -> None:
    decoder = FrameDecoder(1000, 1000, 1000)
    if by == "bytes":
        head = sent(1, payload + b"and much more")[: 2 + 4]
        decoder.feed(head)
        masked = sent(1, payload)[2 + 4 :]
        steps = [masked[at : at + 1] for at in range(len(payload))]
    else:
        steps = [
            sent(0 if at else 1, payload[at : at + 1], final=False) for at in range(len(payload))
        ]
    for at, step in enumerate(steps):
        assert decoder.feed(step) == []
        assert (decoder.broken == 1007) is not can_go_on(payload[: at + 1])
        if decoder.broken:
            return
    decoder.feed(sent(0, b""))  # it ends in the midst of a character
    assert by == "bytes" or decoder.broken == 1007


def test_binary_messages_are_any_bytes() -> None:
    assert heard(sent(2, b"\xff\xfe")) == ([Message(2, b"\xff\xfe")], 0)


# -- frames that bring no message


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (sent(PING, b"?"), Message(PING, b"?")),
        (sent(PONG, b""), Message(PONG, b"")),
        (sent(1, b""), Message(1, b"")),
        (sent(1, b"", final=False) + sent(0, b""), Message(1, b"")),
    ],
)
def test_frames_that_say_nothing_wait_for_an_allowance(frame: bytes, message: Message) -> None:
    decoder = FrameDecoder(100, 100, allowance=2)
    said = sent(1, b"hi")
    heard = decoder.feed(frame * 5 + said)
    assert decoder.allowance <= 0
    for _ in range(20):
        assert heard.count(message) < 5 and Message(1, b"hi") not in heard
        decoder.allowance = 1
        heard += decoder.feed(b"")
        if heard[-1:] == [Message(1, b"hi")]:
            break
    assert heard == [message] * 5 + [Message(1, b"hi")]


def test_messages_need_no_allowance() -> None:
    decoder = FrameDecoder(100, 100, allowance=1)
    decoder.feed(sent(PING, b""))
    assert decoder.feed(sent(1, b"hi") * 9 + sent(PING, b"")) == [Message(1, b"hi")] * 9
    assert decoder.allowance == 0


def test_each_part_of_a_message_but_the_last_takes_allowance() -> None:
    decoder = FrameDecoder(100, 100, allowance=10)
    for final in (False, False, True):
        decoder.feed(sent(0 if decoder._begun else 1, b"a", final=final))
    assert decoder.allowance == 8


def test_a_message_may_come_in_so_many_frames_and_no_more() -> None:
    parts = sent(1, b"a", final=False) + sent(0, b"a", final=False) * 2
    assert heard(parts + sent(0, b"a"), fragments=4) == ([Message(1, b"aaaa")], 0)
    assert heard(parts + sent(0, b"") + sent(1, b"b"), fragments=4)[0][1] == Message(1, b"b")
    assert heard(parts + sent(0, b"a", final=False) + sent(0, b"a"), fragments=4) == ([], 1009)


def test_a_large_frame_is_not_copied_for_each_packet_of_it() -> None:
    """The bytes of it that have come are kept once, and unmasked."""
    decoder = FrameDecoder(100_000, 1, 1)
    data = sent(1, b"x" * 90_000)
    for at in range(0, 80_000, 1000):
        assert decoder.feed(data[at : at + 1000]) == []
        assert not decoder._pending
    assert decoder.feed(data[80_000:]) == [Message(1, b"x" * 90_000)]
