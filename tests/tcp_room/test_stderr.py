"""Lines on stderr: one a second, and without control characters."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tcp_room.stderr import OneLine, Throttle, write_to_stderr


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    raised = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("x", logging.ERROR, __file__, 1, message, args, raised)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_exception_is_one_line_and_says_where_it_was_raised() -> None:
    try:
        raise ValueError("not\nhere")
    except ValueError as error:
        line = OneLine().format(record("GET %s failed", "/rooms", error=error))
    assert line.startswith("oneroom: GET /rooms failed: ValueError: not here, at ")
    assert "test_stderr.py:" in line
    assert OneLine().format(record("x", error=OSError("gone"))) == "oneroom: x: OSError: gone"


def test_what_a_client_has_sent_cannot_move_the_cursor_nor_fill_the_screen() -> None:
    line = OneLine().format(record("%s", "\x1b[2J\x9b1m\u202e\r\n" + "x" * 10_000))
    assert line.isprintable()
    assert len(line) == 500


def test_one_record_a_second_passes_and_says_how_many_did_not() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    assert [throttle.filter(record("x")) for _ in range(38)] == [True] + [False] * 37
    clock.now += 1
    last = record("again")
    assert throttle.filter(last)
    assert OneLine().format(last) == "oneroom: again (and 37 more)"
    clock.now += 1
    assert throttle.filter(last)
    assert OneLine().format(last) == "oneroom: again"


@pytest.fixture
def restored() -> Iterator[None]:
    root, logs = logging.getLogger(), logging.getLogger("tcp_room.logs")
    kept = root.handlers
    yield
    root.handlers, logs.handlers, logs.propagate = kept, [], True
    logging.captureWarnings(False)


@pytest.mark.usefixtures("restored")
def test_no_client_silences_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    write_to_stderr(Clock())
    for nth in range(10):
        logging.getLogger("aiohttp.server").error("no %d", nth)
        logging.getLogger("asyncio").error("nor %d", nth)
    logging.getLogger("tcp_room.logs.sqlite.engine").warning("the disk is full")
    assert capsys.readouterr().err.splitlines() == ["oneroom: no 0", "oneroom: the disk is full"]
