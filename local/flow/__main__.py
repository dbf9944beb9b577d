"""The entry point behind `make up`, `make demo`, `make publish` and `make down`: options, errors in four parts, exit codes."""

from __future__ import annotations

import sys

from contracts.errors import FourPartError
from local.flow.commands import CommandFailedError
from local.flow.down import down
from local.flow.options import parse
from local.flow.republish import republish
from local.flow.scenarios.demo import demo
from local.flow.up import up
from local.progress import fail

INTERRUPTED = 130


def main() -> int:
    """Run one verb; 2 for an error that the user can act on, 130 for ctrl-C."""
    try:
        options = parse(sys.argv[1:])
        return {"up": up, "demo": demo, "publish": republish, "down": down}[options.verb](options)
    except (FourPartError, CommandFailedError) as error:
        return fail(error)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. What was done is kept; the same command goes on from here, `make down` removes it.\n")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
