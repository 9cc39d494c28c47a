"""Brokers that Debian has: RabbitMQ with its plugin for STOMP over WebSocket, and Mosquitto.

    broker.py rabbitmq|mosquitto

All that one writes is in a folder of its own, and it listens on free ports of the loopback interface only. Prints its
port as one JSON object once it is ready, and ends with its stdin.
"""

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def write(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def ready(command, sign, **options):
    """Waits until it says so; what it has said is shown if it never does."""
    said = []
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options) as process:
        for line in process.stdout:
            said.append(line)
            if re.search(sign, line):
                break
        else:
            sys.exit("".join(said))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield


@contextlib.contextmanager
def rabbitmq(home):
    port, epmd, distribution = free_port(), free_port(), free_port()
    config = write(
        home / "rabbitmq.conf",
        "listeners.tcp = none",
        "stomp.listeners.tcp = none",
        "web_stomp.tcp.ip = 127.0.0.1",
        f"web_stomp.tcp.port = {port}",
        "log.console = true",
    )
    plugins = write(home / "enabled_plugins", "[rabbitmq_web_stomp].")
    environment = {
        "PATH": os.environ["PATH"],
        # The cookie of Erlang is written there.
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # One that runs already could be another user's.
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd),
        "RABBITMQ_ALLOW_INPUT": "true",
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": config,
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_ENABLED_PLUGINS_FILE": plugins,
        "RABBITMQ_FEATURE_FLAGS_FILE": str(home / "feature_flags"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_NODENAME": f"interop-{os.getpid()}@localhost",
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
    }
    with running(["epmd", "-port", str(epmd)], env=environment):
        with ready([RABBITMQ], "Server startup complete|completed with", env=environment):
            yield port


@contextlib.contextmanager
def mosquitto(home):
    port = free_port()
    config = write(
        home / "mosquitto.conf",
        # Version 2.0 starts no listener for WebSocket unless it has another one.
        f"listener 0 {home}/socket",
        f"listener {port} 127.0.0.1",
        "protocol websockets",
        "allow_anonymous true",
        # It would become another user, who may not read this.
        *(["user root"] if os.geteuid() == 0 else []),
    )
    with ready(["/usr/sbin/mosquitto", "-c", config], "mosquitto version .* running"):
        yield port


def main():
    # libwebsockets makes tables for as many files as could be open, which may be a thousand million in a container.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    with tempfile.TemporaryDirectory(prefix="wsprobe-interop-") as home:
        with {"rabbitmq": rabbitmq, "mosquitto": mosquitto}[sys.argv[1]](Path(home)) as port:
            print(json.dumps({"port": port}), flush=True)
            sys.stdin.read()


main()
