"""`python -m cost [--stack STACK] [--json]`: what a stack costs a month, or all stacks side by side."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from contracts.errors import FourPartError
from cost.prices import prices
from cost.record import record
from cost.stack_file import stacks
from cost.stacks import estimate_of
from cost.table import of_one, side_by_side

EXIT_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the estimate; 2 for a stack that is none or a usage that is not stated."""
    parser = argparse.ArgumentParser(prog="python -m cost", description="What a stack costs a month.")
    parser.add_argument("--stack", default="", help="one stack line by line; without it all side by side")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        found = [estimate_of(stack) for stack in ([given.stack] if given.stack else stacks())]
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    if given.json:
        sys.stdout.write(json.dumps([record(one) for one in found], indent=2) + "\n")
    else:
        sys.stdout.write(of_one(found[0], prices()) if given.stack else side_by_side(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
