"""Cases of `wsprobe listen`, with clients that are no part of it; drive.py runs them."""

import base64
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

from program import PATIENCE, Failed, Program

MIB = 1 << 20
CASES = []


def case(check):
    CASES.append((check.__name__.replace("_", " "), check))
    return check


class Listening:
    """`wsprobe listen` on a free port."""

    def __init__(self, wsprobe, *args):
        self.process = subprocess.Popen(
            [wsprobe, "listen", "127.0.0.1:0", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        )
        self.lines = []
        self.more = threading.Condition()
        for stream in self.process.stdout, self.process.stderr:
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        self.url = re.search(r'wss?://[^\s"]+', self.says("listening")).group()

    def _read(self, stream):
        for line in stream:
            with self.more:
                self.lines.append(line.rstrip("\n"))
                self.more.notify_all()

    def says(self, part):
        """Waits for a line on stdout or stderr that holds this."""
        found = lambda: next((line for line in self.lines if part in line), None)
        with self.more:
            if not self.more.wait_for(found, PATIENCE):
                raise Failed(f"the server does not say `{part}`, but {self.lines}")
            return found()

    def write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as a service manager does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)


class Client(Program):
    """A client program."""

    def connect(self, url, **options):
        self.tell(do="connect", url=url, **options)
        return self.expect("open")

    def expect(self, what, **fields):
        said = self.hear()
        if said["what"] != what or any(said.get(name) != value for name, value in fields.items()):
            raise Failed(f"{self.name} says {str(said)[:200]}, expected {what} {str(fields)[:200]}")
        return said

    def refused(self, status, url, **options):
        self.tell(do="connect", url=url, **options)
        self.expect("refused", status=status)


class Tools:
    """What the cases are given."""

    def __init__(self, wsprobe, ca, certificate, key, commands):
        self.wsprobe, self.certificate, self.key = wsprobe, certificate, key
        self.commands = {name: [*command, ca] for name, command in commands.items()}

    def listen(self, *args):
        return Listening(self.wsprobe, *args)

    def client(self, name):
        return Client(name, self.commands[name])


@case
def text_and_binary_come_back(tools, client):
    with tools.listen("--echo") as server:
        client.connect(server.url)
        for text in ["hello", "", "üñí 🦀", "x" * 65_536]:
            client.tell(do="send", data=text)
            client.expect("text", data=text)
        for data in [b"", bytes(range(256))]:
            sent = base64.b64encode(data).decode()
            client.tell(do="send", base64=sent)
            client.expect("binary", base64=sent)


@case
def sixteen_mib_come_back(tools, client):
    with tools.listen("--echo") as server:
        client.connect(server.url)
        sent = base64.b64encode(os.urandom(16 * MIB)).decode()
        client.tell(do="send", base64=sent)
        client.expect("binary", base64=sent)
        text = "0123456789abcdü" * MIB
        client.tell(do="send", data=text)
        client.expect("text", data=text)


@case
def fragments_are_put_together(tools, client):
    with tools.listen("--echo") as server:
        client.connect(server.url)
        client.tell(do="send", data="in three parts", pieces=3)
        client.expect("text", data="in three parts")


@case
def messages_are_compressed_both_ways_where_that_is_agreed_on(tools, client):
    text = "a message that compresses well, " * 10_000
    for options, is_agreed in [([], True), (["--compress", "off"], False), (["--compress", "required"], True)]:
        with tools.listen("--echo", *options) as server:
            opened = client.connect(server.url, compress=True)
            if ("permessage-deflate" in opened["extensions"]) != is_agreed:
                raise Failed(f"{options} answers `{opened['extensions']}`")
            for pieces in 1, 3:
                client.tell(do="send", data=text, pieces=pieces)
                client.expect("text", data=text)
            client.tell(do="close", code=1000, reason="")
            client.expect("close", code=1000)
    with tools.listen("--echo", "--compress", "required") as server:
        client.refused(400, server.url)


MOCK = """
set room = lobby
when json $.op == "join" {
  capture name = json $.room
  set room = {{name}}
  send {"op":"joined","room":"{{room}}"}
}
when binary hex 01 .. {
  pause 10ms
  send binary hex 02
}
loop {
  ping
  pause 20ms
}
expect close 1000
"""


@case
def a_mock_server_is_a_script(tools, client):
    with tempfile.NamedTemporaryFile("w", suffix=".wsp") as script:
        script.write(MOCK)
        script.flush()
        with tools.listen("--script", script.name) as server:
            for room in "red", "blue":
                client.connect(server.url)
                client.tell(do="send", data=json.dumps({"op": "join", "room": room}))
                client.expect("text", data='{"op":"joined","room":"%s"}' % room)
                for _ in range(2):
                    client.tell(do="send", base64=base64.b64encode(b"\1more").decode())
                    client.expect("binary", base64=base64.b64encode(b"\2").decode())
                client.tell(do="close", code=1000, reason="")
                client.expect("close", code=1000)
            server.says("#1: %s passed" % script.name)
            server.says("#2: %s passed" % script.name)
            if server.stop() != 0:
                raise Failed("the server says that a script failed")


@case
def a_subprotocol_is_chosen_in_the_servers_order(tools, client):
    with tools.listen("--echo", "-s", "v2.chat", "-s", "v1.chat") as server:
        opened = client.connect(server.url, subprotocols=["v1.chat", "v2.chat"])
        if opened["subprotocol"] != "v2.chat":
            raise Failed(f"{opened['subprotocol']} was chosen")


@case
def who_may_not_come_in_is_told_why(tools, client):
    with tools.listen("--refuse", "503:not today") as server:
        client.refused(503, server.url)
    credentials = {"Authorization": "Basic " + base64.b64encode(b"me:secret").decode()}
    with tools.listen("--echo", "--auth", "me:secret", "--origin", "*.example.org", "--path", "/ws") as server:
        client.refused(404, server.url.replace("/ws", "/elsewhere"))
        client.refused(401, server.url, origin="https://a.example.org")
        client.refused(403, server.url, headers=credentials, origin="https://example.net")
        client.refused(403, server.url, headers=credentials)
        client.connect(server.url, headers=credentials, origin="https://a.example.org")


@case
def pings_are_answered_both_ways(tools, client):
    with tools.listen("--json", "--ping-interval", "100ms") as server:
        client.connect(server.url)
        client.tell(do="ping", data="are you there")
        client.expect("pong", data="are you there")
        record = json.loads(server.says('"dir":"in","type":"pong"'))
        if "rtt_ms" not in record:
            raise Failed(f"no answer to our ping: {record}")


@case
def closes_are_heard_both_ways(tools, client):
    for code, reason in [(1000, ""), (1001, "going home"), (4000, "so it is ü"), (4999, "x" * 123)]:
        with tools.listen("--json") as server:
            client.connect(server.url)
            client.tell(do="close", code=code, reason=reason)
            client.expect("close", code=code, reason=reason)
            record = json.loads(server.says('"type":"close"'))
            if (record["dir"], record["code"], record["reason"]) != ("in", code, reason):
                raise Failed(f"the server heard {record}")
    with tools.listen("--exec", "echo last words; exit 3") as server:
        client.connect(server.url)
        client.expect("text", data="last words")
        client.expect("close", code=1011, reason="the command ended with exit status: 3")
    with tools.listen("--max-message", "1K") as server:
        client.connect(server.url)
        client.tell(do="send", data="x" * 1025)
        client.expect("close", code=1009)


@case
def a_line_of_stdin_goes_to_all_and_what_arrives_has_a_name(tools, client):
    with tools.listen("-q", "--json") as server:
        client.connect(server.url)
        server.write("hello")
        client.expect("text", data="hello")
        client.tell(do="send", data="and you")
        record = json.loads(server.says('"and you"'))
        if record["client"] != "#1":
            raise Failed(f"no name: {record}")


@case
def all_hear_what_one_says_and_it_does_not(tools, client):
    with tools.listen("--broadcast") as server:
        client.connect(server.url, compress=True)
        others = [tools.client(name) for name in tools.commands]
        for other in others:
            other.connect(server.url)
        client.tell(do="send", data="from one to all")
        for other in others:
            other.expect("text", data="from one to all")
        others[-1].tell(do="send", data="and back")
        for other in [client, *others[:-1]]:
            other.expect("text", data="and back")
        for other in others:
            other.stop()


@case
def a_command_answers_line_by_line_and_reads_the_last_one(tools, client):
    with tools.listen("--exec", "while read -r line; do echo \"$PATH_INFO $line\"; done; echo end >&2") as server:
        client.connect(server.url + "here")
        for text in "one", "two":
            client.tell(do="send", data=text)
            client.expect("text", data=f"/here {text}")
        client.tell(do="close", code=1000, reason="")
        client.expect("close", code=1000)
        server.says("end")


@case
def a_server_that_is_stopped_says_so(tools, client):
    with tools.listen("--echo") as server:
        client.connect(server.url)
        status = server.stop()
        client.expect("close", code=1001)
        if status != 0:
            raise Failed(f"exit status {status}")


@case
def wss_with_a_private_authority(tools, client):
    with tools.listen("--echo", "--tls-cert", tools.certificate, "--tls-key", tools.key) as server:
        client.connect(server.url)
        client.tell(do="send", data="x" * MIB)
        client.expect("text", data="x" * MIB)


@case
def twenty_thousand_messages_stay_in_order(tools, client):
    with tools.listen("--exec", "seq 20000") as server:
        client.connect(server.url, compress=True)
        for number in range(1, 20_001):
            client.expect("text", data=str(number))
        client.expect("close", code=1000)
