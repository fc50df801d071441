"""Whose an id is: a network's and a name's, and no address can be read from it."""

from __future__ import annotations

import pytest

from tcp_room.errors import RoomError
from web_gateway.authors import Authors

HOUSE = Authors(b"k" * 32)


def test_an_id_belongs_to_a_network_and_a_name() -> None:
    ci = HOUSE.poster("192.0.2.7", "ci")
    assert HOUSE.poster("192.0.2.200", "CI") == ci
    assert HOUSE.poster("::ffff:192.0.2.9", "ci") == ci
    assert HOUSE.poster("192.0.3.7", "ci") != ci
    assert HOUSE.poster("192.0.2.7", "cd") != ci
    assert HOUSE.poster("192.0.2.7", None) != ci


def test_a_network_is_a_64_of_ipv6_and_this_machine_is_one() -> None:
    assert HOUSE.poster("2001:db8::1", "ci") == HOUSE.poster("2001:db8::2:3", "ci")
    assert HOUSE.poster("2001:db8:0:1::1", "ci") != HOUSE.poster("2001:db8::1", "ci")
    assert HOUSE.poster("127.0.0.1", "ci") == HOUSE.poster("::1", "ci")
    assert HOUSE.poster("", "ci") == HOUSE.poster("", "ci")


def test_no_address_is_kept() -> None:
    author = HOUSE.poster("192.0.2.7", "ci")
    assert "192" not in author
    assert len(author) == len("http:") + 24
    assert Authors(b"other" * 4).poster("192.0.2.7", "ci") != author


def test_a_hooks_ids_are_its_tokens() -> None:
    assert HOUSE.hook("a-token-of-16-and-more") != HOUSE.hook("another-of-16-and-more")


def test_who_can_have_no_name_has_no_ids() -> None:
    with pytest.raises(RoomError):
        HOUSE.poster("192.0.2.7", "a*b")
