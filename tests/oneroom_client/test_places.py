"""The files of a person, and a user who has no place for them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from oneroom_client.places import config_file, history_file
from tests.homeless import without_home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = history_file()
    assert path == tmp_path / "state" / "oneroom" / "history"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    path.chmod(0o644)
    path.write_text("+kept\n")
    assert history_file() == path
    assert (mode(path), path.read_text()) == (0o600, "+kept\n")


def test_without_a_place_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert history_file() is None


def test_a_user_without_a_home_has_no_history_and_an_empty_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_home(monkeypatch)
    assert config_file() == Path(os.devnull)
    assert history_file() is None
