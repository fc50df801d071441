"""What people write as an address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis.strategies import text

from oneroom_client.address import Address, AddressError, parse


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", Address("tcp", "localhost", 9000)),
        ("chat.local", Address("tcp", "chat.local", 9000)),
        ("chat.local:4000", Address("tcp", "chat.local", 4000)),
        ("192.168.1.20", Address("tcp", "192.168.1.20", 9000)),
        ("::1", Address("tcp", "::1", 9000)),
        ("[::1]:4000", Address("tcp", "::1", 4000)),
        ("tcp://chat.local:4000/", Address("tcp", "chat.local", 4000)),
        ("unix:/run/oneroom.sock", Address("unix", "/run/oneroom.sock")),
        ("http://chat.local:8080", Address("web", "ws://chat.local:8080/ws")),
        ("https://chat.example/", Address("web", "wss://chat.example/ws")),
        ("https://example.org/chat/", Address("web", "wss://example.org/chat/ws")),
        ("http://h:8080/r/3%E7%8F%AD", Address("web", "ws://h:8080/ws", room="3班")),
        ("ws://h:8080", Address("web", "ws://h:8080/ws")),
        ("ws://h:8080/other/door", Address("web", "ws://h:8080/other/door")),
    ],
)
def test_what_people_write_is_a_door(written: str, meant: Address) -> None:
    assert parse(written) == meant


@pytest.mark.parametrize(
    "written", ["ftp://h", "h:x", "h:70000", "a b:c:d", "http://", "h/path", "me@h", "[::1", "h:0"]
)
def test_what_is_no_address_says_so(written: str) -> None:
    with pytest.raises(AddressError):
        parse(written)


@pytest.mark.parametrize("written", ["h:abc", "http://h:70000/", "h:0"])
def test_a_port_that_is_none_is_named(written: str) -> None:
    with pytest.raises(AddressError, match="is not a number from 1 to 65535"):
        parse(written)


@given(text() | text().map("http://{}".format) | text().map("ws://h:{}".format))
def test_anything_is_an_address_or_an_address_error(written: str) -> None:
    try:
        assert str(parse(written))
    except AddressError as error:
        assert str(error)


def test_an_address_reads_as_people_write_it() -> None:
    assert str(parse("::1")) == "[::1]:9000"
    assert str(parse("http://h:80/r/x")) == "http://h:80"
    assert str(parse("https://h/chat/")) == "https://h/chat"
    assert str(parse("ws://h/other/door")) == "http://h/other/door"
    assert str(parse("unix:/run/room")) == "unix:/run/room"
