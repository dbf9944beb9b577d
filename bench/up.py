"""`make up` on an empty state with warm caches, then again, beside the targets: wall seconds, commit to live, peak memory.

There is no other system of this kind to run beside it, so the anchor is the target that the project set itself. Memory is
the sum of proportional set sizes of all processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FIRST_SECONDS, AGAIN_SECONDS, LIVE_SECONDS, MEMORY_MIB = 180.0, 30.0, 120.0, 4096.0


def main() -> int:
    """Run both, print the table, and take the stack down."""
    with tempfile.TemporaryDirectory(prefix="up-") as home:
        environment = {**os.environ, "LOCAL_CLOUD_HOME": home}
        try:
            first, told = _run(environment, Path(home))
            again, _ = _run(environment, Path(home))
        finally:
            subprocess.run([sys.executable, "-m", "local.flow", "down"], env=environment, check=True, capture_output=True)
    live = next(step["at"] for step in told["steps"] if step["name"] == "released")
    rows = (
        ("make up, empty state, s", first, FIRST_SECONDS),
        ("make up again, s", again, AGAIN_SECONDS),
        ("commit to live, s", live, LIVE_SECONDS),
        ("peak memory, MiB", told["peak_mebibytes"], MEMORY_MIB),
    )
    sys.stdout.write(f"{'work':26}{'ours':>9}{'target':>9}{'ratio':>8}\n")
    sys.stdout.writelines(f"{name:26}{ours:>9,.1f}{target:>9,.0f}{ours / target:>8.2f}\n" for name, ours, target in rows)
    return 0


def _run(environment: dict[str, str], home: Path) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "local.flow", "up"], env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    told: dict[str, Any] = json.loads((home / "dev" / "run.json").read_text())
    return seconds, told


if __name__ == "__main__":
    sys.exit(main())
