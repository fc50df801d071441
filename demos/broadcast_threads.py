"""练习，其一：每个客户端一个线程，把一个人的话广播给其他所有人，用锁保护成员表。

The exercise, first: a thread for each client; what one says goes to all the others. A lock guards
the list of who is here.

一行才算一句：半行留着等下文。不读的人会塞满自己的套接字；若用 sendall 等他，握着锁，全屋都停。
所以这里只试一次（MSG_DONTWAIT），发不出去就请他离开。
A line is a message; half of one waits for the rest. Who does not read fills his socket, and a
sendall that waits for him, holding the lock, would stop the whole room. So it is tried once
(MSG_DONTWAIT), and who cannot take it has to go.

还不行的地方：慢的人被赶走，断开的人错过的话没有了；一句话对每个人都是一次系统调用。
What is still wrong: the slow are thrown out, who was away has missed what was said, and each
message costs a system call for each member. tcp_room/room.py does it otherwise.

    python demos/broadcast_threads.py --port 9106
"""

from __future__ import annotations

import argparse
import socket
import threading

MAX_LINE_BYTES = 1 << 16


class Room:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: dict[socket.socket, bytes] = {}  # each with what its lines begin with

    def attend(self, connection: socket.socket, name: str) -> None:
        """A client's thread, from its first byte to its last."""
        with connection:
            self.join(connection, name)
            try:
                self.listen(connection)
            except OSError:
                pass  # it broke off, or was thrown out
            finally:
                self.leave(connection, name)

    def join(self, connection: socket.socket, name: str) -> None:
        with self._lock:
            self._members[connection] = f"{name}: ".encode()
            print(f"{name} is here; {len(self._members)} members", flush=True)

    def leave(self, connection: socket.socket, name: str) -> None:
        with self._lock:
            self._members.pop(connection, None)
            print(f"{name} is gone; {len(self._members)} members", flush=True)

    def listen(self, connection: socket.socket) -> None:
        rest = b""
        while data := connection.recv(1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.broadcast(connection, line)
            if len(rest) > MAX_LINE_BYTES:
                return

    def broadcast(self, sender: socket.socket, line: bytes) -> None:
        with self._lock:
            said = self._members.get(sender, b"") + line + b"\n"
            for member in list(self._members):
                if member is not sender and not self.tell(member, said):
                    del self._members[member]
                    # Wakes its own thread from recv; to close is that one's business.
                    member.shutdown(socket.SHUT_RDWR)

    def tell(self, member: socket.socket, said: bytes) -> bool:
        """Whether it took all of it."""
        try:
            return member.send(said, socket.MSG_DONTWAIT) == len(said)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True  # its own thread hears of that


def serve(listener: socket.socket) -> None:
    room = Room()
    with listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            connection, address = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            arguments = connection, f"user-{address[1]}"
            threading.Thread(target=room.attend, args=arguments, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="a room with a thread for each client")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9106, help="0 takes any that is free")
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
