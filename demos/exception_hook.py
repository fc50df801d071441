"""未捕获的异常：用 sys.excepthook 和 threading.excepthook 代替默认的报告。

Uncaught exceptions: `sys.excepthook` and `threading.excepthook` in place of the default report.

没有人捕获的异常最后到达钩子：主线程随即结束（状态码 1），别的线程只结束自己。
An exception that nobody caught arrives at a hook in the end: then the main thread is over (exit
status 1), another thread ends alone.

    python demos/exception_hook.py
"""

from __future__ import annotations

import sys
import threading
from types import TracebackType


def report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, where: str
) -> None:
    """One line with the place, in place of a page."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = trace.tb_lineno if trace is not None else 0
    print(f"hook: {kind.__name__} in {where}, line {line}: {error}", flush=True)


def main_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("\nhook: stopped by Ctrl-C")
    else:
        report(kind, error, trace, "the main thread")


def thread_hook(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.thread is not None:
        report(args.exc_type, args.exc_value, args.exc_traceback, args.thread.name)


def fail(words: str) -> None:
    raise RuntimeError(words)


def main() -> None:
    sys.excepthook = main_hook
    threading.excepthook = thread_hook

    worker = threading.Thread(target=fail, args=("nobody catches this",), name="worker")
    worker.start()
    worker.join()
    print("the main thread goes on")
    fail("nor this")
    print("never reached")


if __name__ == "__main__":
    main()
