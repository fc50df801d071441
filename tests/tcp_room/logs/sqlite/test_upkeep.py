"""The thread of the upkeep."""

from __future__ import annotations

from pathlib import Path

from tcp_room.logs.sqlite import FILE_NAME
from tests.tcp_room.logs.sqlite.files import opened
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def test_checkpoints_happen_elsewhere(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    log = engine.open("lobby", Listener())
    while (tmp_path / FILE_NAME).stat().st_size < 1_000_000:  # only a checkpoint makes it grow
        log.append([draft("x" * 4000)] * 4, NOON)
        assert log.head < 100_000
    engine.close()


def test_what_fails_is_reported_once_and_comes_again(tmp_path: Path, caplog: object) -> None:
    engine = opened(tmp_path)
    tries = 0

    def fail() -> None:
        nonlocal tries
        tries += 1
        raise OSError("the disk is on fire")

    for _ in range(3):
        engine._upkeep._do(fail)
    assert tries == 3
    assert str(getattr(caplog, "text", "")).count("on fire") == 1
    engine.close()
