"""The client of PyPI's `websockets`, for tests/interop/clients.py; client.js is its twin.

    client.py CA

Takes one JSON object a line: `do` is connect, send, ping or close. Prints one for all that happens: open, refused, text,
binary, pong, close. Ends with its stdin.
"""

import asyncio
import base64
import json
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def say(what, **more):
    print(json.dumps({"what": what, **more}), flush=True)


async def listen(socket):
    try:
        async for message in socket:
            if isinstance(message, str):
                say("text", data=message)
            else:
                say("binary", base64=base64.b64encode(message).decode())
    except ConnectionClosed:
        pass
    heard = socket.protocol.close_rcvd
    say("close", code=heard and heard.code, reason=heard and heard.reason)


async def opened(asked):
    tls = ssl.create_default_context(cafile=sys.argv[1]) if asked["url"].startswith("wss:") else None
    try:
        socket = await connect(
            asked["url"],
            ssl=tls,
            proxy=None,
            max_size=None,
            ping_interval=None,
            compression="deflate" if asked.get("compress") else None,
            subprotocols=asked.get("subprotocols"),
            origin=asked.get("origin"),
            additional_headers=asked.get("headers"),
        )
    except InvalidStatus as refused:
        say("refused", status=refused.response.status_code)
        return None
    say(
        "open",
        subprotocol=socket.subprotocol,
        extensions=socket.response.headers.get("Sec-WebSocket-Extensions", ""),
    )
    return socket


def payload(asked):
    data = asked["data"] if "data" in asked else base64.b64decode(asked["base64"])
    pieces = asked.get("pieces", 1)
    if pieces == 1:
        return data
    size = -(-len(data) // pieces)
    return [data[at : at + size] for at in range(0, len(data), size)]


async def pinged(socket, data):
    await (await socket.ping(data))
    say("pong", data=data)


async def main():
    socket = listening = None
    tasks = set()
    lines = asyncio.get_running_loop()
    while line := await lines.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        match asked["do"]:
            case "connect":
                socket = await opened(asked)
                listening = socket and asyncio.create_task(listen(socket))
            case "send":
                # Side by side with the reads: a large message comes back while it is sent.
                tasks.add(asyncio.create_task(socket.send(payload(asked))))
            case "ping":
                tasks.add(asyncio.create_task(pinged(socket, asked["data"])))
            case "close":
                await socket.close(asked["code"], asked["reason"])
                await listening


asyncio.run(main())
