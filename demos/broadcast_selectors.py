"""练习，其二：一个线程加 selectors，把一个人的话广播给其他所有人。不需要锁。

The exercise, second: one thread and `selectors`; what one says goes to all the others. There is
nobody else, so there is no lock.

发不完的留在各人自己的缓冲里，EVENT_WRITE 时接着发；缓冲超过上限，就请他离开。
What a socket does not take waits in its member's buffer for EVENT_WRITE. Past a bound, that
member has to go: else the one who does not read would fill the memory.

还不行的地方：慢的人被赶走，断开的人错过的话没有了；同样的字节在每个人的缓冲里各有一份。
What is still wrong: the slow are thrown out, who was away has missed what was said, and the same
bytes lie in each member's buffer. tcp_room/room.py does it otherwise.

    python demos/broadcast_selectors.py --port 9107
"""

from __future__ import annotations

import argparse
import selectors
import socket

MAX_LINE_BYTES = 1 << 16
MAX_WAITING_BYTES = 4 << 20


class Member:
    def __init__(self, connection: socket.socket, name: str) -> None:
        self.connection = connection
        self.name = name
        self.half = b""  # of a line that it has begun
        self.waiting = bytearray()  # to be sent


class Room:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.members: set[Member] = set()

    def serve(self, listener: socket.socket) -> None:
        with listener:
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ)
            print("listening on {}:{}".format(*listener.getsockname()), flush=True)
            while True:
                for key, events in self.selector.select():
                    self.attend(listener, key.data, events)

    def attend(self, listener: socket.socket, member: Member | None, events: int) -> None:
        if member is None:
            self.accept(listener)
        elif member in self.members:  # else it has gone since select
            if events & selectors.EVENT_READ:
                self.read(member)
            if events & selectors.EVENT_WRITE and member in self.members:
                self.write(member)

    def accept(self, listener: socket.socket) -> None:
        try:
            connection, address = listener.accept()
        except OSError:  # it has given up between select and here
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        member = Member(connection, f"user-{address[1]}")
        self.members.add(member)
        self.selector.register(connection, selectors.EVENT_READ, member)
        print(f"{member.name} is here; {len(self.members)} members", flush=True)

    def leave(self, member: Member) -> None:
        self.members.remove(member)
        self.selector.unregister(member.connection)
        member.connection.close()
        print(f"{member.name} is gone; {len(self.members)} members", flush=True)

    def read(self, member: Member) -> None:
        try:
            data = member.connection.recv(1 << 16)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        *lines, member.half = (member.half + data).split(b"\n")
        for line in lines:
            self.broadcast(member, line)
        if (not data or len(member.half) > MAX_LINE_BYTES) and member in self.members:
            self.leave(member)

    def broadcast(self, sender: Member, line: bytes) -> None:
        said = f"{sender.name}: ".encode() + line + b"\n"
        for member in self.members - {sender}:
            was_empty = not member.waiting
            member.waiting += said
            if was_empty:
                self.write(member)
            elif len(member.waiting) > MAX_WAITING_BYTES:
                self.leave(member)

    def write(self, member: Member) -> None:
        try:
            sent = member.connection.send(member.waiting)
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            self.leave(member)
            return
        del member.waiting[:sent]
        more = selectors.EVENT_WRITE if member.waiting else 0
        self.selector.modify(member.connection, selectors.EVENT_READ | more, member)


def main() -> None:
    parser = argparse.ArgumentParser(description="a room on one thread")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9107, help="0 takes any that is free")
    flags = parser.parse_args()
    try:
        listener = socket.create_server((flags.host, flags.port), backlog=1024)
    except OSError as error:
        raise SystemExit(f"cannot listen on {flags.host}:{flags.port}: {error.strerror}") from None
    Room().serve(listener)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C")
