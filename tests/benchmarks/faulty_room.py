"""A room that passes lines on, but for one fault, which begins after some messages."""

import argparse
import selectors
import socket


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--fault", required=True)
    options = parser.parse_args()
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("127.0.0.1", options.port))
    selector.register(listener, selectors.EVENT_READ)
    members: list[socket.socket] = []
    kept = b""
    said = 0
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                member, _ = listener.accept()
                members.append(member)
                selector.register(member, selectors.EVENT_READ)
                continue
            speaker = key.fileobj
            assert isinstance(speaker, socket.socket)
            data = speaker.recv(1 << 16)
            if not data:
                selector.unregister(speaker)
                members.remove(speaker)
                continue
            for line in data.splitlines(keepends=True):
                said += 1
                fault = options.fault if said == 10 else ""
                if fault == "swap":
                    kept = line
                    continue
                line, kept = line + kept, b""
                for index, member in enumerate(members):
                    if fault == "lose" and index == len(members) - 1:
                        continue
                    member.sendall(line * 2 if fault == "double" else line)


main()
