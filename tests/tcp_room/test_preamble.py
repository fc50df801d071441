"""Programs that came to the wrong door are known by their first line, and people are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcp_room import preamble
from tcp_room.preamble import Preamble

LIMIT = 32 * 1024


def judged(*packets: bytes, is_all: bool = False) -> tuple[str | None, bytes]:
    """The verdict on a connection that sends these packets, and what the room gets."""
    first = Preamble(LIMIT)
    passed = b""
    for packet in packets:
        if first.verdict == "person":
            passed += packet
        elif first.verdict is None:
            passed += first.feed(packet)
    if first.verdict is None and is_all:
        passed += first.feed(b"", is_all=True)
    return first.verdict, passed


def one_by_one(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


STRANGERS = [
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP"),
    (b"POST /rooms/lobby/messages HTTP/1.1\r\n", "HTTP"),
    (b"OPTIONS * HTTP/1.1\r\n", "HTTP"),
    (b"CONNECT localhost:9000 HTTP/1.0\r\n", "HTTP"),
    (b"GET http://localhost:9000/ HTTP/1.1\n", "HTTP"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP"),
    (b"BREW /pot HTTP/1.1\r\n", "HTTP"),
    (b"GET /" + b"x" * 30_000 + b" HTTP/1.1\r\n", "HTTP"),
    (b"GET /" + b"x" * 40_000, "HTTP"),
    (b"\r\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n/nick teacher\r\n", "HTTP"),
    (b" GET / HTTP/1.1\r\n", "HTTP"),
    (b"\n \t\n\r\n  GET / HTTP/1.1\r\n", "HTTP"),
    (b"\xef\xbb\xbfGET / HTTP/1.1\r\n", "HTTP"),
    (b"GET /\r\n", "HTTP"),
    (b"GET /index.html\n", "HTTP"),
    (b"OPTIONS / RTSP/1.0\r\n\r\n", "RTSP"),
    (b"DESCRIBE rtsp://10.0.0.1/live RTSP/1.0\r\n", "RTSP"),
    (b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n", "SIP"),
    (b"EHLO masscan\r\n", "SMTP"),
    (b"EHLO\r\n", "SMTP"),
    (b"ehlo mail.example.org\r\n", "SMTP"),
    (b"HELO mail.example.org\r\n", "SMTP"),
    (b"HELO [10.0.0.1]\r\n", "SMTP"),
    (b"CAP LS 302\r\nNICK bob\r\n", "IRC"),
    (b"PASS hunter2\r\nNICK bob\r\nUSER bob 0 * :Bob\r\n", "IRC"),
    (b"PASS :my pass phrase\r\n", "IRC"),
    (b"PASS hunter2 0210 IRC|\r\nNICK bob\r\n", "IRC"),
    (b"NICK bob\r\nUSER bob 0 * :Bob Real Name\r\n", "IRC"),
    (b"USER bob 0 * :Bob Real Name\r\n", "IRC"),
    (b"USER bob host server :Bob\r\nNICK bob\r\n", "IRC"),
    (b"*1\r\n$4\r\nPING\r\n", "Redis"),
    (b"INFO\r\n", "Redis"),
    (b"AUTH secret\r\n", "Redis"),
    (b"stats\r\n", "memcached"),
    (b"set key 0 900 5\r\nhello\r\n", "memcached"),
    (b"PROXY TCP4 10.0.0.1 10.0.0.2 1111 9000\r\nhello\r\n", "PROXY"),
    (b"PROXY UNKNOWN\r\n", "PROXY"),
    (b"\x16\x03\x01\x02\x00\x01\x00", "TLS"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
    (b"\x03\0\0\x13\x0e\xe0\0\0", "binary"),
    (b"\0\0\0\x08\x04\xd2\x16\x2f", "binary"),
]


@pytest.mark.parametrize(("sent", "stranger"), STRANGERS, ids=lambda value: str(value)[:40])
def test_a_program_is_known_and_the_room_gets_nothing(sent: bytes, stranger: str) -> None:
    assert judged(sent) == (stranger, b"")


@pytest.mark.parametrize(("sent", "stranger"), STRANGERS, ids=lambda value: str(value)[:40])
def test_a_program_is_known_however_its_packets_are_cut(sent: bytes, stranger: str) -> None:
    for cut in range(1, min(len(sent), 100)):
        assert judged(sent[:cut], sent[cut:]) == (stranger, b"")
    assert judged(*one_by_one(sent[:500])) in ((stranger, b""), (None, b""))


def test_proxy_protocol_2_is_known() -> None:
    assert judged(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c") == ("PROXY", b"")
    assert judged(b"\r\n\r\n", b"\0\r\nQUIT\n\x21\x11\0\x0c") == ("binary", b"")


PEOPLE = [
    "hello",
    "Hello everybody!",
    "/nick bob",
    "/nick HTTP/1.1",
    '{"kind":"hello","nick":"al"}',
    '{"kind":"say","text":"GET / HTTP/1.1"}',
    "GET / HTTP",
    "GET milk, will you?",
    "GET OUT",
    "get /etc/passwd",
    "is HTTP/2 faster than HTTP/1.1?",
    "is it HTTP/2?",
    "USE plain HTTP/1.1",
    "why not RTSP/1.0",
    "你好 / HTTP/1.1",
    "pass me the salt",
    "pass it",
    "PASS ME THE SALT",
    "Pass hunter2",
    "nick is here",
    "Nick bob",
    "NICK IS HERE",
    "NICK bob",
    "user error is not my fault: sorry",
    "USER ERROR IS NOT :(",
    "cap ls",
    "CAP, not PACELC",
    "helo bob",
    "HELO WORLD",
    "hello.world",
    "ehlo is a word of mail",
    "PING",
    "QUIT",
    "info",
    "*1",
    "* waves",
    "set theory 0 1",
    "stats please",
    "get well soon",
    "PROXY wars",
    "SSH is fine",
    "TLS",
    "early morning \x16",
]


@pytest.mark.parametrize("line", PEOPLE)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0"])
def test_peoples_first_words_are_theirs(line: str, end: bytes) -> None:
    sent = line.encode() + end
    assert judged(sent, is_all=True) == ("person", sent)
    assert judged(*one_by_one(sent), is_all=True)[0] == "person"
    assert judged(sent, b"and more" + end) == ("person", sent + b"and more" + end)


@pytest.mark.parametrize("line", [b"NICK bob\n", b"PASS ME THE SALT\n", b"*1\n"])
def test_what_the_next_line_tells_is_waited_for(line: bytes) -> None:
    first = Preamble(LIMIT)
    assert first.feed(line) == b""
    assert (first.verdict, first.has_line) == (None, True)
    assert first.feed(b"hello\n") == line + b"hello\n"
    assert first.verdict == "person"


def test_a_line_that_has_not_ended_is_waited_for() -> None:
    first = Preamble(LIMIT)
    assert first.feed(b"hel") == b""
    assert (first.verdict, first.has_line) == (None, False)
    assert first.feed(b"", is_all=True) == b"hel"


def test_blank_lines_decide_nothing_and_are_dropped() -> None:
    assert judged(b"\r\n", b"\n\n", b" \t\r\0", b"\r") == (None, b"")
    assert judged(b"\n\n  hi\n") == ("person", b"  hi\n")
    assert judged(b"\r", b"\0hi\r\0") == ("person", b"hi\r\0")


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert judged(b"\xef\xbb\xbf/nick bob\r\n") == ("person", b"/nick bob\r\n")
    assert judged(b"\xef", b"\xbb\xbfhi\n") == ("person", b"hi\n")


def test_a_line_over_the_limit_is_handed_on_to_be_refused() -> None:
    assert judged(b"x" * (LIMIT + 1)) == ("person", b"x" * (LIMIT + 1))
    sent = [b"x" * 1000] * 33
    assert judged(*sent) == ("person", b"".join(sent))


def test_a_second_line_over_the_limit_is_not_waited_for() -> None:
    assert judged(b"NICK bob\n" + b"x" * LIMIT)[0] == "person"


@given(st.lists(st.binary(max_size=8), max_size=20))
def test_no_bytes_are_made_up_and_none_of_a_person_lost(packets: list[bytes]) -> None:
    sent = b"".join(packets)
    verdict, passed = judged(*packets, is_all=True)
    assert verdict is not None
    assert sent.endswith(passed)
    if verdict == "person":
        assert not sent[: len(sent) - len(passed)].strip(b" \t\r\n\0\xef\xbb\xbf")
    else:
        assert passed == b""


@pytest.mark.parametrize(
    ("data", "bare"),
    [
        (b"hi\n", True),
        (b"\n", True),
        (b"hi\nthere\r\n", True),
        (b"hi\r\n", False),
        (b"hi\r", False),
        (b"hi\r\0", False),
        (b"hi", None),
        (b"", None),
    ],
)
def test_the_first_line_end_tells_what_to_answer_with(data: bytes, bare: bool | None) -> None:
    for packets in ([data], one_by_one(data)):
        first = Preamble(LIMIT)
        for packet in packets:
            if first.verdict is None:
                first.feed(packet)
        assert first.ends_bare is bare


def test_a_browser_is_told_where_the_page_is() -> None:
    answer = preamble.answer("HTTP", "http://localhost:8080/", "nc localhost 9000")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"http://localhost:8080/" in body
    assert b"nc localhost 9000" in body


def test_a_browser_is_told_of_no_page_where_there_is_none() -> None:
    answer = preamble.answer("HTTP", None, "nc localhost 9000")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"page" not in body


def test_an_ssh_client_is_told_in_a_line_and_a_tls_client_nothing() -> None:
    assert preamble.answer("SSH", None, "nc localhost 9000").endswith(b"(not_a_chat_line)\r\n")
    assert preamble.answer("TLS", None, "nc localhost 9000") == b""


def test_an_irc_client_is_told_in_its_own_words() -> None:
    answer = preamble.answer("IRC", "http://localhost:8080/", "nc localhost 9000")
    assert answer.startswith(b"ERROR :There is no IRC here.")
    assert b"nc localhost 9000" in answer
    assert b"http://localhost:8080/" in answer
    assert answer.count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("stranger", "begins"),
    [
        ("RTSP", b"RTSP/1.0 400 "),
        ("SIP", b"SIP/2.0 400 "),
        ("SMTP", b"554 "),
        ("Redis", b"-ERR "),
        ("memcached", b"CLIENT_ERROR "),
        ("PROXY", b"! this is a chat line, not PROXY"),
        ("binary", b""),
    ],
)
def test_others_are_told_in_theirs(stranger: preamble.Stranger, begins: bytes) -> None:
    answer = preamble.answer(stranger, None, "nc localhost 9000")
    assert answer.startswith(begins)
    assert answer.endswith(b"\r\n") or not begins
