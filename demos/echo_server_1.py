"""回显服务器（一）：socket、bind、listen、accept、recv、send，只服务一个客户端。

Echo server, one: socket, bind, listen, accept, recv, send; one client, once.

还不行的地方：客户端走了，程序就结束；客户端异常断开（RST），程序报错退出。
What is still wrong: it is over when its client leaves, and a client that breaks off (RST) ends it
with a traceback. See echo_server_2.py.

    python demos/echo_server_1.py --port 9101
"""

from __future__ import annotations

import argparse
import socket


def bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Else the port is not to be had for a minute after the last run (TIME_WAIT).
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def serve(listener: socket.socket) -> None:
    with listener:
        listener.listen()
        host, port = listener.getsockname()
        print(f"listening on {host}:{port}; accept waits", flush=True)
        connection, address = listener.accept()
        with connection:
            print(f"{address[1]} is here; recv waits", flush=True)
            while data := connection.recv(1024):
                print(f"{address[1]} sent {data!r}", flush=True)
                connection.sendall(data)  # send alone may take only a part
    print("the client has left, and so do I", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="an echo server for one client")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        listener = bound(flags.host, flags.port)
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
