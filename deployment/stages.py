"""The stages: each is a few of the product's own commands, in the one order that works on an empty subscription, too."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.names import HANDLER
from contracts.outputs import PlatformOutputs
from deployment.platform import ROOT, platform_stack

SAME = "same"


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
    with _told("platform") as journal:
        changes = platform.preview()
        journal["told"] = _counted(changes)
    if fresh or not platform.outputs():
        _line("skipped", "release", "there is no platform yet")
        return {"platform": changes, "release": None}
    with _told("release") as journal:
        released = _command("rollout.preview", "--stack", stack)
        journal["told"] = _counted(released)
    return {"platform": changes, "release": released}


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
    with _told("preview") as journal:
        # Policies that judge the whole stack speak only at the end of an update, hence before it.
        changes = platform.preview()
        journal["told"] = _counted(changes)
    with _told("platform") as journal:
        outputs = PlatformOutputs.of(platform.up())
        journal["told"] = f"{sum(changes.values())} resources"
    with tempfile.TemporaryDirectory(prefix="outputs-") as folder:
        file = Path(folder) / "outputs.json"
        file.write_text(outputs.json())
        published = _publish(stack, str(file))
    return {"platform": changes, **published}


def _publish(stack: str, outputs: str) -> dict[str, Any]:
    with _told("jobs") as journal:
        jobs = _command("data_ops.cli", "publish", outputs)
        journal["told"] = f"job {jobs['job_id']}, release {jobs['release']}"
    with _told("training") as journal:
        training = _command("ml_pipelines", "publish", outputs)
        journal["told"] = str(training["deployment"])
    with _told("image") as journal:
        image = _command("images", HANDLER, outputs)
        journal["told"] = f"{HANDLER}@{image['digest'][:19]}"
    with _told("handler") as journal:
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


@contextmanager
def _told(name: str) -> Iterator[dict[str, str]]:
    """Tell a part's state and seconds, whether it ends well or not."""
    began, journal = time.monotonic(), {"told": ""}
    _line("running", name, "")
    try:
        yield journal
    except BaseException:
        _line("failed", name, f"{time.monotonic() - began:.1f} s")
        raise
    _line("done", name, f"{time.monotonic() - began:.1f} s  {journal['told']}")


def _line(state: str, name: str, told: str) -> None:
    sys.stderr.write(f"  {state:<8}{name:<10}{told}".rstrip() + "\n")
    sys.stderr.flush()


def _counted(changes: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {operation}" for operation, count in sorted(changes.items()) if operation != SAME)
    return told or "no change"
