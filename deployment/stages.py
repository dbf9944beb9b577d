"""The stages: each is a few of the product's own commands, in the one order that works on an empty subscription, too."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from contracts.names import HANDLER
from contracts.outputs import PlatformOutputs
from deployment.platform import ROOT, platform_stack
from deployment.progress import counted, line, told


class CommandRefusedError(Exception):
    """A command of the product refused; its text is the command's own."""


def preview(stack: str) -> dict[str, Any]:
    """What `up` would change, judged by the policies; the release is previewed once there is a platform.

    Raises:
        EngineFailedError: with what the engine or a policy said.
        StackUnknownError: when there is no stack file.
        CommandRefusedError: when the preview of the release refuses.
    """
    platform = platform_stack(stack)
    platform.settings()
    fresh = platform.outputs() is None
    if fresh:
        platform.create()
    with told("platform") as journal:
        changes = platform.preview()
        journal["told"] = counted(changes)
    if fresh or not platform.outputs():
        line("skipped", "release", "there is no platform yet")
        return {"platform": changes, "release": None}
    with told("release") as journal:
        released = _command("rollout.preview", "--stack", stack)
        journal["told"] = counted(released)
    return {"platform": changes, "release": released}


def outputs(stack: str) -> dict[str, Any]:
    """The outputs of the platform; none when it was never applied.

    Raises:
        StackUnknownError: when there is no stack file.
    """
    platform = platform_stack(stack)
    platform.settings()
    return platform.outputs() or {}


def up(stack: str) -> dict[str, Any]:
    """Apply the platform, publish what runs on it, and bring the handler of this work tree onto the cluster.

    Raises:
        EngineFailedError: with what the engine or a policy said.
        EngineBusyError: when another engine holds the stack.
        StackUnknownError: when there is no stack file.
        CommandRefusedError: when a later command refuses; what was done until then stays.
    """
    platform = platform_stack(stack)
    platform.settings()
    if platform.outputs() is None:
        platform.create()
    with told("preview") as journal:
        # Policies that judge the whole stack speak only at the end of an update, hence before it.
        changes = platform.preview()
        journal["told"] = counted(changes)
    with told("platform") as journal:
        outputs = PlatformOutputs.of(platform.up())
        journal["told"] = f"{sum(changes.values())} resources"
    with tempfile.TemporaryDirectory(prefix="outputs-") as folder:
        file = Path(folder) / "outputs.json"
        file.write_text(outputs.json())
        published = _publish(stack, str(file))
    return {"platform": changes, **published}


def _publish(stack: str, outputs: str) -> dict[str, Any]:
    with told("jobs") as journal:
        jobs = _command("data_ops.cli", "publish", outputs)
        journal["told"] = f"job {jobs['job_id']}, release {jobs['release']}"
    with told("training") as journal:
        training = _command("ml_pipelines", "publish", outputs)
        journal["told"] = str(training["deployment"])
    with told("image") as journal:
        image = _command("images", HANDLER, outputs)
        journal["told"] = f"{HANDLER}@{image['digest'][:19]}"
    with told("handler") as journal:
        handler = _command("rollout", HANDLER, "--stack", stack, "--digest", str(image["digest"]))
        journal["told"] = str(handler["decision"])
    return {"jobs": jobs, "training": training, "image": image, "handler": handler}


def _command(module: str, *arguments: str) -> dict[str, Any]:
    """Run a command of the product in a process of its own, since their clients are heavy, and return its JSON answer."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands
    if done.returncode:
        raise CommandRefusedError(done.stderr.strip() or f"{' '.join(command[1:])} ended with exit code {done.returncode}.")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
