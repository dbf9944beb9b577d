"""Says how much of the Python is the local cloud, and refuses too much: the proof has to stay the smaller part of the product."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = (
    "contracts",
    "cost",
    "data_ops",
    "deployment",
    "docs",
    "events",
    "foundation",
    "images",
    "infra",
    "lineage",
    "ml_pipelines",
    "policy",
    "release",
    "rollout",
    "scoring",
)
SHARE = 0.45
"""Largest share of `local/` in all Python lines outside tests and benches."""


def lines(folder: Path) -> int:
    """Lines of Python under a folder."""
    return sum(file.read_text().count("\n") for file in folder.rglob("*.py"))


def main() -> int:
    """Print the ratio; 1 when it is above its bound."""
    product = sum(lines(ROOT / name) for name in PRODUCT)
    local = lines(ROOT / "local")
    share = local / (local + product)
    sys.stdout.write(f"local/ is {local} of {local + product} lines of Python outside tests: {share:.1%} (bound {SHARE:.1%})\n")
    return int(share > SHARE)


if __name__ == "__main__":
    sys.exit(main())
