"""回显客户端（二）：断开连接。recv 返回空字节、ConnectionResetError、超时；也能自己异常断开。

Echo client, two: disconnection, seen from this side: recv of length 0, ConnectionResetError, and
a time-out. With --reset it breaks off itself, as a machine does that loses power.

关闭前若设 SO_LINGER 为 0 秒，close 发出的是 RST，不是 FIN。
With SO_LINGER of 0 seconds, close sends RST in place of FIN.

    python demos/echo_client_2.py --port 9102
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys


def talk(connection: socket.socket) -> str:
    """Line by line. How it ended, in words."""
    for line in sys.stdin:
        try:
            connection.sendall(line.encode())
            data = connection.recv(1024)
        except TimeoutError:
            print("no answer yet", flush=True)
            continue
        except ConnectionError as error:
            return f"the server is gone ({type(error).__name__})"
        if not data:
            return "the server has closed (recv gave 0 bytes)"
        print(f"back: {data.decode(errors='replace').rstrip()}", flush=True)
    return "you have left"


def main() -> None:
    parser = argparse.ArgumentParser(description="notices when the server is gone")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9102)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds to wait for an answer")
    parser.add_argument("--reset", action="store_true", help="break off at the end (RST)")
    flags = parser.parse_args()
    try:
        connection = socket.create_connection((flags.host, flags.port), flags.timeout)
    except OSError as error:
        raise SystemExit(f"nobody at {flags.host}:{flags.port}: {error.strerror}") from None
    with connection:
        print("connected; type lines, Ctrl-D ends", flush=True)
        print(talk(connection), flush=True)
        if flags.reset:
            # struct linger: on, for 0 seconds
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
