"""A room as most people begin it with aiohttp: for each message, `await ws.send_str` for all."""

import argparse

import uvloop
from aiohttp import WSMsgType, web

members: set[web.WebSocketResponse] = set()


async def websocket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    members.add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                for member in list(members):
                    await member.send_str(message.data)
    finally:
        members.discard(socket)
    return socket


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    app = web.Application()
    app.add_routes([web.get("/", websocket)])
    web.run_app(
        app, host="127.0.0.1", port=options.port, access_log=None, loop=uvloop.new_event_loop()
    )


main()
