"""The server of PyPI's `websockets`, for tests/interop/drive.py; server.js is its twin.

    server.py CERTIFICATE KEY

Prints one JSON object a line: first its ports, then how each connection ended. Ends with its stdin.
"""

import asyncio
import http
import json
import re
import ssl
import sys

from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

FLOOD = 20_000


def say(**what):
    print(json.dumps(what), flush=True)


async def converse(socket):
    path = socket.request.path.split("?")[0]
    if path == "/ping":
        await (await socket.ping(b"are you there"))
        await socket.send("the pong came")
    elif path == "/fragments":
        await socket.send(["in ", "three ", "parts"])
        await socket.send([b"\x00", b"\x01", b"\x02"])
    elif path == "/flood":
        for number in range(FLOOD):
            await socket.send(f"message {number}")
    elif path == "/cut":
        socket.transport.abort()
    elif path.startswith("/close/"):
        _, _, code, reason = path.split("/")
        await socket.close(int(code), reason)
    else:
        async for message in socket:
            await socket.send(message)


async def handle(socket):
    try:
        await converse(socket)
        await socket.close()
    except ConnectionClosed:
        pass
    heard = socket.protocol.close_rcvd
    say(path=socket.request.path, code=heard and heard.code, reason=heard and heard.reason)


def answer(status, body, **fields):
    fields = Headers({name: value for name, value in fields.items()} | {"Content-Length": str(len(body))})
    return Response(status, http.HTTPStatus(status).phrase, fields, body)


async def process_request(_, request):
    if re.match("/refuse", request.path):
        return answer(403, b"members only\n", Why="because")
    if re.match("/away", request.path):
        return answer(302, b"", Location="/echo")
    return None


async def main(certificate, key):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    options = {
        "process_request": process_request,
        "subprotocols": ["v1.chat"],
        "select_subprotocol": lambda _, offered: "v1.chat" if "v1.chat" in offered else None,
        "max_size": None,
        "ping_interval": None,
    }
    async with (
        serve(handle, "127.0.0.1", 0, **options) as plain,
        serve(handle, "127.0.0.1", 0, ssl=tls, **options) as secure,
    ):
        say(ws=plain.sockets[0].getsockname()[1], wss=secure.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main(*sys.argv[1:]))
