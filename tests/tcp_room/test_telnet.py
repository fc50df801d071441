"""Telnet's commands are taken out of what was typed, and declined once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcp_room.telnet import TelnetFilter

IAC, DONT, DO, WONT, WILL = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb"
SB, SE, EL, EC, AYT, IP = b"\xfa", b"\xf0", b"\xf8", b"\xf7", b"\xf6", b"\xf4"
TIMING_MARK = b"\x06"
YES = b"* yes, still here\r\n"

# What PuTTY sends when it connects with -telnet: WILL window size, speed, terminal, environment;
# DO echo; WILL and DO suppress-go-ahead.
PUTTY = bytes.fromhex("fffb1f fffb20 fffb18 fffb27 fffd01 fffb03 fffd03")
CTRL_C = bytes.fromhex("fff4 fffd06")  # inetutils telnet: IP, DO TIMING-MARK

# Few different bytes, so that commands meet in every way.
STREAMS = st.lists(
    st.sampled_from(
        [IAC, IAC, SB, SE, WILL, WONT, DO, DONT, EC, AYT, IP, TIMING_MARK, b"\1", b"a"]
    ),
    max_size=24,
).map(b"".join)


def filtered(*packets: bytes) -> tuple[bytes, bytes]:
    """What was typed on a connection that sends these packets, and what it is answered."""
    telnet = TelnetFilter()
    heard = [telnet.feed(packet) for packet in packets]
    return b"".join(packet.typed for packet in heard), b"".join(packet.reply for packet in heard)


def one_by_one(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def each_option(verb: bytes) -> list[bytes]:
    return [IAC + verb + bytes([option]) for option in range(256)]


def declining(reply: bytes) -> Sequence[bytes]:
    """The commands in a reply that consists of nothing else."""
    return [reply[at : at + 3] for at in range(0, len(reply), 3)]


def test_plain_text_passes_as_the_very_same_object() -> None:
    data = "hello 小明\r\n".encode()
    heard = TelnetFilter().feed(data)
    assert heard.typed is data
    assert heard == (data, b"", 0, False)


@given(st.lists(STREAMS | st.sampled_from([b"hi\n", b"\x11", b"a\x13"]), max_size=4))
@example([b"hi\n"])
def test_what_is_plain_passes_as_it_is(packets: list[bytes]) -> None:
    telnet = TelnetFilter()
    for packet in packets:
        is_plain = telnet.is_plain(packet)
        heard = telnet.feed(packet)
        assert not is_plain or heard == (packet, b"", 0, False)
    assert TelnetFilter().is_plain(b"hi\n")


@pytest.mark.parametrize(
    ("client", "sent", "typed", "answer"),
    [
        ("nc, ncat, curl", b"hi\n", b"hi\n", b""),
        (
            "PuTTY at connect",
            PUTTY + b"hi\r\n",
            b"hi\r\n",
            bytes.fromhex("fffe1f fffe20 fffe18 fffe27 fffc01 fffe03 fffc03"),
        ),
        ("PuTTY at its end", b"hi\r\n" + IAC + b"\xec", b"hi\r\n", b""),
        ("Ctrl-C in inetutils telnet", b"h" + CTRL_C + b"i\r\n", b"hi\r\n", b"\xff\xfc\x06"),
        ("are you there?", IAC + AYT, b"", YES),
        ("break", b"h" + IAC + b"\xf3" + b"i", b"hi", b""),
        ("erase character", b"ho" + IAC + EC + b"i", b"ho\x08i", b""),
        ("erase line", b"ho" + IAC + EL + b"hi", b"hohi", b""),
        ("an option's value", b"h" + IAC + SB + b"\x1f\0\x50\0\x18" + IAC + SE + b"i", b"hi", b""),
        ("wont and dont", IAC + WONT + b"\1" + IAC + DONT + b"\1", b"", b""),
        ("a window of 255 columns", IAC + SB + b"\x1f\0\xff\xff\0" + IAC + SE + b"hi", b"hi", b""),
    ],
)
def test_every_client_is_understood_however_its_packets_are_cut(
    client: str, sent: bytes, typed: bytes, answer: bytes
) -> None:
    assert filtered(sent) == (typed, answer)
    assert filtered(*one_by_one(sent)) == (typed, answer)
    for cut in range(len(sent)):
        assert filtered(sent[:cut], sent[cut:]) == (typed, answer)


def test_the_timing_mark_is_answered_every_time_it_is_asked_for() -> None:
    assert filtered(CTRL_C, CTRL_C + CTRL_C) == (b"", b"\xff\xfc\x06" * 3)


def test_an_option_is_declined_once() -> None:
    assert filtered(PUTTY, PUTTY, PUTTY) == filtered(PUTTY)


def test_to_do_and_will_of_one_option_there_is_an_answer_each() -> None:
    assert filtered(IAC + DO + b"\3" + IAC + WILL + b"\3") == (b"", b"\xff\xfc\3\xff\xfe\3")


def test_all_options_together_get_512_answers_however_often_they_are_offered() -> None:
    everything = b"".join(each_option(DO) + each_option(WILL))
    once = everything.replace(IAC + DO + TIMING_MARK, b"")
    _, reply = filtered(everything, once, once)
    assert len(declining(reply)) == len(set(declining(reply))) == 512


def test_two_of_us_cannot_talk_each_other_into_a_loop() -> None:
    ours, theirs = TelnetFilter(), TelnetFilter()
    reply = ours.feed(PUTTY + CTRL_C).reply
    assert theirs.feed(reply)[:2] == (b"", b"")


def test_being_asked_in_a_flood_makes_no_flood_of_answers() -> None:
    """The answer is ten times the question, and who asks need not read it."""
    assert filtered((IAC + AYT) * 1000) == (b"", YES)
    assert filtered(IAC + AYT, IAC + AYT) == (b"", YES + YES)


def test_whatever_byte_follows_ff_the_next_line_is_understood() -> None:
    for second in range(256):
        telnet = TelnetFilter()
        telnet.feed(IAC + bytes([second]) + b"\1" + IAC + SE)
        assert telnet.feed(b"hi\n") == (b"hi\n", b"", 0, False)


def test_a_doubled_ff_is_one_that_never_passes_as_utf_8() -> None:
    clean, reply = filtered(b"a" + IAC + IAC + b"b")
    assert (clean, reply) == (b"a\xffb", b"")
    with pytest.raises(UnicodeDecodeError):
        clean.decode()


def test_of_an_option_s_value_nothing_is_kept_however_long_it_is() -> None:
    telnet = TelnetFilter()
    telnet.feed(IAC + SB)
    for _ in range(16):
        assert telnet.feed(b"x" * 65536)[:2] == (b"", b"")
        assert len(telnet._cut) <= 3
    assert telnet.feed(IAC + SE + b"hi")[:2] == (b"hi", b"")


def test_an_option_s_value_ends_with_its_end_whatever_stands_before_it() -> None:
    for last in (b"x", IAC + IAC, IAC + WILL, IAC + SB):
        assert filtered(IAC + SB + last + IAC + SE + b"hi") == (b"hi", b"")


def test_what_is_in_an_option_s_value_is_not_obeyed() -> None:
    inside = IAC + AYT + IAC + IAC + b"\xf0" + IAC + DO + TIMING_MARK + b"USER\1-f root"
    assert filtered(IAC + SB + b"\x27" + inside + IAC + SE) == (b"", b"")


@given(STREAMS)
@example(IAC + SB + IAC + IAC + SE + IAC + SE + b"a")
@example(IAC + DO + IAC + b"a")
@example(IAC + SB + IAC + WILL + IAC + SE + b"a")
def test_where_the_packets_are_cut_changes_nothing(data: bytes) -> None:
    clean, reply = filtered(data)
    for cut in range(len(data)):
        halves = filtered(data[:cut], data[cut:])
        assert (halves[0], halves[1].replace(YES, b"")) == (clean, reply.replace(YES, b""))


@given(STREAMS | st.binary(max_size=200))
def test_what_is_typed_is_never_more_than_what_was_sent(data: bytes) -> None:
    clean, reply = filtered(data)
    assert len(clean) <= len(data)
    assert len(reply) <= len(data) + len(YES)


@given(st.binary(max_size=40))
def test_text_with_its_ff_doubled_arrives_as_it_was(data: bytes) -> None:
    text = data.translate(None, b"\x11\x13")
    assert filtered(data.replace(IAC, IAC + IAC)) == (text, b"")


@pytest.mark.parametrize("char", ["\x11", "\x13"])
def test_ctrl_s_and_ctrl_q_are_not_text(char: str) -> None:
    control = char.encode()
    assert filtered(b"h" + control + b"i" + control + b"\r\n") == (b"hi\r\n", b"")
    assert filtered(IAC + WILL + control + b"hi")[0] == b"hi"


def test_the_end_of_input_is_heard_after_what_was_typed() -> None:
    assert TelnetFilter().feed(b"bye" + IAC + b"\xec") == (b"bye", b"", 1, True)
    assert not TelnetFilter().feed(IAC + SB + IAC + b"\xec" + IAC + SE).ended


@pytest.mark.parametrize(
    ("packet", "commands"),
    [
        (b"hi", 0),
        (PUTTY + b"hi", 7),
        (IAC + AYT, 1),
        (IAC + SB + b"\x1f\0\x50\0\x18" + IAC + SE, 1),
        (IAC + DO, 0),
    ],
)
def test_commands_are_counted(packet: bytes, commands: int) -> None:
    assert TelnetFilter().feed(packet).commands == commands


def test_a_subnegotiation_counts_in_each_packet_that_it_reaches() -> None:
    telnet = TelnetFilter()
    assert [telnet.feed(part).commands for part in (IAC + SB, b"x", IAC, SE, b"hi")] == [1] * 4 + [
        0
    ]
