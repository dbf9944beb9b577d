"""Runs the tests as people and CI do, and says at the end what was not run and why."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from local.engine.build import ensure_engine
from local.progress import Progress
from local.services.eventhubs.broker import BROKER

ROOT = Path(__file__).parent.parent
NO_TESTS = 5
SLOW_END = "SLOW_TESTS_END"
"""Names the variable with the second after which no slow test begins."""
BESIDE_EACH_OTHER = ["--numprocesses=logical", "--maxprocesses=4", "--dist=loadfile", "--no-loadscope-reorder"]
"""Files of tests run beside each other, one a core; four at most, since some start a whole stack of more than a gigabyte."""


def main() -> int:
    """Run `pytest` with the markers of the chosen part; no test collected is a failure."""
    arguments = argparse.ArgumentParser(prog="make test")
    part = arguments.add_mutually_exclusive_group()
    part.add_argument("--slow", action="store_true", help="only the tests marked slow")
    part.add_argument("--golden", action="store_true", help="rewrite golden files")
    arguments.add_argument("--minutes", type=float, help="begin no slow test after so many, and name those left out")
    chosen = arguments.parse_args()
    progress = Progress()
    ensure_engine(progress)
    BROKER.ensure(progress)
    marker = "slow" if chosen.slow else "not slow"
    environment = dict(os.environ, **({"UPDATE_GOLDEN": "1"} if chosen.golden else {}))
    if chosen.minutes:
        environment[SLOW_END] = str(time.time() + chosen.minutes * 60)
    selection = ["-rs", "-m", marker, *(["-k", "golden"] if chosen.golden else BESIDE_EACH_OTHER)]
    code = subprocess.run([sys.executable, "-m", "pytest", *selection], cwd=ROOT, env=environment, check=False).returncode
    if code == NO_TESTS:
        sys.stderr.write(f"No test ran (marker: {marker}); that counts as a failure.\n")
    elif not chosen.slow:
        sys.stderr.write("Not run here: tests marked slow (minutes each); `.ci/run` adds as many as fit.\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
