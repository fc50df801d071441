"""线程（二）：Lock 和 RLock。acquire 的四种形式、同一线程重入、with。

Threads, two: Lock and RLock. The four forms of acquire, re-entry by the same thread, `with`.

    python demos/thread_2.py
"""

from __future__ import annotations

import threading
import time

ROUNDS = 2000


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.lock = threading.Lock()

    def pay_in_unlocked(self) -> None:
        """Read, pause, write: what another thread wrote in the pause is lost."""
        balance = self.balance
        time.sleep(0)
        self.balance = balance + 1

    def pay_in(self) -> None:
        with self.lock:  # acquire(), and release() on every way out
            self.pay_in_unlocked()


def together(work: threading.Thread, other: threading.Thread) -> None:
    for thread in (work, other):
        thread.start()
    for thread in (work, other):
        thread.join()


def paid(is_locked: bool) -> int:
    account = Account()
    pay = account.pay_in if is_locked else account.pay_in_unlocked

    def work() -> None:
        for _ in range(ROUNDS):
            pay()

    together(threading.Thread(target=work), threading.Thread(target=work))
    return account.balance


def four_forms() -> None:
    lock = threading.Lock()
    print(f"   acquire()                 {lock.acquire()}: waits as long as it takes")
    print(
        f"   acquire(blocking=False)   {lock.acquire(blocking=False)}: taken, and says so at once"
    )
    started = time.monotonic()
    got = lock.acquire(timeout=0.1)
    waited = time.monotonic() - started
    print(f"   acquire(timeout=0.1)      {got}: gave up after {waited:.1f} s")
    threading.Timer(0.05, lock.release).start()
    print(f"   acquire(True, 1.0)        {lock.acquire(True, 1.0)}: released by another meanwhile")


def re_entry() -> None:
    lock, rlock = threading.Lock(), threading.RLock()
    with lock:
        got = lock.acquire(blocking=False)
        print(f"   Lock, again by its holder:  {got}; to wait for it would be for ever")
    with rlock, rlock:
        print("   RLock, again by its holder: True; it counts, and is free after as many releases")
        other = threading.Thread(
            target=lambda: print(f"   RLock, by another thread:   {rlock.acquire(blocking=False)}")
        )
        other.start()
        other.join()


def main() -> None:
    print(f"== two threads pay in {ROUNDS} times each")
    print(f"   without a lock: {paid(is_locked=False)}")
    print(f"   with a lock:    {paid(is_locked=True)}")
    print("== acquire in its four forms")
    four_forms()
    print("== re-entry")
    re_entry()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
