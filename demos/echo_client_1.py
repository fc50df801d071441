"""回显客户端（一）：connect、send、recv。输入一行，等一个回答。

Echo client, one: connect, send, recv. A line is typed, an answer waited for. Ctrl-D ends.

还不行的地方：服务器不回答（或回答分成几段），它就一直等（或只看到一段）。
What is still wrong: it waits for ever for a server that does not answer, and takes a part of an
answer for the whole. See echo_client_2.py, echo_client_3.py.

    python demos/echo_client_1.py --port 9101
"""

from __future__ import annotations

import argparse
import socket
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description="sends a line, waits for an answer")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101)
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; type lines, Ctrl-D ends", flush=True)
        for line in sys.stdin:
            connection.sendall(line.encode())
            print(f"back: {connection.recv(1024).decode(errors='replace').rstrip()}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
