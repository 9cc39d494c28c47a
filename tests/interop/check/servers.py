"""The echo servers that `wsprobe check` is tried on: each is a program that prints its port and ends with its stdin."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent

NAMES = ["ws", "websockets", "hypercorn", "aiohttp", "tornado"]

# Long enough for a loaded machine.
PATIENCE = 60

# Programs in front of a server, and their configurations.
FRONTS = {
    "nginx": (["nginx", "-p", "{at}", "-c"], """daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {at}/a; proxy_temp_path {at}/b; fastcgi_temp_path {at}/c;
    uwsgi_temp_path {at}/d; scgi_temp_path {at}/e;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{server};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""),
    "haproxy": (["haproxy", "-db", "-f"], """defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
frontend front
    bind 127.0.0.1:{port}
    default_backend server
backend server
    server one 127.0.0.1:{server}
"""),
}


def command(name):
    if name == "ws":
        return ["node", HERE / "echo.js"]
    return [sys.executable, HERE / "echo.py", name]


@contextlib.contextmanager
def running(name):
    """A server under way: its port."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command(name), text=True, **pipes) as process:
        try:
            yield json.loads(process.stdout.readline())["ws"]
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextlib.contextmanager
def behind(front, server):
    """One of FRONTS in front of a server: its port."""
    with tempfile.TemporaryDirectory() as at:
        port = free_port()
        words, text = FRONTS[front]
        config = pathlib.Path(at, "config")
        config.write_text(text.format(at=at, port=port, server=server))
        command = [word.format(at=at) for word in words] + [config]
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + PATIENCE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if time.monotonic() > until or process.poll() is not None:
                        raise
                    time.sleep(0.01)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
