"""Writes autobahn.json: what Autobahn says of the cases that `wsprobe check` has too, for four servers.

    autobahn.py SUITE

SUITE is a directory that tests/autobahn/setup.sh has made, beside its fuzzingclient.sh; it needs a CPython 2.7, which is why
the result is kept. drive.py holds it against fresh verdicts of wsprobe.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import servers

HERE = pathlib.Path(__file__).parent

# Case by case: ours, and Autobahn's.
SAME = {
    "frame/empty-text": "1.1.1",
    "frame/empty-binary": "1.2.1",
    "frame/length-125": "1.2.2",
    "frame/length-126": "1.2.3",
    "frame/length-65535": "1.2.6",
    "frame/length-65536": "1.2.7",
    "frame/rsv1": "3.4",
    "frame/rsv2": "3.2",
    "frame/rsv3": "3.1",
    "frame/opcode-3": "4.1.1",
    "frame/opcode-7": "4.1.5",
    "frame/opcode-11": "4.2.1",
    "frame/opcode-15": "4.2.5",
    "control/ping-empty": "2.1",
    "control/ping": "2.2",
    "control/ping-bytes": "2.3",
    "control/ping-125": "2.4",
    "control/ping-126": "2.5",
    "control/pong-unasked": "2.8",
    "control/pings": "2.10",
    "control/ping-fragment": "5.1",
    "control/pong-fragment": "5.2",
    "fragment/text": "5.3",
    "fragment/ping-between": "5.6",
    "fragment/nothing-to-continue": "5.9",
    "fragment/nothing-open": "5.15",
    "fragment/text-within": "5.18",
    "fragment/empty": "6.1.2",
    "utf8/text": "6.2.1",
    "utf8/split": "6.2.4",
    "utf8/later": "6.3.2",
    "utf8/early": "6.4.1",
    "utf8/cut": "6.6.3",
    "utf8/lone": "6.12.1",
    "utf8/overlong": "6.18.1",
    "utf8/surrogate": "6.20.1",
    "utf8/reason": "7.5.1",
    "close/empty": "7.3.1",
    "close/half-code": "7.3.2",
    "close/answered": "7.3.3",
    "close/reason": "7.3.4",
    "close/longest": "7.3.5",
    "close/too-long": "7.3.6",
    "close/code-1001": "7.7.2",
    "close/code-3000": "7.7.10",
    "close/code-4999": "7.7.13",
    "close/code-999": "7.9.2",
    "close/code-1005": "7.9.4",
    "close/code-1006": "7.9.5",
    "close/code-2999": "7.9.9",
}


def said(suite, name):
    with tempfile.TemporaryDirectory() as reports, servers.running(name) as port:
        command = [suite / "fuzzingclient.sh", f"ws://127.0.0.1:{port}", reports, name, json.dumps(list(SAME.values()))]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=900)
        cases = json.loads(pathlib.Path(reports, "index.json").read_text())[name]
    told = lambda known: {"id": known, **{key: cases[known][key] for key in ("behavior", "behaviorClose")}}
    return {case: told(known) for case, known in SAME.items()}


suite = pathlib.Path(sys.argv[1]).resolve()
table = {name: said(suite, name) for name in ("ws", "websockets", "aiohttp", "tornado")}
(HERE / "autobahn.json").write_text(json.dumps(table, indent=1) + "\n")
