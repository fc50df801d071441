"""回显服务器（五）：selectors.DefaultSelector，一个线程服务所有客户端。

Echo server, five: `selectors.DefaultSelector`, one thread for everybody. register, unregister,
select, EVENT_READ and EVENT_WRITE.

select 告诉我们哪些套接字就绪，recv 和 send 就都不会等待。发不完的留在缓冲里，
只有缓冲非空时才关心 EVENT_WRITE（套接字几乎总是可写，一直关心就成了空转）。
select tells which sockets are ready, so neither recv nor send ever waits. What cannot be sent yet
stays in a buffer, and only then is EVENT_WRITE asked for: a socket can nearly always be written
to, and select would come back at once, for ever.

    python demos/echo_server_5.py --port 9105
"""

from __future__ import annotations

import argparse
import selectors
import socket

# A client that sends and never reads would fill our memory: past this it is not read either.
MAX_WAITING_BYTES = 1 << 20


class Client:
    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting = bytearray()  # to be sent

    def read(self) -> bool:
        """Whether it is still there."""
        data = self.connection.recv(1 << 16)
        self.waiting += data
        return bool(data)

    def write(self) -> None:
        sent = self.connection.send(self.waiting)
        del self.waiting[:sent]

    @property
    def interest(self) -> int:
        reads = selectors.EVENT_READ if len(self.waiting) < MAX_WAITING_BYTES else 0
        return reads | (selectors.EVENT_WRITE if self.waiting else 0)


class Server:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()

    def serve(self, listener: socket.socket) -> None:
        with listener:
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ)
            print("listening on {}:{}".format(*listener.getsockname()), flush=True)
            while True:
                for key, events in self.selector.select():
                    if key.data is None:
                        self.accept(listener)
                    else:
                        self.attend(key.data, events)

    def accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
        except OSError:  # it has given up between select and here
            return
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ, Client(connection))
        print(f"{address[1]} is here; still one thread", flush=True)

    def attend(self, client: Client, events: int) -> None:
        try:
            is_here = not events & selectors.EVENT_READ or client.read()
            if client.waiting:
                client.write()
        except BlockingIOError:
            is_here = True
        except ConnectionError:
            is_here = False
        if is_here:
            self.selector.modify(client.connection, client.interest, client)
        else:
            self.selector.unregister(client.connection)
            client.connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="an echo server with one thread for everybody")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9105, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        listener = socket.create_server((flags.host, flags.port), backlog=1024)
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    Server().serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
