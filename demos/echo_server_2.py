"""回显服务器（二）：断开连接。recv 返回空字节、ConnectionResetError，什么时候关闭。

Echo server, two: disconnection. recv of length 0, ConnectionResetError, and when to close.

recv 返回 b""：对方说完了（FIN）。ConnectionResetError / BrokenPipeError：对方已经不在（RST）。
recv of b"": the peer has said all (FIN). ConnectionResetError or BrokenPipeError: it is gone (RST).
Either way our side is closed (`with`), and the next client has its turn.

还不行的地方：一次只服务一个客户端。
What is still wrong: one client at a time. See echo_server_3.py.

    python demos/echo_server_2.py --port 9102
"""

from __future__ import annotations

import argparse
import socket


def serve(listener: socket.socket) -> None:
    with listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            connection, address = listener.accept()
            with connection:
                print(f"{address[1]} is here", flush=True)
                print(f"{address[1]} {echo(connection)}", flush=True)


def echo(connection: socket.socket) -> str:
    """Sends back what comes, to the end. How it ended, in words."""
    try:
        while data := connection.recv(1024):
            connection.sendall(data)
    except ConnectionError as error:  # ConnectionResetError, BrokenPipeError, …
        return f"broke off ({type(error).__name__})"
    return "left (recv gave 0 bytes)"


def main() -> None:
    parser = argparse.ArgumentParser(description="an echo server that survives its clients")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9102, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        # socket, SO_REUSEADDR, bind and listen
        listener = socket.create_server((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
