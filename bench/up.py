"""`make up` on an empty state with warm caches, then again: seconds and peak memory of each, beside the targets.

There is no other system of this kind to run beside it, so the anchor is the target that the project set itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time

TARGETS = {"first": 90.0, "again": 30.0}
MEMORY_MIB = 3072


def main() -> int:
    """Run both, print the table, and take the stack down."""
    with tempfile.TemporaryDirectory(prefix="up-") as home:
        environment = {**os.environ, "LOCAL_CLOUD_HOME": home}
        try:
            sys.stdout.write(f"{'make up':10}{'wall s':>9}{'target':>9}{'peak MiB':>10}{'target':>9}\n")
            for name, target in TARGETS.items():
                seconds, memory = _run(environment)
                sys.stdout.write(f"{name:10}{seconds:>9.1f}{target:>9.0f}{memory:>10,}{MEMORY_MIB:>9,}\n")
        finally:
            subprocess.run([sys.executable, "-m", "local.flow", "down"], env=environment, check=True, capture_output=True)
    return 0


def _run(environment: dict[str, str]) -> tuple[float, int]:
    began = time.monotonic()
    command = [sys.executable, "-m", "local.flow", "up"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    found = re.search(r"peak memory\s+([\d,]+) MiB", done.stdout)
    return time.monotonic() - began, int(found[1].replace(",", "")) if found else 0


if __name__ == "__main__":
    sys.exit(main())
