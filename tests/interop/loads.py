"""`wsprobe load` against the servers of `drive.py`."""

import json
import subprocess

from program import PATIENCE, Failed

MANY = ["-c", "50", "--connect-rate", "1000"]


def summary(ran):
    (last,) = [record for record in ran.records() if record["type"] == "summary"]
    return last


def is_so(all_figures, **expected):
    for name, value in expected.items():
        if all_figures[name] != value:
            raise Failed(f"{name} is {all_figures[name]}, expected {value}: {all_figures}")


def loaded_at_a_rate_it_echoes_all(server):
    args = ["load", *MANY, "--rate", "20", "--duration", "2s", "--size", "300", "-j"]
    for scheme in ("ws", "wss"):
        trust = ["--cacert", server.ca] if scheme == "wss" else []
        figures = summary(server.run("/echo", *args, *trust, scheme=scheme).ended(0))
        is_so(figures, opened=50, lasted=50, refused={}, broken={}, unanswered=0, unsent=0, model="open")
        # Two seconds, and the tenths of one until the last is open.
        if not 1900 <= figures["sent"] == figures["received"] == figures["replies"] <= 2200:
            raise Failed(f"2000 messages were due, and a few: {figures}")


def loaded_in_a_closed_loop_it_echoes_all(server):
    args = ["load", *MANY, "--closed", "--duration", "1s", "-x", "{{client}} {{seq}}", "-j"]
    figures = summary(server.run("/echo", *args).ended(0))
    is_so(figures, opened=50, lasted=50, broken={}, unanswered=0, model="closed", replies=figures["sent"])
    if figures["sent"] < 1000:
        raise Failed(f"that is too few: {figures}")


def loaded_with_a_script_it_answers_each_step(server):
    figures = summary(server.run("/echo", "load", *MANY, "--closed", "--duration", "1s", "--script", SCRIPT, "-j").ended(0))
    is_so(figures, opened=50, lasted=50, broken={}, latency_of="play", received=figures["sent"])
    if figures["replies"] < 200 or figures["sent"] < 2 * figures["replies"]:
        raise Failed(f"each play sends two messages: {figures}")


def it_refuses_and_closes_under_load(server):
    figures = summary(server.run("/refuse", "load", *MANY, "--duration", "1h", "-x", "a", "-j").ended(4))
    is_so(figures, opened=0, refused={"403": 50})
    for resource, code, kind in [("/cut", 5, "cut"), ("/close/4000/", 6, "closed 4000")]:
        is_so(summary(server.run(resource, "load", *MANY, "--duration", "1h", "-j").ended(code)), opened=50, broken={kind: 50})


def it_dies_in_the_middle_of_a_load(server):
    with server.another() as dying:
        url = f"ws://127.0.0.1:{dying.ports['ws']}/echo"
        command = [server.wsprobe, "load", *MANY, "--rate", "50", "--duration", "1h", "-x", "a", "-j", url]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            # All are open, and messages come back.
            while (second := json.loads(running.stdout.readline()))["open"] < 50 or second["replies"] == 0:
                pass
            dying.process.kill()
            rest = running.communicate(timeout=PATIENCE)[0]
        finally:
            running.kill()
            running.wait()
    figures = json.loads(rest.splitlines()[-1])
    is_so(figures, type="summary", opened=50, lasted=0)
    if running.returncode != 5 or sum(figures["broken"].values()) != 50 or figures["replies"] == 0:
        raise Failed(f"exit status {running.returncode}: {figures}")


SCRIPT = "load.wsp"
CASES = [
    (check.__name__.replace("_", " "), check)
    for check in (
        loaded_at_a_rate_it_echoes_all,
        loaded_in_a_closed_loop_it_echoes_all,
        loaded_with_a_script_it_answers_each_step,
        it_refuses_and_closes_under_load,
        it_dies_in_the_middle_of_a_load,
    )
]
