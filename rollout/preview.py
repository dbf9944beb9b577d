"""`python -m rollout.preview --stack STACK`: what an update of the release stack would change with what runs now."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from contracts.errors import FourPartError
from rollout.engine import ReleaseStack

EXIT_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview, and print the counts by operation as JSON."""
    parser = argparse.ArgumentParser(prog="python -m rollout.preview", description=__doc__)
    parser.add_argument("--stack", required=True)
    try:
        changes = ReleaseStack(stack=parser.parse_args(arguments).stack).preview()
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    sys.stdout.write(json.dumps(changes, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
