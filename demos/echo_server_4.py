"""回显服务器（四）：每个客户端一个线程。

Echo server, four: a thread for each client.

主线程只管 accept，每个连接的 recv 在自己的线程里等待，谁也不妨碍谁。
The main thread does nothing but accept; each connection's recv waits in a thread of its own, and
nobody is in anybody's way.

还不行的地方：一千个客户端就是一千个线程（每个有自己的栈，切换也要时间）。
What is still wrong: a thousand clients are a thousand threads, each with a stack, and switched
between. demos/README.md has figures; echo_server_5.py does it with one.

    python demos/echo_server_4.py --port 9104
"""

from __future__ import annotations

import argparse
import socket
import threading


def serve(listener: socket.socket) -> None:
    with listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            connection, address = listener.accept()
            # A daemon: Ctrl-C need not wait until all clients have left.
            name = f"client {address[1]}"
            threading.Thread(target=attend, args=(connection,), name=name, daemon=True).start()


def attend(connection: socket.socket) -> None:
    name = threading.current_thread().name
    print(f"{name} is here; {threading.active_count()} threads", flush=True)
    with connection:
        try:
            while data := connection.recv(1024):
                connection.sendall(data)
        except ConnectionError as error:
            print(f"{name} broke off ({type(error).__name__})", flush=True)
        else:
            print(f"{name} left", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="an echo server with a thread for each client")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9104, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        listener = socket.create_server((flags.host, flags.port), backlog=1024)
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
