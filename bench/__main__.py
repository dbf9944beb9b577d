"""`make bench`: every bench, or the one that is named, each as a process of its own with its table."""

from __future__ import annotations

import subprocess
import sys

BENCHES = {
    "forecast": ("forecast", "cost", "panels", "orange_juice"),
    "gate": ("gate",),
    "infra": ("infra",),
    "policy": ("policy",),
    "prepare": ("prepare",),
    "scoring": ("scoring",),
    "up": ("up",),
}
"""The modules of each."""


def main() -> int:
    """Run the benches; 2 for a name that is none."""
    chosen = sys.argv[1:] or list(BENCHES)
    if unknown := [name for name in chosen if name not in BENCHES]:
        sys.stderr.write(
            f"There is no such bench.\n  given:   {unknown[0]}\n  allowed: {', '.join(BENCHES)}\n  do:      make bench ONLY=prepare\n"
        )
        return 2
    modules = [module for name in chosen for module in BENCHES[name]]
    return max(subprocess.run([sys.executable, "-m", f"bench.{module}"], check=False).returncode for module in modules)  # noqa: S603 - our own


if __name__ == "__main__":
    sys.exit(main())
