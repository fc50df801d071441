"""Where the client keeps what a person would not like to lose, for that person's eyes only."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_dir, user_state_dir


def config_file() -> Path:
    """Where flags may be written down; `ONEROOM_CONFIG` names another place.

    A user without a home, as in a container with any uid, has an empty file.
    """
    elsewhere = os.environ.get("ONEROOM_CONFIG")
    try:
        return Path(elsewhere or Path(user_config_dir("oneroom", appauthor=False)) / "config.toml")
    except RuntimeError:
        return Path(os.devnull)


def history_file() -> Path | None:
    """The file of what was typed, mode 0600, made if it is new; None if it cannot be had."""
    try:
        folder = Path(user_state_dir("oneroom", appauthor=False))
        path = folder / "history"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)  # one of an older version, or copied
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return None
    return path
