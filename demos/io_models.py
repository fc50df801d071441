"""五种 I/O 模型（《UNIX 网络编程》第 6 章）：同一个套接字上，线程在数据到来之前做什么。

The five I/O models (UNIX Network Programming, chapter 6) side by side, on one socket: what does
the thread do until the data is there?

    1. 阻塞      blocking       sleeps in recv
    2. 非阻塞    non-blocking   asks again and again
    3. 多路复用  multiplexed    sleeps in select, for many sockets at a time
    4. 信号驱动  signal-driven  works on, and is interrupted by SIGIO
    5. 异步      asynchronous   works on, and is called when it is done

第 5 种这里用 asyncio：写法是异步的，底下仍是多路复用。真正由内核完成拷贝的是 io_uring 和 IOCP。
The fifth is shown with asyncio, asynchronous to its user and multiplexed below; kernels that copy
by themselves have io_uring and IOCP. (Signals for sockets are of Unix: no Windows.)

    python demos/io_models.py
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

DELAY_S = 0.2
WORDS = b"hello"


def blocking(near: socket.socket) -> tuple[bytes, str]:
    return near.recv(100), "slept in recv, and could do nothing else"


def non_blocking(near: socket.socket) -> tuple[bytes, str]:
    near.setblocking(False)
    asked = 0
    while True:
        try:
            return near.recv(100), f"asked {asked} times in vain, and warmed the processor"
        except BlockingIOError:
            asked += 1


def multiplexed(near: socket.socket) -> tuple[bytes, str]:
    other, _silent = socket.socketpair()
    with other, _silent:
        ready, _, _ = select.select([near, other], [], [])
        return ready[0].recv(100), f"slept in select for 2 sockets; {len(ready)} was ready"


def signal_driven(near: socket.socket) -> tuple[bytes, str]:
    got: list[bytes] = []
    signal.signal(signal.SIGIO, lambda number, frame: got.append(near.recv(100)))
    near.setblocking(False)
    fcntl.fcntl(near, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(near, fcntl.F_SETFL, fcntl.fcntl(near, fcntl.F_GETFL) | os.O_ASYNC)
    worked = 0
    while not got:
        worked += 1
        time.sleep(0.001)
    return got[0], f"did {worked} bits of work, and was interrupted by SIGIO"


def asynchronous(near: socket.socket) -> tuple[bytes, str]:
    near.setblocking(False)

    async def both() -> tuple[bytes, int]:
        receiving = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(near, 100))
        worked = 0
        while not receiving.done():
            worked += 1
            await asyncio.sleep(0.001)
        return await receiving, worked

    data, worked = asyncio.run(both())
    return data, f"did {worked} bits of work in another coroutine meanwhile"


MODELS: dict[str, Callable[[socket.socket], tuple[bytes, str]]] = {
    "blocking": blocking,
    "non-blocking": non_blocking,
    "multiplexed": multiplexed,
    "signal-driven": signal_driven,
    "asynchronous": asynchronous,
}


def try_out(name: str) -> None:
    near, far = socket.socketpair()
    with near, far:
        started, cpu = time.monotonic(), time.process_time()
        threading.Timer(DELAY_S, far.sendall, [WORDS]).start()
        data, told = MODELS[name](near)
        waited, spent = time.monotonic() - started, time.process_time() - cpu
        print(
            f"{name:14} {data.decode()} after {waited:.2f} s, {spent * 1000:4.0f} ms of CPU: {told}"
        )


def main() -> None:
    print(f"The data comes in {DELAY_S} s.", flush=True)
    for name in MODELS:
        try_out(name)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
