"""A server on Python's `websockets`, as its documentation has it: `websockets-server echo|broadcast PORT`."""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve

work, port = sys.argv[1:]
clients = set()


async def echo(client):
    async for message in client:
        await client.send(message)


async def tell_others(client):
    clients.add(client)
    try:
        async for message in client:
            broadcast(clients - {client}, message)
    finally:
        clients.discard(client)


async def main():
    handler = echo if work == "echo" else tell_others
    async with serve(handler, "127.0.0.1", int(port), compression=None, max_size=None, ping_interval=None) as server:
        await server.serve_forever()


asyncio.run(main())
