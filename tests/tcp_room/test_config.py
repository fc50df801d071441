"""The limits fit each other, as their comments say."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import msgspec
import pytest

from tcp_room import messages
from tcp_room.config import Config

CONFIG = Config()


def test_every_flag_tells_what_it_is_for() -> None:
    flags = {field.name: field.metadata["help"] for field in fields(Config) if field.metadata}
    assert {"host", "tcp_port", "http_port", "rate"} <= flags.keys()
    assert all(text.endswith(".") for text in flags.values())


def test_every_limit_has_a_default() -> None:
    assert Config(tcp_port=0) == Config(tcp_port=0)


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        CONFIG.rate = 7.0  # type: ignore[misc]


def test_the_longest_message_fits_a_line_however_it_is_escaped() -> None:
    escaped = "\\u0001" * CONFIG.text_bytes
    say = b'{"kind":"say","id":"%s","text":"%s"}' % (b"x" * CONFIG.id_chars, escaped.encode())
    assert messages.decode(say) == messages.Say(text="\1" * CONFIG.text_bytes, id="x" * 64)
    assert len(say) <= CONFIG.line_bytes


def test_a_page_is_never_what_fills_a_member() -> None:
    assert 4 * CONFIG.page_bytes <= CONFIG.member_buffer_bytes


def test_a_look_back_is_one_read() -> None:
    assert CONFIG.text_history_events <= CONFIG.json_history_events <= CONFIG.page_events
    assert CONFIG.page_events <= CONFIG.window_events <= CONFIG.memory_events


def test_the_rate_that_clients_are_told_is_a_number() -> None:
    assert msgspec.json.encode(CONFIG.rate) == b"5.0"
