"""Rows and pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcp_room.errors import RoomError
from tests.tcp_room.logs.sqlite.files import opened
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def test_a_row_that_somebody_spoiled_is_an_error_of_the_log(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    log.append([draft()], NOON)
    engine._writing.execute("UPDATE turn SET said = '[['")
    pages: list[object] = []
    log.read(0, 10, pages.append)
    assert isinstance(pages[0], RoomError)
    assert pages[0].code == "storage"
    engine.close()


@pytest.mark.parametrize("after", [1 << 40, (1 << 40) + 5, 10**15])
def test_a_number_beyond_all_is_not_another_rooms(tmp_path: Path, after: int) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    engine.open("dev", Listener()).append([draft()] * 10, NOON)
    log.append([draft()], NOON)
    pages: list[object] = []
    log.read(after, 10, pages.append)
    assert pages == [[]]
    engine.close()
