"""Runs one Pulumi program in this process, as the language host's child: `python -m local.engine.program`.

What to run comes as JSON in the environment variable LANGUAGE_HOST_PROGRAM, the configuration in the SDK's own two variables.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import runpy
import sys
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack

from contracts.errors import FourPartError

VARIABLE = "LANGUAGE_HOST_PROGRAM"
BAIL = 32
"""Exit code of a program that has told the engine what is wrong; the engine then says nothing more."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One run: the engine's two addresses, what is deployed, and the program's folders."""

    monitor: str
    engine: str
    project: str
    stack: str
    organization: str
    parallel: int
    dry_run: bool
    root_directory: str
    program: str


def main() -> int:
    """Run the program and wait for all its resources; 0 when all went well."""
    # A program ends within seconds, and the collector would walk all classes of the SDK over and over: a third of its time.
    gc.disable()
    # Three for each resource, each a call to the engine that is waited for, and the local engine never runs with `--debug`.
    pulumi.log.debug = lambda *_, **__: None
    run = Program(**json.loads(os.environ.pop(VARIABLE)))
    configure(_settings(run))
    sys.path.insert(0, run.program)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(run.program)))
    except (pulumi.RunError, FourPartError) as error:
        pulumi.log.error(str(error))
        return BAIL
    finally:
        loop.close()
    return 0


def _execute(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


def _settings(run: Program) -> Settings:
    options: dict[str, Any] = {
        "monitor": run.monitor,
        "engine": run.engine,
        "project": run.project,
        "stack": run.stack,
        "organization": run.organization,
        "parallel": run.parallel,
        "dry_run": run.dry_run,
        "root_directory": run.root_directory,
    }
    return Settings(**options)


if __name__ == "__main__":
    sys.exit(main())
