from __future__ import annotations

from tests.demos.lecture import shown_by


def test_exception_shows_the_ways_of_handling() -> None:
    shown = shown_by("exception")
    assert "no number (ValueError)" in shown
    assert "division by zero (ZeroDivisionError)" in shown
    assert shown.count("finally:") == 3
    assert "before -> handler: in the midst of the block -> goes on outside" in shown
    assert "never" not in shown
    assert "call 3 worked" in shown
    assert "cause: KeyError('port')" in shown
    assert shown.index("noted on its way") < shown.index("caught outside")
    assert shown.count("acquired") == shown.count("released") == 2
    assert "released after ValueError" in shown


def test_an_uncaught_exception_reaches_the_hook() -> None:
    shown = shown_by("exception_hook", status=1)
    assert "hook: RuntimeError in worker" in shown
    assert "the main thread goes on" in shown
    assert "hook: RuntimeError in the main thread" in shown
    assert "Traceback" not in shown
    assert "never reached" not in shown
