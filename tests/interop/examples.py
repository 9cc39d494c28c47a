"""The examples against real servers and clients of their protocols, both roles; drive.py runs them."""

import os
import subprocess
from pathlib import Path

from program import PATIENCE, Failed, Program

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# Those that a server has to choose.
SUBPROTOCOLS = {"graphql-transport-ws": "graphql-transport-ws", "mqtt": "mqtt", "stomp": "v12.stomp"}


class RealServer(Program):
    """A server that gets ready beside others, and says its port once it is."""

    def __init__(self, example, name, command):
        super().__init__(name, command)
        self.example = example

    def case(self):
        return f"passes with the server {self.name}", self.converse

    def converse(self, tools):
        plays(tools.wsprobe, self.example, f"ws://127.0.0.1:{self.hear()['port']}")


class RealClient:
    """A client program: it gets a URL, and exits 0 if all was as it should be."""

    def __init__(self, example, name, command):
        self.example, self.name, self.command = example, name, command

    def case(self):
        return f"serves the client {self.name}", self.converse

    def converse(self, tools):
        args = ["--script", str(EXAMPLES / "servers" / f"{self.example}.wsp")]
        if subprotocol := SUBPROTOCOLS.get(self.example):
            args += ["--subprotocol", subprotocol]
        with tools.listen(*args) as server:
            ran = run([*self.command, server.url])
            status = server.stop()
            if ran.returncode or status:
                said = "\n".join(server.lines)
                raise Failed(f"exit statuses {ran.returncode} and {status}\n{ran.stdout}{ran.stderr}\n{said}")


def plays(wsprobe, example, url):
    ran = run([wsprobe, "run", "--var", f"url={url}", str(EXAMPLES / f"{example}.wsp")])
    if ran.returncode or "1 passed" not in ran.stderr:
        raise Failed(f"exit status {ran.returncode}\n{ran.stdout}{ran.stderr}")


def run(command):
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=os.environ, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {PATIENCE} s: {' '.join(command)}") from None
