"""`wsprobe check` on servers that are no part of it: `drive.py WSPROBE [--update]`.

What each of them does with each case is in verdicts.json, where that is neither ok nor evidence; a fresh run has to say the
same. The verdicts of Autobahn, where it has the same case, are in autobahn.json: autobahn.py has written them down, and they
have to agree. With --update, verdicts.json is written anew.
"""

import json
import pathlib
import subprocess
import sys

import servers

HERE = pathlib.Path(__file__).parent
USUAL = {"ok", "noted", "skipped"}


def verdicts(wsprobe, port):
    """All cases on the server at this port: the level of each rule, and the verdict."""
    args = ["check", "-q", "--echo", "--malformed", "--limits", "--rate", "1000", "--wait", "10s", "--report", "json", "-"]
    ran = subprocess.run(
        [wsprobe, *args, f"ws://127.0.0.1:{port}/"], capture_output=True, text=True, timeout=600, check=False
    )
    if ran.returncode not in (0, 1):
        sys.exit(f"{' '.join(args)} exits {ran.returncode}: {ran.stderr}")
    return {case["name"]: (case["level"], case["verdict"]) for case in json.loads(ran.stdout)["cases"]}


def agrees(level, verdict, said):
    """Whether a verdict of ours is Autobahn's: NON-STRICT is what breaks a SHOULD, and a wrong or missing Close is loose."""
    behavior, close = said["behavior"], said["behaviorClose"]
    if verdict == "fail":
        return "FAILED" in (behavior, close) or (level == "SHOULD" and behavior == "NON-STRICT") or close == "WRONG CODE"
    return behavior in ("OK", "NON-STRICT", "INFORMATIONAL") and close != "FAILED"


def disagreements(name, seen, autobahn):
    for case, said in autobahn.get(name, {}).items():
        level, verdict = seen[case]
        if not agrees(level, verdict, said):
            yield f"{name}: {case} is {verdict}, Autobahn's {said['id']} is {said['behavior']} / {said['behaviorClose']}"


def main():
    wsprobe, *options = sys.argv[1:]
    table = HERE / "verdicts.json"
    known = json.loads(table.read_text()) if table.exists() else {}
    autobahn = json.loads((HERE / "autobahn.json").read_text())
    fresh, wrong, agreed = {}, [], 0
    for name in servers.NAMES:
        with servers.running(name) as port:
            seen = {name: verdicts(wsprobe, port)}
            if name == "ws":
                for front in servers.FRONTS:
                    with servers.behind(front, port) as front_port:
                        seen[front] = verdicts(wsprobe, front_port)
        for subject, cases in seen.items():
            fresh[subject] = {case: verdict for case, (_, verdict) in cases.items() if verdict not in USUAL}
            for case in sorted(fresh[subject].keys() | known.get(subject, {}).keys()):
                was, now = known.get(subject, {}).get(case, "ok"), fresh[subject].get(case, "ok")
                if was != now:
                    wrong.append(f"{subject}: {case} is {now}, and was {was}")
            differing = list(disagreements(subject, cases, autobahn))
            wrong += differing
            agreed += len(autobahn.get(subject, {})) - len(differing)
            print(f"ok     check {subject}: {len(cases)} cases, {len(fresh[subject])} of them neither ok nor evidence")
    print(f"{agreed} verdicts agree with Autobahn's")
    if "--update" in options:
        table.write_text(json.dumps(fresh, indent=1, sort_keys=True) + "\n")
        wrong = [line for line in wrong if "Autobahn" in line]
    for line in wrong:
        print(f"FAILED check {line}")
    sys.exit(bool(wrong))


main()
