"""What the user's own data look like, told and judged before an engine or a service starts."""

from __future__ import annotations

import os
import subprocess
import sys

from local.flow.commands import DATA_OPS, CommandFailedError
from local.flow.options import Options
from local.supervisor import PASSED_ON


def first_look(options: Options) -> None:
    """Print what `data-ops look` says of the user's own file or folder; nothing for the panels that this repository makes.

    Raises:
        CommandFailedError: with the command's error text, when the job that makes silver would refuse the data.
    """
    if not options.own_data:
        return
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    command = [sys.executable, "-m", DATA_OPS, "look", options.data, *options.reading]
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise CommandFailedError(done.stderr.strip() or f"{' '.join(command)} ended with exit code {done.returncode}.")
    sys.stdout.write("\n")
    sys.stdout.flush()
