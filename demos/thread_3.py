"""线程（三）：Condition（生产者与消费者）、Semaphore（有限的资源）、queue 的三种队列。

Threads, three: Condition (producer and consumer), Semaphore (a resource of which there are few),
and the three queues of `queue`.

    python demos/thread_3.py
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque

GOODS = 10
ROOM_FOR = 3


class Shelf:
    """Room for few: a producer waits while it is full, a consumer while it is empty."""

    def __init__(self) -> None:
        self.goods: deque[int] = deque()
        self.changed = threading.Condition()
        self.most = 0

    def put(self, item: int) -> None:
        with self.changed:
            # A loop, not an if: between notify and waking another may have been quicker.
            while len(self.goods) == ROOM_FOR:
                self.changed.wait()
            self.goods.append(item)
            self.most = max(self.most, len(self.goods))
            self.changed.notify_all()

    def take(self) -> int:
        with self.changed:
            self.changed.wait_for(lambda: self.goods)  # the same loop, written shorter
            item = self.goods.popleft()
            self.changed.notify_all()
            return item


def produce_and_consume() -> None:
    shelf, taken = Shelf(), []

    def produce() -> None:
        for item in range(GOODS):
            shelf.put(item)

    # A daemon: after Ctrl-C nobody takes from the shelf any more, and it would wait for ever.
    producer = threading.Thread(target=produce, daemon=True)
    producer.start()
    for _ in range(GOODS):
        taken.append(shelf.take())
        time.sleep(0.005)
    producer.join()
    print(f"   taken: {taken}; never more than {shelf.most} on the shelf")


def few_seats() -> None:
    seats = threading.BoundedSemaphore(2)
    guard, inside, most = threading.Lock(), 0, 0

    def visit() -> None:
        nonlocal inside, most
        with seats:
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with guard:
                inside -= 1

    visitors = [threading.Thread(target=visit) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print(f"   8 visitors, 2 seats: at most {most} at a time")


def three_queues() -> None:
    fifo: queue.Queue[int] = queue.Queue()
    lifo: queue.LifoQueue[int] = queue.LifoQueue()
    priority: queue.PriorityQueue[int] = queue.PriorityQueue()
    for each in (fifo, lifo, priority):
        for item in (2, 3, 1):
            each.put(item)
        out = [each.get() for _ in range(3)]
        print(f"   {type(each).__name__:13} in [2, 3, 1], out {out}")
    try:
        fifo.get(timeout=0.05)
    except queue.Empty:
        print("   get(timeout=0.05) from an empty queue: queue.Empty")


def main() -> None:
    print("== Condition: producer and consumer")
    produce_and_consume()
    print("== Semaphore")
    few_seats()
    print("== queue: first in first out, last in first out, smallest first")
    three_queues()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
