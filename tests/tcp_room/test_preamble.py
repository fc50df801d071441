"""Who came to the wrong door, told by the first bytes."""

from __future__ import annotations

import pytest

from tcp_room import preamble


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"POST /rooms/lobby/messages HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT localhost:9000 HTTP/1.0",
        b"GET http://localhost:9000/ HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"BREW /pot HTTP/1.1",
        b"GET /" + b"x" * 30_000 + b" HTTP/1.1",
    ],
    ids=lambda line: line[:24].decode(),
)
def test_a_request_line_is_no_chat(line: bytes) -> None:
    assert preamble.stranger_by_line(line) == "HTTP"


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"",
        b"GET / HTTP",
        b"GET milk, will you?",
        b"is HTTP/2 faster than HTTP/1.1?",
        b"/nick HTTP/1.1",
        b'{"kind":"say","text":"GET / HTTP/1.1"}',
        "你好 / HTTP/1.1".encode(),
        b" GET / HTTP/1.1",
    ],
    ids=lambda line: line.decode() or "empty",
)
def test_what_people_say_of_http_is_chat(line: bytes) -> None:
    assert preamble.stranger_by_line(line) is None


@pytest.mark.parametrize("opening", [b"GET /xxxxxxxxxxxx", b"POST http://a/xx", b"PUT *"])
def test_a_request_line_without_an_end_is_known_by_its_method(opening: bytes) -> None:
    assert preamble.stranger_by_long_line(opening) == "HTTP"


@pytest.mark.parametrize("opening", [b"GETTING /", b"POST milk", b"aaaaaaaaaaaaaaaa", b""])
def test_a_long_line_that_is_no_request_is_chat(opening: bytes) -> None:
    assert preamble.stranger_by_long_line(opening) is None


@pytest.mark.parametrize(
    ("opening", "stranger"),
    [
        (b"\x16\x03\x01\x02\x00", "TLS"),
        (b"\x16\x03", "TLS"),
        (b"\x16", None),
        (b"SSH-2.0-OpenSSH_9.2", "SSH"),
        (b"SSH is fine", None),
        (b"hello", None),
        (b"", None),
    ],
)
def test_binary_protocols_are_known_by_their_first_bytes(
    opening: bytes, stranger: str | None
) -> None:
    assert preamble.stranger_by_bytes(opening) == stranger


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
