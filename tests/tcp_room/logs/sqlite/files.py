"""Logs in a folder, written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcp_room.logs.sqlite import Durability, LogError, SqliteEngine
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def opened(folder: Path, durability: Durability = "normal") -> SqliteEngine:
    return SqliteEngine(folder, durability, lambda call: call())


def refusal(folder: Path) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(LogError) as caught:
        opened(folder).close()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(folder) in sentence
    return sentence


def write(folder: Path, count: int = 1, room: str = "lobby") -> None:
    engine = opened(folder)
    log = engine.open(room, Listener())
    for _ in range(count):
        log.append([draft()], NOON)
    engine.close()


def read(folder: Path, room: str = "lobby") -> list[int]:
    engine = opened(folder)
    pages: list[object] = []
    engine.open(room, Listener()).read(0, 1 << 30, pages.append)
    engine.close()
    assert isinstance(pages[0], list)
    return [record.event.seq for record in pages[0]]
