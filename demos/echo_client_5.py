"""回显客户端（五）：selectors，一个线程同时等键盘和网络。

Echo client, five: `selectors`; one thread waits for the keyboard and the network at a time.

在 Windows 上 select 只认套接字，键盘不行；那里请用 echo_client_4.py。
(On Windows select knows sockets alone, no keyboard: there take echo_client_4.py.)

    python demos/echo_client_5.py --port 9105
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import sys


class Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.selector = selectors.DefaultSelector()
        self.selector.register(connection, selectors.EVENT_READ, self.hear)
        try:
            self.selector.register(sys.stdin, selectors.EVENT_READ, self.say)
        except PermissionError:  # epoll does not take a file, which is always ready
            self.say_all()

    def run(self) -> None:
        """Until there is nobody to hear."""
        while self.connection in self.selector.get_map():
            for key, _ in self.selector.select():
                key.data()

    def hear(self) -> None:
        try:
            data = self.connection.recv(1 << 16)
        except ConnectionError:
            data = b""
        for line in data.decode(errors="replace").splitlines():
            print(f"back: {line}", flush=True)
        if not data:
            print("the server has closed", flush=True)
            self.selector.unregister(self.connection)

    def say(self) -> None:
        # Not sys.stdin.readline: its buffer could hold a line that select does not know of.
        data = os.read(sys.stdin.fileno(), 1 << 16)
        if data:
            self.connection.sendall(data)
        else:
            self.selector.unregister(sys.stdin)
            self.connection.shutdown(socket.SHUT_WR)

    def say_all(self) -> None:
        self.connection.sendall(sys.stdin.buffer.read())
        self.connection.shutdown(socket.SHUT_WR)


def main() -> None:
    parser = argparse.ArgumentParser(description="one thread for the keyboard and the network")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9105)
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; type lines, Ctrl-D ends", flush=True)
        try:
            Client(connection).run()
        except ConnectionError as error:
            print(f"the server is gone ({type(error).__name__})", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
