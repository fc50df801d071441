from __future__ import annotations

from pathlib import Path

import pytest

from tcp_room.logs.sqlite import LogError
from web_gateway.keys import house_key


def test_a_house_has_one_secret_for_its_owners_eyes_only(tmp_path: Path) -> None:
    key = house_key(tmp_path)
    assert len(key) == 32
    assert house_key(tmp_path) == key
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_houses_have_different_ones(tmp_path: Path) -> None:
    assert len({house_key(None), house_key(None), house_key(tmp_path)}) == 3


def test_one_that_was_not_written_to_its_end_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "oneroom.key").write_bytes(b"half")
    (tmp_path / "oneroom.new").write_bytes(b"half")
    assert len(house_key(tmp_path)) == 32


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "oneroom.key").mkdir()
    with pytest.raises(LogError, match=r"oneroom\.key cannot be used"):
        house_key(tmp_path)
