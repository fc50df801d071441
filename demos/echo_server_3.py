"""回显服务器（三）：一个阻塞线程服务多个客户端，以及 accept 和 recv 为什么互相阻塞。

Echo server, three: several clients on one blocking thread, and why accept and recv block each
other.

线程停在 accept，就收不到已连接客户端的数据；停在 recv，就接不了新客户端，也听不到别人。
While the thread waits in accept it hears nobody; while it waits in recv for one it neither accepts
another nor hears the rest. That is what is still wrong. Two ways out: a thread for each
(echo_server_4.py), or asking first which sockets are ready (echo_server_5.py).

    python demos/echo_server_3.py --port 9103
"""

from __future__ import annotations

import argparse
import socket


def serve(listener: socket.socket) -> None:
    clients: dict[int, socket.socket] = {}  # by their port
    with listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            print(f"in accept: {len(clients)} clients wait", flush=True)
            connection, address = listener.accept()
            clients[address[1]] = connection
            for name in list(clients):
                print(f"in recv for {name}: newcomers and the others wait", flush=True)
                if not echo_once(clients[name]):
                    clients.pop(name).close()
                    print(f"{name} is gone", flush=True)


def echo_once(connection: socket.socket) -> bool:
    """Whether the client is still there."""
    try:
        data = connection.recv(1024)
        connection.sendall(data)
    except ConnectionError:
        return False
    return bool(data)


def main() -> None:
    parser = argparse.ArgumentParser(description="an echo server in which clients block each other")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9103, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        listener = socket.create_server((flags.host, flags.port))
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
