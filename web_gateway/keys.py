"""The house's secret, kept beside its log: see `authors`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from tcp_room.logs.sqlite import LogError

_FILE_NAME: Final = "oneroom.key"
_KEY_BYTES: Final = 32


def house_key(folder: Path | None) -> bytes:
    """The secret in that folder, which exists; made if it is new, for its owner's eyes only.

    Without a folder, one that is forgotten at the end. Raises LogError.
    """
    if folder is None:
        return secrets.token_bytes(_KEY_BYTES)
    path = folder / _FILE_NAME
    try:
        return _read(path) or _make(path)
    except OSError as error:
        raise LogError(f"{path} cannot be used: {error.strerror or error}") from error


def _read(path: Path) -> bytes | None:
    """None if there is none, or one that was not written to its end."""
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == _KEY_BYTES else None


def _make(path: Path) -> bytes:
    key = secrets.token_bytes(_KEY_BYTES)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return key
