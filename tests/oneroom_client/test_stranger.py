"""What answers that is no room, and why nothing does."""

from __future__ import annotations

import errno
import socket

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from oneroom_client.address import parse
from oneroom_client.errors import CannotConnect, Refused
from oneroom_client.stranger import not_a_room, recognized, refused, spoken, unreachable

ADDRESS = parse("chat.local:8080")


@pytest.mark.parametrize(
    ("opening", "sentence"),
    [
        (b"HTTP/1.1", "a web page is at chat.local:8080; try http://chat.local:8080"),
        (b"\x15\x03\x01\x00", "chat.local:8080 speaks TLS; try https://chat.local:8080"),
        (b"SSH-2.0-", "an SSH server answers at chat.local:8080, not a room"),
    ],
)
def test_other_servers_are_known_by_their_first_bytes(opening: bytes, sentence: str) -> None:
    assert str(recognized(opening, ADDRESS)) == sentence


@pytest.mark.parametrize("opening", [b"", b'{"kind":', b"* Welcom", b"! full"])
def test_a_room_is_none_of_them(opening: bytes) -> None:
    assert recognized(opening, ADDRESS) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "[Errno 111] ..."), "Connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("Multiple exceptions: one\ntwo"), "Multiple exceptions: one"),
        (UnicodeError("label empty or too long"), "that is not the name of a host"),
        (ConnectionResetError(), "the connection was closed"),
    ],
)
def test_an_error_of_the_system_is_its_words(error: Exception, words: str) -> None:
    assert str(unreachable(ADDRESS, error)) == f"chat.local:8080 cannot be reached: {words}"


def test_a_refusal_of_a_room_is_known_in_words_and_in_json() -> None:
    line = spoken(b"! the server is full (really) (server_full)")
    assert line is not None and (line.code, line.text) == (
        "server_full",
        "the server is full (really)",
    )
    assert spoken(b"! no code") is None
    body = b'{"code":"server_full","text":"the server is full"}\n'
    assert str(refused(503, body, ADDRESS)) == "the server is full (server_full)"


def test_other_words_are_quoted_in_one_line_and_cut() -> None:
    said = str(refused(400, b"This is\n  a chat line.\n", ADDRESS))
    assert said == "chat.local:8080 answers, but not as a room: 400 This is a chat line."
    assert len(str(not_a_room(ADDRESS, "x" * 100_000))) < 400


@given(binary())
def test_any_bytes_are_an_answer(body: bytes) -> None:
    assert isinstance(refused(400, body, ADDRESS), CannotConnect | Refused)
    spoken(body)
    recognized(body, ADDRESS)
