"""Prints the emulated kinds as rows of a Markdown table: `python -m local.provider.coverage`."""

from __future__ import annotations

import sys

from local.provider.invokes import INVOKES
from local.provider.kinds import KINDS


def rows() -> list[str]:
    """Heading, then one row a kind: token, type with the address of its reference; then the functions."""
    kinds = [f"| `{kind.sdk_type}` | [{kind.arm_type}]({kind.documentation}) |" for kind in KINDS.values()]
    return ["| kind | type |", "|---|---|", *kinds, *(f"| `{token}` | function |" for token in INVOKES)]


def main() -> int:
    """Print the table."""
    sys.stdout.write("\n".join(rows()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
