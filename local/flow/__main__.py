"""The entry point behind `make up`, `make demo`, `make publish` and `make down`: options, errors in four parts, exit codes."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pkgutil import resolve_name

from contracts.errors import FourPartError
from local import faults
from local.flow.commands import CommandFailedError
from local.flow.options import Options, parse
from local.progress import fail
from local.turn import turn

INTERRUPTED = 130
VERBS = {
    "up": "local.flow.up:up",
    "demo": "local.flow.scenarios.demo:demo",
    "publish": "local.flow.republish:republish",
    "down": "local.flow.down:down",
}
"""Where each verb is; the others' libraries are not loaded."""


def main() -> int:
    """Run one verb; 2 for an error that the user can act on, 130 for ctrl-C."""
    try:
        options = parse(sys.argv[1:])
    except FourPartError as error:
        return fail(error)
    try:
        return _in_turn(options)
    except (FourPartError, CommandFailedError) as error:
        return fail(error)
    except (OSError, sqlite3.Error) as error:
        told = faults.told(error, options.state)
        if told is None:
            raise
        return fail(told)
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. What was done is kept; the same command goes on from here, `make down` removes it.\n")
        return INTERRUPTED


def _in_turn(options: Options) -> int:
    """Run the verb while the stack is ours; only `up` begins one."""
    if options.verb != "up" and not options.state.exists():
        return _run(options)
    with turn(options.state, f"make {options.verb}"):
        return _run(options)


def _run(options: Options) -> int:
    verb: Callable[[Options], int] = resolve_name(VERBS[options.verb])
    return verb(options)


if __name__ == "__main__":
    sys.exit(main())
