"""Where the log is kept."""

from __future__ import annotations

import pytest

from tcp_room.cli import make_engine
from tcp_room.config import Config
from tcp_room.logs.sqlite import LogError
from tests.homeless import without_home


def test_a_user_without_a_home_must_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(monkeypatch)
    with pytest.raises(LogError, match="no home folder: choose one with --data DIR"):
        make_engine(Config(), lambda call, *args: None)
