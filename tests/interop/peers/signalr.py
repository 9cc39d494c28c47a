"""The server of PyPI's `aiosignalr`. Prints its port as one JSON object, and ends with its stdin."""

import asyncio
import json
import sys

from aiosignalr.server import Hub, ServerOptions, SignalRServer


class Example(Hub):
    async def add(self, a: int, b: int) -> int:
        await self.clients.caller.send("Announce", "tea at four")
        return a + b

    async def count(self, to: int):
        for number in range(to):
            yield number

    async def leave(self):
        await self.context.close()


async def main():
    server = SignalRServer(Example, options=ServerOptions(keep_alive_interval=0.05))
    _, port = await server.serve("127.0.0.1", 0, path="/hub")
    print(json.dumps({"port": port}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


asyncio.run(main())
