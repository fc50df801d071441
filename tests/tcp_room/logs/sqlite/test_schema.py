"""The file and its versions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from tcp_room.events import Act, Say, Topic
from tcp_room.logs.port import Record
from tcp_room.logs.sqlite import FILE_NAME
from tcp_room.logs.sqlite.schema import MIGRATIONS
from tests.tcp_room.logs.sqlite.files import opened, refusal, write
from tests.tcp_room.logs.test_port import NOON, Listener, draft


def test_a_file_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    write(tmp_path)
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.pragma("user_version", 99)
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    assert "newer" in refusal(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("rubbish", [b"not a database at all" * 100, bytes(5000)])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(rubbish)
    assert "put it aside" in refusal(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == rubbish


def test_a_file_that_may_only_be_read_is_refused() -> None:
    """As somebody else's file is. (Root may write any: it has to be somebody else, too.)"""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        folder.chmod(0o777)
        (folder / "oneroom.lock").chmod(0o666)
        (folder / FILE_NAME).chmod(0o444)
        program = f"""
import fcntl  # while it can still be found
import os
from pathlib import Path
from tcp_room.logs.sqlite import LogError, SqliteEngine
if not os.getuid():
    os.setuid(65534)
try:
    SqliteEngine(Path({name!r}), "normal", lambda call: call()).close()
except LogError as error:
    print(error)
"""
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "may not be written" in run.stdout, run


def test_a_file_of_the_first_version_is_taken_over(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / FILE_NAME))
    connection.execute(MIGRATIONS[0])
    connection.pragma("user_version", 1)
    connection.execute("INSERT INTO house VALUES ('old')")
    connection.execute("INSERT INTO room VALUES (1, 'lobby', 'tea', 1), (2, '3班', '', 0)")
    connection.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, 'al', 'tcp', ?, ?, 'a')",
        [
            (1, 2, "say", NOON, "你好\n'\"", "x"),
            (1, 3, "topic", NOON + 1, "tea", None),
            (2, 1, "act", NOON, "waves", "x"),
        ],
    )
    connection.close()
    engine = opened(tmp_path)
    room, pages = Listener(), list[object]()
    lobby = engine.open("lobby", room)
    assert (engine.epoch, lobby.first, lobby.head, lobby.topic) == ("old", 2, 3, "tea")
    lobby.read(0, 10, pages.append)
    engine.open("3班", Listener()).read(0, 10, pages.append)
    assert pages == [
        [
            Record(Say(2, "x", NOON, "al", "tcp", "你好\n'\""), "a"),
            Record(Topic(3, None, NOON + 1, "al", "tcp", "tea"), "a"),
        ],
        [Record(Act(1, "x", NOON, "al", "tcp", "waves"), "a")],
    ]
    lobby.append([draft(id="x"), draft(id="y")], NOON)
    assert room.seqs == [2, 4]
    engine.close()
