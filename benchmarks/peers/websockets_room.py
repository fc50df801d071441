"""A room with `websockets.broadcast`, as that library's documentation recommends it."""

import argparse
import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

members: set[ServerConnection] = set()


async def handle(socket: ServerConnection) -> None:
    members.add(socket)
    try:
        async for message in socket:
            broadcast(members, message)
    finally:
        members.discard(socket)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    # Its pings are off: they are not what is compared.
    async with serve(handle, "127.0.0.1", options.port, ping_interval=None, backlog=1024):
        print("listening", flush=True)
        await asyncio.get_running_loop().create_future()


uvloop.run(main())
