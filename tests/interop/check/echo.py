"""Echo servers of PyPI, as their manuals have them: `echo.py websockets|hypercorn|aiohttp|tornado`.

Prints one JSON object, with the port, and ends with its stdin.
"""

import asyncio
import json
import socket
import sys

# What `wsprobe check --limits` sends at most.
LARGEST = 16 << 20


def say(port):
    print(json.dumps({"ws": port}), flush=True)


async def until_stdin_ends():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def run_websockets():
    from websockets.asyncio.server import serve

    async def echo(connection):
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=LARGEST) as server:
        say(server.sockets[0].getsockname()[1])
        await until_stdin_ends()


async def run_hypercorn():
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    async def app(scope, receive, send):
        if scope["type"] != "websocket":
            # Its lifespan, or plain HTTP.
            raise NotImplementedError
        while (event := await receive())["type"] != "websocket.disconnect":
            if event["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            else:
                await send({"type": "websocket.send", "text": event.get("text"), "bytes": event.get("bytes")})

    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.errorlog = None
    say(listener.getsockname()[1])
    await serve(app, config, shutdown_trigger=until_stdin_ends)


async def run_aiohttp():
    from aiohttp import WSMsgType, web

    async def echo(request):
        connection = web.WebSocketResponse(max_msg_size=LARGEST)
        await connection.prepare(request)
        async for message in connection:
            if message.type == WSMsgType.TEXT:
                await connection.send_str(message.data)
            elif message.type == WSMsgType.BINARY:
                await connection.send_bytes(message.data)
        return connection

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    say(runner.addresses[0][1])
    await until_stdin_ends()
    await runner.cleanup()


async def run_tornado():
    from tornado.httpserver import HTTPServer
    from tornado.testing import bind_unused_port
    from tornado.web import Application
    from tornado.websocket import WebSocketHandler

    class Echo(WebSocketHandler):
        def get_compression_options(self):
            return {}

        def on_message(self, message):
            self.write_message(message, binary=isinstance(message, bytes))

    listener, port = bind_unused_port()
    HTTPServer(Application([("/", Echo)], websocket_max_message_size=LARGEST)).add_socket(listener)
    say(port)
    await until_stdin_ends()


asyncio.run(globals()[f"run_{sys.argv[1]}"]())
