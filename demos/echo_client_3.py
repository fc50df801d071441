"""回显客户端（三）：TCP 是字节流，一行要自己拼起来；并说出等了多久。

Echo client, three: TCP is a stream of bytes, in which a line has to be put together; and it tells
how long it waited, which shows what echo_server_3.py does to its second client.

发送一次，对方可能分几次收到；发送几次，对方也可能一次收到。边界（换行）要自己约定。
What is sent at once may come in pieces, and pieces may come at once. Where a message ends is for
the two to agree on: here, at a newline.

    python demos/echo_client_3.py --port 9103
"""

from __future__ import annotations

import argparse
import socket
import sys
import time


class Lines:
    """The lines of a stream."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def next(self) -> bytes:
        """Raises EOFError at the end, TimeoutError."""
        while b"\n" not in self._rest:
            data = self._connection.recv(1024)
            if not data:
                raise EOFError("the server has closed")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def talk(connection: socket.socket) -> None:
    lines = Lines(connection)
    for line in sys.stdin:
        started = time.monotonic()
        connection.sendall(line.encode())
        try:
            answer = lines.next().decode(errors="replace").rstrip()
        except TimeoutError:
            print("no answer yet", flush=True)
            continue
        print(f"back: {answer} (waited {time.monotonic() - started:.2f} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="reads whole lines, and tells how long it waited")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9103)
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds to wait for an answer")
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port), flags.timeout)
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; type lines, Ctrl-D ends", flush=True)
        try:
            talk(connection)
        except (ConnectionError, EOFError) as error:
            print(f"the connection is over: {error}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
