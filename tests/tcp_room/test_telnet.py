from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room.telnet import TelnetFilter

PUTTY = bytes.fromhex("fffb1f fffb20 fffb18 fffb27 fffd01 fffb03 fffd03")
CTRL_C = bytes.fromhex("fff4 fffd06")


def feed(*packets: bytes) -> tuple[bytes, bytes]:
    telnet = TelnetFilter()
    results = [telnet.feed(packet) for packet in packets]
    return b"".join(clean for clean, _ in results), b"".join(reply for _, reply in results)


def test_what_holds_no_command_is_the_same_object() -> None:
    data = "早上好\r\n".encode()
    clean, reply = TelnetFilter().feed(data)
    assert clean is data
    assert reply == b""


def test_ctrl_c_of_a_telnet_client_is_answered_each_time() -> None:
    assert feed(b"a" + CTRL_C + b"b" + CTRL_C) == (b"ab", b"\xff\xfc\x06" * 2)


def test_putty_is_declined_whatever_it_offers() -> None:
    clean, reply = feed(PUTTY + b"hi\r\n\xff\xec")
    assert clean == b"hi\r\n"
    assert reply == bytes.fromhex("fffe1f fffe20 fffe18 fffe27 fffc01 fffe03 fffc03")


def test_an_option_is_declined_once() -> None:
    assert feed(b"\xff\xfb\x1f" * 100)[1] == b"\xff\xfe\x1f"


def test_what_is_declined_to_us_is_not_answered() -> None:
    assert feed(b"\xff\xfc\x01\xff\xfe\x01") == (b"", b"")


def test_are_you_there_is_answered_in_words() -> None:
    assert feed(b"\xff\xf6") == (b"", b"* yes, still here\r\n")


def test_erase_character_is_a_backspace() -> None:
    assert feed(b"ab\xff\xf7")[0] == b"ab\b"


def test_a_doubled_ff_is_one_byte_of_data() -> None:
    assert feed(b"a\xff\xffb")[0] == b"a\xffb"


def test_subnegotiation_vanishes_with_an_ff_in_it() -> None:
    assert feed(b"a\xff\xfa\x18\0xterm\xff\xff1\xff\xf0b") == (b"ab", b"")


@pytest.mark.parametrize("second", range(256))
def test_every_command_is_taken_out(second: int) -> None:
    clean, reply = feed(bytes([0xFF, second, 1, 0xFF, 0xF0]) + b"hi")
    assert b"\xff" not in clean or second == 0xFF
    assert clean.endswith(b"hi")
    assert len(reply) <= 20


def test_a_subnegotiation_without_end_keeps_nothing() -> None:
    telnet = TelnetFilter()
    telnet.feed(b"\xff\xfa")
    assert all(telnet.feed(b"x" * 10_000) == (b"", b"") for _ in range(10))


@given(
    st.lists(st.sampled_from([b"\xff", b"\xfa", b"\xf0", b"\xfb", b"\xfd", b"\x06", b"hi"])),
)
def test_where_packets_are_cut_makes_no_difference(parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert feed(*(bytes([byte]) for byte in data)) == feed(data)


@given(st.binary(max_size=2000))
def test_replies_are_never_longer_than_all_options_once(data: bytes) -> None:
    marks = data.count(b"\x06") + data.count(b"\xf6")
    assert len(feed(data)[1]) <= 2 * 256 * 3 + marks * 19
