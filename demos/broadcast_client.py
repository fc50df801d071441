"""练习的客户端：一边打字，一边在控制台显示别人的话。

The exercise's client: shows what others say on its console while one types.

一个线程等网络，主线程等键盘。别人的话来时，先擦掉打了一半的那行，写出来，再把那半行放回去
（readline 知道打到哪里了）。也能进入本项目的房间：--port 9000。
A thread waits for the network, the main one for the keyboard. When somebody says something, the
half-typed line is wiped, theirs is written, and the half is put back: readline knows it. It can
join the project's own room, too: --port 9000. (`oneroom join` is the client to stay in.)

    python demos/broadcast_client.py --port 9106
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import threading
from collections.abc import Callable

try:
    import readline

    typed: Callable[[], str] = readline.get_line_buffer
except ImportError:  # Windows has none: the half-typed line stays where it was
    typed = str

PROMPT = "> "
AT_TERMINAL = sys.stdin.isatty() and sys.stdout.isatty()


def printable(line: str) -> str:
    """Nobody's words may move our cursor or ring our bell: control characters become visible."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in line)


def show(line: str) -> None:
    if AT_TERMINAL:
        print(f"\r\x1b[K{line}\n{PROMPT}{typed()}", end="", flush=True)
    else:
        print(line, flush=True)


def listen(connection: socket.socket) -> None:
    try:
        with connection.makefile(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                show(printable(line.rstrip("\r\n")))
    except OSError as error:
        show(f"the connection broke ({type(error).__name__})")
    else:
        show("the room has closed; Ctrl-D ends")


def say(connection: socket.socket) -> None:
    """What is typed, until it ends."""
    try:
        while True:
            connection.sendall(f"{input(PROMPT if AT_TERMINAL else '')}\n".encode())
    except (EOFError, ConnectionError):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="the exercise's client")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9106)
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; what you type goes to all the others, Ctrl-D ends", flush=True)
        listener = threading.Thread(target=listen, args=(connection,), daemon=True)
        listener.start()
        say(connection)
        with contextlib.suppress(OSError):  # it may be over already
            connection.shutdown(socket.SHUT_WR)
        listener.join(timeout=2.0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
