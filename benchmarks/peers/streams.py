"""A room as one writes it on asyncio's streams: for each line, write to everybody, and drain."""

import argparse
import asyncio

import uvloop

members: set[asyncio.StreamWriter] = set()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    members.add(writer)
    try:
        while line := await reader.readline():
            for member in list(members):
                if member is not writer:
                    member.write(line)
                    await member.drain()
    except ConnectionError:
        pass
    finally:
        members.discard(writer)
        writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    server = await asyncio.start_server(serve, "127.0.0.1", options.port, backlog=1024)
    print("listening", flush=True)
    await server.serve_forever()


uvloop.run(main())
