"""The cases of a driver: one function each, in the order in which they stand."""

import inspect
import pathlib
import subprocess
import sys
import tempfile
import time

from program import Failed

CASES = []


def case(check):
    """Marks a function as a case. If it takes an argument, that is an empty folder of its own."""
    CASES.append(check)
    return check


def shown(value):
    text = repr(value)
    return text if len(text) <= 2000 else f"{text[:2000]}... ({len(text)} characters)"


def equal(got, expected):
    if isinstance(got, tuple):
        for one, other in zip(got, expected, strict=True):
            equal(one, other)
    elif got != expected:
        raise Failed(f"{shown(got)}\n  instead of\n  {shown(expected)}")


def holds(text, part):
    if part not in text:
        raise Failed(f"{part!r} is missing in {text!r}")


def run_all(driver):
    """Prints a line for each case and ends with `N passed, N failed`; exits 1 if one failed."""
    failed = 0
    for check in CASES:
        name = check.__name__.replace("_", " ")
        started = time.monotonic()
        try:
            with tempfile.TemporaryDirectory() as folder:
                check(*[pathlib.Path(folder)][: len(inspect.signature(check).parameters)])
        except (Failed, subprocess.SubprocessError) as failure:
            failed += 1
            print(f"FAILED {driver}: {name}\n  {failure}", flush=True)
        else:
            print(f"ok     {driver}: {name} ({time.monotonic() - started:.1f} s)", flush=True)
    print(f"{driver}: {len(CASES) - failed} passed, {failed} failed")
    sys.exit(failed != 0)
