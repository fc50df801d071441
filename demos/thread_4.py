"""线程（四）：Barrier。parties（人数）、action（到齐时执行一次）、timeout（超时则屏障损坏）。

Threads, four: Barrier. `parties` wait for each other; `action` runs once when all are there;
after `timeout` the barrier is broken, for everybody.

    python demos/thread_4.py
"""

from __future__ import annotations

import threading
import time

PARTIES = 3


def all_arrive() -> None:
    arrived: list[float] = []
    released: list[float] = []
    barrier = threading.Barrier(PARTIES, action=lambda: print("   action: all are here"))

    def run(delay_s: float) -> None:
        time.sleep(delay_s)
        arrived.append(time.monotonic())
        place = barrier.wait()
        released.append(time.monotonic())
        print(f"   released (number {place})")

    runners = [threading.Thread(target=run, args=(0.1 * number,)) for number in range(PARTIES)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    print(f"   before the last arrived, released: {sum(at < max(arrived) for at in released)}")


def one_is_missing() -> None:
    barrier = threading.Barrier(PARTIES, timeout=0.1)

    def wait(name: str) -> None:
        try:
            barrier.wait()
            print(f"   {name}: released")
        except threading.BrokenBarrierError:
            print(f"   {name}: the barrier is broken")

    waiting = [threading.Thread(target=wait, args=(f"runner {n}",)) for n in range(PARTIES - 1)]
    for runner in waiting:
        runner.start()
    for runner in waiting:
        runner.join()
    wait("one who comes late")
    barrier.reset()
    print(f"   after reset(): broken {barrier.broken}")


def main() -> None:
    print(f"== {PARTIES} parties arrive one after the other")
    all_arrive()
    print("== one of them does not come")
    one_is_missing()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
