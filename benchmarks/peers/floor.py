"""The floor: a bare loop of `socket.send` over all who are connected.

No names, no protocol, no log, no slow readers: messages are `--size` bytes each and go out as
they came. What a room costs above this is what it costs to be a room.
"""

import argparse
import select
import socket


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    options = parser.parse_args()
    size = options.size
    listener = socket.create_server(("127.0.0.1", options.port), backlog=1024)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    members: dict[int, socket.socket] = {}
    print("listening", flush=True)
    rest = b""
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                member, _ = listener.accept()
                member.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                members[member.fileno()] = member
                poll.register(member.fileno(), select.EPOLLIN)
                continue
            data = members[fd].recv(65536)
            if not data:
                members.pop(fd).close()
                continue
            data = rest + data
            whole = len(data) // size * size
            rest = data[whole:]
            for start in range(0, whole, size):
                message = data[start : start + size]
                for member in members.values():
                    member.send(message)


main()
