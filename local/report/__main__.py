"""`python -m local.report --stack dev`: the report of the latest `make up`, drawn again from a stack that runs."""

from __future__ import annotations

import argparse
import sys

from contracts.errors import FourPartError
from local.lifecycle import state_of
from local.progress import fail
from local.report import page
from local.report.gather import gather, latest
from local.services.cloud import Cloud


def main() -> int:
    """Write the page and print where it is; 2 for an error that the user can act on."""
    parser = argparse.ArgumentParser(prog="make report")
    parser.add_argument("--stack", default="dev")
    state = state_of(parser.parse_args().stack)
    try:
        latest(state)  # opening a stack makes what is missing, and there may be none
        content = gather(Cloud.open(state))
    except FourPartError as error:
        return fail(error)
    sys.stdout.write(f"{page.write(content, state)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
