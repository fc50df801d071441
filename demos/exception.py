"""异常：try / except / else / finally、raise、再次抛出、raise ... from，以及 with。

Exceptions: try, except by class, else, finally, raise, re-raise, `raise ... from`, and `with`.

Python 采用“终止模型”：异常把控制交给外层的处理者，出错的语句块不会重试；要重试，自己写循环。
Python's is the termination model: an exception locates a handler outside, and the program goes
on there. The failed block is never resumed; whoever wants it again writes a loop.

    python demos/exception.py
"""

from __future__ import annotations

from types import TracebackType


def title(text: str) -> None:
    print(f"\n== {text}")


def by_class(text: str) -> str:
    """The first clause whose class fits is taken; finally runs on every way out."""
    try:
        number = 100 // int(text)
    except ValueError:
        return "no number (ValueError)"
    except ZeroDivisionError:
        return "division by zero (ZeroDivisionError)"
    else:
        return f"100 // {text} = {number}"
    finally:
        print(f"   finally: {text!r} is done")


def terminates() -> list[str]:
    """The block is left where it failed: what follows in it is not run, nor tried again."""
    steps = []
    try:
        steps.append("before")
        raise RuntimeError("in the midst of the block")
        steps.append("never")  # type: ignore[unreachable]  # that is the point
    except RuntimeError as error:
        steps.append(f"handler: {error}")
    steps.append("goes on outside")
    return steps


class Unsteady:
    """Fails twice, then works."""

    def __init__(self) -> None:
        self.calls = 0

    def call(self) -> str:
        self.calls += 1
        if self.calls < 3:
            raise ConnectionError(f"call {self.calls} failed")
        return f"call {self.calls} worked"


def retried() -> str:
    unsteady = Unsteady()
    while True:
        try:
            return unsteady.call()
        except ConnectionError as error:
            print(f"   {error}; the loop tries again, Python itself would not")


class ConfigError(Exception):
    """An error in the words of the caller."""


def read_port(settings: dict[str, str]) -> int:
    try:
        return int(settings["port"])
    except KeyError as error:
        raise ConfigError("there is no port in the settings") from error


def passed_on() -> None:
    try:
        raise OSError("the disk is full")
    except OSError as error:
        print(f"   noted on its way: {error}")
        raise  # the same exception, its traceback and all


class Resource:
    """`with` is try/finally: __exit__ runs on every way out. True from it swallows the error."""

    def __init__(self, swallows: type[BaseException] | None = None) -> None:
        self._swallows = swallows

    def __enter__(self) -> Resource:
        print("   acquired")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        print(f"   released{f' after {kind.__name__}' if kind else ''}")
        return self._swallows is not None and isinstance(error, self._swallows)


def main() -> None:
    title("except by class, else, finally")
    for text in ("7", "seven", "0"):
        print(f"   {by_class(text)}")

    title("the termination model")
    print("   " + " -> ".join(terminates()))
    print(f"   {retried()}")

    title("raise ... from: the cause is kept")
    try:
        read_port({})
    except ConfigError as error:
        print(f"   {type(error).__name__}: {error}; cause: {error.__cause__!r}")

    title("re-raise")
    try:
        passed_on()
    except OSError as error:
        print(f"   caught outside: {error}")

    title("with")
    with Resource():
        print("   used")
    with Resource(swallows=ValueError):
        raise ValueError("swallowed by __exit__")
    print("   and on it goes")


if __name__ == "__main__":
    main()
