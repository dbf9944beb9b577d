"""A command of the product begun ahead: its process loads its clients while the engine works, and waits for its arguments.

The SDKs of Azure ML and Databricks define thousands of classes; loading them takes longer than all that `publish` asks for.
Run as `python -m local.flow.readied MODULE`, it reads the arguments as a line of JSON and then is that command.
"""

from __future__ import annotations

import gc
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from local.flow.commands import DATA_OPS, ML_PIPELINES, answer, environment_of
from local.lifecycle import ROOT
from local.services.cloud import Cloud
from local.tokens import DEPLOYER

LOADS = {DATA_OPS: "data_ops.publish", ML_PIPELINES: "ml_pipelines.publishing.definition"}
"""Which module takes its time, by command."""


@dataclass(frozen=True, kw_only=True)
class Readied:
    """Processes begun ahead, by module; what was not begun, or is run again, begins when it is run."""

    cloud: Cloud
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def run(self, module: str, arguments: Sequence[str]) -> Any:
        """Run a command as the deployer and return its JSON answer.

        Raises:
            CommandFailedError: with the command's error text.
        """
        process = self.processes.pop(module, None) or _begun(self.cloud, module)
        said, told = process.communicate(json.dumps(arguments) + "\n")
        return answer([module, *arguments], process.returncode, said, told)


@contextmanager
def readied(cloud: Cloud) -> Iterator[Readied]:
    """Begin the commands that publish to Databricks and Azure ML; those that are not run end with the context."""
    commands = Readied(cloud=cloud, processes={module: _begun(cloud, module) for module in LOADS})
    try:
        yield commands
    finally:
        for process in commands.processes.values():
            process.communicate("")


def _begun(cloud: Cloud, module: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__, module],
        env=environment_of(cloud, DEPLOYER),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main() -> None:
    """Load, wait, and become the command; without arguments there is nothing to do."""
    module = sys.argv[1]
    # The collector would walk the classes over and over, for a process that ends in seconds.
    gc.disable()
    import_module(LOADS[module])
    line = sys.stdin.readline()
    if line:
        sys.argv = [module, *json.loads(line)]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
