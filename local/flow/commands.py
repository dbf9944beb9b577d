"""Runs the product's own commands as a user would: a process, its environment, its JSON answer."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.outputs import PlatformOutputs
from local.environment import client_environment
from local.lifecycle import ROOT
from local.services.cloud import Cloud
from local.supervisor import PASSED_ON

DATA_OPS, ML_PIPELINES = "data_ops.cli", "ml_pipelines"
"""Modules of the product's commands, as `python -m` takes them."""


class CommandFailedError(Exception):
    """A command of the product refused or failed; its text is the command's own."""


def run(
    cloud: Cloud,
    module: str,
    arguments: Sequence[str],
    *,
    identity: str,
    account: str = "",
    extra: Mapping[str, str] | None = None,
) -> Any:
    """Run a command as an identity of the local cloud and return its JSON answer.

    Raises:
        CommandFailedError: with the command's error text.
    """
    environment = {**environment_of(cloud, identity, account), **(extra or {})}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer(command, done.returncode, done.stdout, done.stderr)


def environment_of(cloud: Cloud, identity: str, account: str = "") -> dict[str, str]:
    """The environment of a command: a clean one, logged in as an identity of the local cloud."""
    base = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**base, **client_environment(cloud, identity, account)}


def answer(command: Sequence[str], code: int, said: str, told: str) -> Any:
    """The JSON that a command said, when it ended well.

    Raises:
        CommandFailedError: with what it told on its error stream.
    """
    if code != 0:
        raise CommandFailedError(told.strip() or f"{' '.join(command)} ended with exit code {code} and no message.")
    return json.loads(said)


def data_ops(
    cloud: Cloud, arguments: Sequence[str], *, identity: str, account: str = "", extra: Mapping[str, str] | None = None
) -> Any:
    """Run `data-ops`.

    Raises:
        CommandFailedError: with the command's error text.
    """
    return run(cloud, DATA_OPS, arguments, identity=identity, account=account, extra=extra)


def outputs_file(cloud: Cloud, outputs: PlatformOutputs) -> Path:
    """Write the stack's outputs where a command can be pointed at them; safe beside others that do the same."""
    file, draft = cloud.state / "outputs.json", cloud.state / f"outputs.{secrets.token_hex(4)}.draft"
    draft.write_text(outputs.json())
    return draft.replace(file)
