"""The lock, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcp_room.logs.sqlite.lock import boot
from tests.tcp_room.logs.sqlite.files import opened, read, refusal


@pytest.mark.parametrize(
    ("left", "is_another"),
    [
        ("", False),
        ("normal another-start", True),
        ("full another-start", False),
        (f"normal {boot()}", False),
    ],
)
def test_after_a_power_cut_it_is_another_log_unless_nothing_can_be_lost(
    left: str, is_another: bool, tmp_path: Path
) -> None:
    first = opened(tmp_path)
    first.close()
    (tmp_path / "oneroom.lock").write_text(left)
    second = opened(tmp_path)
    assert (second.epoch != first.epoch) is is_another
    second.close()
    third = opened(tmp_path)
    assert third.epoch == second.epoch
    third.close()


def test_a_second_server_is_refused(tmp_path: Path) -> None:
    engine = opened(tmp_path)
    assert "another server" in refusal(tmp_path)
    engine.close()
    assert read(tmp_path) == []


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data" in refusal(tmp_path / "file" / "data")
