"""Drives the real wsprobe against servers and clients that are no part of it; `run` prepares what it needs.

    drive.py WSPROBE CA CERTIFICATE KEY -- ROLE NAME COMMAND... [-- ROLE NAME COMMAND...]...

Each NAME is a program, started by its COMMAND. A ROLE is `server` or `client`; or `EXAMPLE-server` or `EXAMPLE-client`,
which have the conversation of that example. Prints a line for each case and ends with `N passed, N failed`.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time

import clients
import examples
import loads
from program import PATIENCE, Failed, Program

MIB = 1 << 20
CASES = []


def case(check):
    CASES.append((check.__name__.replace("_", " "), check))
    return check


class Ran:
    """What a run of wsprobe left behind."""

    def __init__(self, args, code, stdout, stderr):
        self.args, self.code, self.stdout, self.stderr = args, code, stdout, stderr.decode(errors="replace")

    def ended(self, code, stdout=None, says=()):
        if self.code != code:
            self.fail(f"exit status {self.code}, expected {code}")
        if stdout is not None and self.stdout != stdout:
            self.fail(f"stdout is {shown(self.stdout)}, expected {shown(stdout)}")
        for part in [says] if isinstance(says, str) else says:
            if part not in self.stderr:
                self.fail(f"stderr lacks `{part}`")
        return self

    def records(self):
        return [json.loads(line) for line in self.stdout.splitlines()]

    def fail(self, why):
        raise Failed(f"{why}\n  args:   {' '.join(self.args)}\n  stderr: {self.stderr.strip()}")


class Server(Program):
    """A server under way, with what it says of its connections."""

    def __init__(self, name, command, wsprobe, ca, certificate, key):
        super().__init__(name, [*command, certificate, key])
        self.wsprobe, self.ca = wsprobe, ca
        self.another = lambda: Server(name, command, wsprobe, ca, certificate, key)
        self.ports = self.hear()
        self.numbers = itertools.count()

    def run(self, resource, *args, stdin=None, scheme="ws", env=None):
        """Runs wsprobe; each connection has a path of its own, by which `ending` finds it."""
        self.path = f"{resource}?{next(self.numbers)}"
        args = [self.wsprobe, *args, f"{scheme}://127.0.0.1:{self.ports[scheme]}{self.path}"]
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        environment = {"PATH": os.environ["PATH"]} | (env or {})
        try:
            ran = subprocess.run(args, **source, capture_output=True, timeout=PATIENCE, env=environment, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"no end after {PATIENCE} s: {' '.join(args)}") from None
        return Ran(args, ran.returncode, ran.stdout, ran.stderr)

    def ending(self):
        """The Close that the server heard on the last connection."""
        while (said := self.hear())["path"] != self.path:
            pass
        return said["code"], said["reason"]


def shown(data):
    return repr(data) if len(data) <= 200 else f"{data[:80]!r}… ({len(data)} bytes)"


@case
def text_comes_back_line_by_line(server):
    text = "a\nüñí 🦀\n\nthe last one without a newline".encode()
    server.run("/echo", "--count", "4", stdin=text).ended(0, text + b"\n", "closed 1000 (normal closure)")
    if server.ending() != (1000, ""):
        raise Failed("the server did not hear our Close 1000")


@case
def binary_comes_back_byte_by_byte(server):
    data = bytes(range(256)) * 5
    server.run("/echo", "--binary", "--whole", "--one", stdin=data).ended(0, data)
    records = server.run("/echo", "--chunk", "1K", "--count", "2", "-j", stdin=data).ended(0).records()
    if [record["dir"] for record in records if record["type"] == "binary"].count("in") != 2:
        raise Failed(f"two binary messages were expected: {records}")


@case
def our_ping_is_answered(server):
    asked = b'{"type":"ping","data":"hello"}\n{"data":"and a message"}\n'
    records = server.run("/echo", "--json-input", "-j", "-P", "--one", stdin=asked).ended(0).records()
    heard = [(record["type"], record.get("data")) for record in records if record["dir"] == "in"]
    if ("pong", "hello") not in heard or ("text", "and a message") not in heard:
        raise Failed(f"no pong: {heard}")


@case
def their_ping_is_answered(server):
    server.run("/ping", "-P").ended(0, b"the pong came\n", "received ping are you there")


@case
def their_close_is_told_and_decides_the_exit_status(server):
    for code, reason, status in [
        (1000, "", 0),
        (1001, "going home", 0),
        (1008, "not with me", 6),
        (1011, "", 6),
        (3000, "", 6),
        (4000, "so it is", 6),
        (4999, "x" * 123, 6),
    ]:
        ran = server.run(f"/close/{code}/{reason.replace(' ', '.')}").ended(status, b"", f"closed {code} by the server (")
        ran.ended(status, b"", f"): {reason.replace(' ', '.')}\n" if reason else ")\n")
        if server.ending()[0] != code:
            raise Failed(f"the server did not hear its Close {code} again")


@case
def our_close_is_heard(server):
    server.run("/echo", "-x", "hi", "-1").ended(0, b"hi\n")
    if server.ending() != (1000, ""):
        raise Failed("a Close 1000 was expected")
    for code, reason in [(1001, ""), (1008, "no way"), (4000, "bye ü"), (4999, "é" * 61)]:
        options = ["--close-code", str(code), "--close-reason", reason]
        server.run("/echo", "-x", "hi", "-1", *options).ended(0, b"hi\n", f"closed {code} (")
        if (heard := server.ending()) != (code, reason):
            raise Failed(f"the server heard {heard}, expected {(code, reason)}")


@case
def a_cut_connection_exits_5(server):
    server.run("/cut").ended(5, b"", "the connection was cut without a Close")


@case
def sixteen_mib_pass_both_ways(server):
    text = ("0123456789abcdü" * MIB).encode()
    server.run("/echo", "--one", stdin=text).ended(0, text + b"\n")
    data = os.urandom(16 * MIB)
    server.run("/echo", "--binary", "--whole", "--one", stdin=data).ended(0, data)
    server.run("/echo", "--chunk", "16MiB", "--one", "--cacert", server.ca, scheme="wss", stdin=data).ended(0, data)


@case
def a_message_over_the_limit_is_refused(server):
    server.run("/echo", "--one", "--max-message", "1K", stdin=b"x" * 1025).ended(5, b"", "closed with 1009")
    if server.ending()[0] != 1009:
        raise Failed("the server did not hear the 1009")


@case
def fragments_are_put_together(server):
    server.run("/fragments", "--output", "hex").ended(0, b"696e207468726565207061727473\n000102\n")


@case
def a_subprotocol_is_agreed_on(server):
    server.run("/echo", "-s", "v9.chat", "-s", "v1.chat", "-x", "hi", "-1").ended(0, b"hi\n", "(v1.chat)\n")
    server.run("/echo", "-s", "v9.chat", "-x", "hi", "-1").ended(0, b"hi\n")


@case
def a_refusal_shows_status_head_and_body(server):
    ran = server.run("/refuse", "-v").ended(4, b"", ["the server answered 403 Forbidden", "\n  members only\n"])
    ran.ended(4, b"", "< Why: because\n")


@case
def a_redirect_is_followed(server):
    server.run("/away").ended(4, b"", "points to `/echo` (-L follows it)")
    server.run("/away", "-L", "-x", "hi", "-1").ended(0, b"hi\n", "redirected to ws://127.0.0.1:")


@case
def wss_with_a_private_authority(server):
    text = b"a\nb\n" + b"x" * MIB + b"\n"
    server.run("/echo", "--cacert", server.ca, "--count", "3", scheme="wss", stdin=text).ended(0, text)
    if server.ending() != (1000, ""):
        raise Failed("a Close 1000 was expected")
    ran = server.run("/close/4000/bye", "--cacert", server.ca, scheme="wss")
    ran.ended(6, b"", "closed 4000 by the server (private use): bye")
    server.run("/echo", "-k", "-x", "hi", "-1", scheme="wss").ended(0, b"hi\n", "certificate is not checked")
    server.run("/echo", "-x", "hi", scheme="wss", env={"SSL_CERT_FILE": os.devnull}).ended(3, b"")


@case
def the_example_of_plain_messages_passes(server):
    examples.plays(server.wsprobe, "echo", f"ws://127.0.0.1:{server.ports['ws']}/echo")


@case
def many_small_messages_stay_in_order(server):
    lines = "".join(f"line {number}\n" for number in range(20_000)).encode()
    server.run("/echo", "--count", "20000", stdin=lines).ended(0, lines)
    flood = "".join(f"message {number}\n" for number in range(20_000)).encode()
    server.run("/flood").ended(0, flood, "closed 1000 by the server (normal closure)")


def check(name, cases, program, *given):
    """Runs all cases with one program; returns how many passed and how many failed."""
    passed = failed = 0
    for title, run in cases:
        started = time.monotonic()
        try:
            with program() as subject:
                run(*given, subject)
        except Failed as failure:
            failed += 1
            print(f"FAILED {name}: {title}\n  {failure}", flush=True)
        else:
            passed += 1
            print(f"ok     {name}: {title} ({time.monotonic() - started:.1f} s)", flush=True)
    return passed, failed


def check_examples(tools, programs):
    """Plays each example with the real thing, either role; yields how many passed and how many failed."""
    with contextlib.ExitStack() as ending:
        peers = []
        for role, name, *command in programs:
            example, _, side = role.rpartition("-")
            if example and side == "server":
                # All of them are started first: a broker takes its time.
                peers.append(ending.enter_context(examples.RealServer(example, name, command)))
            elif example:
                peers.append(examples.RealClient(example, name, command))
        for peer in peers:
            yield check(f"example {peer.example}", [peer.case()], lambda: contextlib.nullcontext(tools))


def main():
    args, *programs = [
        list(group) for is_end, group in itertools.groupby(sys.argv[1:], lambda arg: arg == "--") if not is_end
    ]
    commands = {role: {name: rest for is_role, name, *rest in programs if is_role == role} for role in ("server", "client")}
    totals = []
    for name, command in commands["server"].items():
        with Server(name, command, *args) as server:
            totals.append(check(f"server {name}", CASES + loads.CASES, lambda: contextlib.nullcontext(server)))
    tools = clients.Tools(*args, commands["client"])
    for name in commands["client"]:
        totals.append(check(f"client {name}", clients.CASES, lambda: tools.client(name), tools))
    totals += check_examples(tools, programs)
    passed, failed = (sum(column) for column in zip(*totals))
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


main()
