"""`python -m deployment preflight|bootstrap|preview|up|outputs --stack STACK`: what stages of the pipeline run; the journal on stderr, JSON on stdout."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from contracts.errors import FourPartError
from deployment.bootstrap import bootstrap
from deployment.preflight.run import PreflightFailedError, preflight
from deployment.stages import CommandRefusedError, outputs, preview, up

EXIT_REFUSED, EXIT_INTERRUPTED = 2, 130
STAGES = {"preflight": preflight, "bootstrap": bootstrap, "preview": preview, "outputs": outputs, "up": up}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment", description="Brings a stack up, or says what that would change."
    )
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--stack", required=True)
    given = parser.parse_args(arguments)
    try:
        result = STAGES[given.stage](given.stack)
    except (FourPartError, CommandRefusedError, PreflightFailedError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was done stands, and the same command goes on from here.\n")
        return EXIT_INTERRUPTED
    sys.stdout.write(json.dumps(result, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
