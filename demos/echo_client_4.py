"""回显客户端（四）：两个线程，一个等键盘，一个等网络。

Echo client, four: two threads, one waits for the keyboard, one for the network. What comes is
shown at once, whether or not it answers anything.

键盘结束（Ctrl-D）后 shutdown(SHUT_WR)：我说完了，但还在听，直到对方也说完。
When the keyboard ends (Ctrl-D), shutdown(SHUT_WR): I have said all, and listen until the other
has, too.

    python demos/echo_client_4.py --port 9104
"""

from __future__ import annotations

import argparse
import socket
import sys
import threading


def listen(connection: socket.socket) -> None:
    try:
        with connection.makefile(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                print(f"back: {line.rstrip()}", flush=True)
    except ConnectionError as error:
        print(f"the server is gone ({type(error).__name__})", flush=True)
    else:
        print("the server has said all", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="a thread for the keyboard, one for the network")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9104)
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; type lines, Ctrl-D ends", flush=True)
        listener = threading.Thread(target=listen, args=(connection,), daemon=True)
        listener.start()
        try:
            for line in sys.stdin:
                connection.sendall(line.encode())
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the listener says it
        listener.join()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
