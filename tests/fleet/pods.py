"""Runs the command of each pod of an Indexed Job on this machine, all at once, and keeps what each prints.

    pods.py MANIFEST DIR URL

It is the manifest's own command with its own environment, but for the server, the time to begin, and how much is done.
"""

import datetime
import os
import pathlib
import subprocess
import sys

import yaml

# What a test has no time and no cluster for.
SMALLER = {"-c 500": "-c 5", "--connect-rate 50": "--connect-rate 1000", "--duration 1m": "--duration 500ms"}


def main(manifest, folder, url):
    job = yaml.safe_load(pathlib.Path(manifest).read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    own = {"TARGET": url, "START_AT": begin.strftime("%Y-%m-%dT%H:%M:%SZ")}
    environment = {one["name"]: own[one["name"]] for one in container["env"]}
    pods = []
    for index in range(job["completions"]):
        (script,) = container["args"]
        for large, small in SMALLER.items():
            assert large in script, large
            script = script.replace(large, small)
        # The paths that only a pod has to itself.
        said = pathlib.Path(folder, f"said-{index}")
        script = script.replace("/tmp/", f"{folder}/{index}-").replace("/dev/termination-log", str(said))
        with pathlib.Path(folder, f"pod-{index}.hdr").open("wb") as log:
            variables = {"PATH": os.environ["PATH"], **environment, "JOB_COMPLETION_INDEX": str(index)}
            pods.append((subprocess.Popen([*container["command"], script], env=variables, stdout=log), said))
    for pod, said in pods:
        if pod.wait(60) != 0:
            sys.exit(f"a pod has failed: {said.read_text()}")


main(*sys.argv[1:])
