"""Byte streams through real programs: sshd behind `wsprobe listen --tcp`, websockify as a server and as a client.

usage: drive.py WSPROBE CA CERTIFICATE KEY WEBSOCKIFY
"""

import asyncio
import contextlib
import getpass
import hashlib
import os
import pathlib
import re
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time

import websockets
from websockify.websocket import WebSocket, WebSocketWantReadError

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
from cases import case, equal, run_all
from program import PATIENCE, Failed

WSPROBE, CA, CERTIFICATE, KEY, WEBSOCKIFY = sys.argv[1:]
LARGE = os.urandom(24 << 20)


@contextlib.contextmanager
def running(*command, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def listening(*args):
    """`wsprobe listen` with these arguments; its URL."""
    with running(WSPROBE, "listen", "127.0.0.1:0", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        url = re.search(r"wss?://\S+", server.stderr.readline()).group()
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield url
        server.terminate()
        # No byte of a stream is printed.
        equal(server.stdout.read(), "")


@contextlib.contextmanager
def tcp_server(serve):
    """A TCP server that gives each connection to `serve`; its address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "127.0.0.1:%d" % server.server_address[1]
        server.shutdown()


def echo(connection):
    while data := connection.recv(1 << 16):
        connection.sendall(data)


def digest(connection):
    """Reads to the end, and answers only then."""
    hash = hashlib.sha256()
    while data := connection.recv(1 << 16):
        hash.update(data)
    connection.sendall(hash.hexdigest().encode())


def stream(url, *args, data=b""):
    command = [WSPROBE, "--stream", "-q", "--timeout", "100s", *args, url]
    ran = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=False)
    if ran.returncode:
        raise Failed(f"exit status {ran.returncode}: {ran.stderr.decode()}")
    return ran.stdout


@contextlib.contextmanager
def sshd(dir):
    for name in "host", "user":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", dir / name], check=True)
    (dir / "authorized").write_text((dir / "user.pub").read_text())
    if os.getuid() == 0:
        # Where it is to have no rights.
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["ListenAddress=127.0.0.1", f"Port={port}", f"HostKey={dir / 'host'}", "PidFile=none", "UsePAM=no",
               f"AuthorizedKeysFile={dir / 'authorized'}", "StrictModes=no", "PermitRootLogin=yes"]
    options = [word for option in options for word in ("-o", option)]
    with running("/usr/sbin/sshd", "-D", "-f", os.devnull, "-E", dir / "log", *options) as process:
        deadline = time.monotonic() + PATIENCE
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"sshd does not listen: {(dir / 'log').read_text()}")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"


def ssh(dir, url, *args, data=b"", options=""):
    proxy = f"{WSPROBE} -q --stream {options} {url}"
    command = ["ssh", "-F", "none", "-i", dir / "user", "-o", f"ProxyCommand={proxy}", "-o", "BatchMode=yes",
               "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={dir / 'known'}", "-o", "LogLevel=ERROR",
               f"{getpass.getuser()}@anywhere", *args]
    return subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE, check=False)


@case
def ssh_through_a_proxy_command(dir):
    with sshd(dir) as address:
        for tls, trust in [((), ""), (("--tls-cert", CERTIFICATE, "--tls-key", KEY), f"--cacert {CA}")]:
            with listening("--tcp", address, *tls) as url:
                ran = ssh(dir, url, "cat; echo words >&2; exit 7", data=b"hello", options=trust)
                equal((ran.returncode, ran.stdout, ran.stderr), (7, b"hello", b"words\n"))
                ran = ssh(dir, url, "cat", data=LARGE, options=f"--compress off {trust}")
                equal((ran.returncode, ran.stdout, ran.stderr), (0, LARGE, b""))


@case
def websockify_as_the_server(dir):
    for serve, expected in [(echo, LARGE), (lambda connection: connection.sendall(b"first\0\xff"), b"first\0\xff")]:
        path = dir / f"socket{len(expected)}"
        with tcp_server(serve) as address, running(WEBSOCKIFY, f"--unix-listen={path}", address, stdout=-3, stderr=-3):
            deadline = time.monotonic() + PATIENCE
            while not path.exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            sent = LARGE if serve is echo else b""
            # It ends the connection at a Close, so the answers come before that.
            equal(stream(f"ws+unix:{path}:/", "-s", "binary", "--wait-idle", "5s", data=sent), expected)


@case
def websockifys_client():
    with tcp_server(echo) as address, listening("--tcp", address) as url:
        client = WebSocket()
        client.connect(url, protocols=["chat", "binary"])
        equal(client.protocol, "binary")
        for data in [b"small", b"\0\xff\r\n", LARGE[: 1 << 20]]:
            client.sendmsg(data)
            got = b""
            while len(got) < len(data):
                try:
                    got += client.recvmsg()
                except WebSocketWantReadError:
                    select.select([client.socket], [], [], PATIENCE)
            equal(got, data)
        client.shutdown(socket.SHUT_RDWR, 1000)
        client.close()


@case
def websockets_with_the_subprotocol_binary():
    async def talk(url):
        async with websockets.connect(url, subprotocols=["base64", "binary"], max_size=None) as client:
            equal(client.subprotocol, "binary")
            sending = asyncio.create_task(client.send([LARGE[at : at + 65536] for at in range(0, len(LARGE), 65536)]))
            got = bytearray()
            while len(got) < len(LARGE):
                got += await client.recv()
            await sending
            equal(bytes(got), LARGE)
        equal(client.close_code, 1000)

    with tcp_server(echo) as address, listening("--tcp", address) as url:
        asyncio.run(talk(url))


@case
def an_answer_after_the_end_of_the_request():
    expected = hashlib.sha256(LARGE).hexdigest().encode()
    with tcp_server(digest) as address, listening("--tcp", address) as url:
        equal(stream(url, "-w", "0", data=LARGE), expected)
    with listening("--exec", "sha256sum", "--stream") as url:
        equal(stream(url, "-w", "0", data=LARGE), expected + b"  -\n")


@case
def a_refused_connection_is_a_1011():
    async def talk(url):
        async with websockets.connect(url) as client:
            await client.wait_closed()
            equal((client.close_code, client.close_reason), (1011, "cannot connect to unix:/nowhere"))

    with listening("--tcp", "unix:/nowhere") as url:
        asyncio.run(talk(url))


run_all("streams")
