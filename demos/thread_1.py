"""线程（一）：两种创建方式，start、join（带超时）、daemon。

Threads, one: the two ways to make one; start, join with a timeout, daemon.

    python demos/thread_1.py
"""

from __future__ import annotations

import threading
import time


def count(name: str, to: int) -> None:
    for number in range(1, to + 1):
        print(f"   {name}: {number} (in {threading.current_thread().name})")
        time.sleep(0.02)


class Counter(threading.Thread):
    """The second way: a subclass whose run() is what the thread does."""

    def __init__(self, to: int) -> None:
        super().__init__(name="subclass")
        self._to = to
        self.total = 0

    def run(self) -> None:
        for number in range(1, self._to + 1):
            self.total += number
            time.sleep(0.02)


def main() -> None:
    print("== a target")
    by_target = threading.Thread(target=count, args=("target", 3), name="by-target")
    print(f"   before start: alive {by_target.is_alive()}")
    by_target.start()
    print("   start() came back at once: the main thread goes on")
    by_target.join()
    print(f"   after join: alive {by_target.is_alive()}")

    print("== a subclass with run()")
    counter = Counter(10)
    counter.start()
    counter.join()
    print(f"   1 + … + 10 = {counter.total}")

    print("== join with a timeout")
    slow = threading.Thread(target=time.sleep, args=(0.5,), name="slow")
    slow.start()
    slow.join(timeout=0.05)
    print(f"   join(0.05) gave up, the thread did not: alive {slow.is_alive()}")
    slow.join()

    print("== daemon")
    endless = threading.Thread(target=time.sleep, args=(3600,), name="endless", daemon=True)
    endless.start()
    print("   a daemon thread sleeps for an hour; the program does not wait for it")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
