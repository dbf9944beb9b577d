"""`make down`: both stacks destroyed by the engine, the processes stopped, the state directory removed."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.engine.agent import agent_environment, release_checkpoint
from local.engine.build import ensure_engine
from local.flow.commands import CommandFailedError
from local.flow.options import Options
from local.flow.platform import destroy
from local.lifecycle import ROOT, running, start, stop
from local.progress import Progress
from local.services.cloud import Cloud
from local.supervisor import end_leftovers


def down(options: Options) -> int:
    """Leave no resource, process, port or file of the stack; caches outside the repository stay."""
    progress, state = Progress(), options.state
    if not state.exists():
        progress.note(f"There is no local stack {options.stack}; nothing to do.")
        return 0
    engine = ensure_engine(progress)
    with progress.step("services") as step:
        start(state, step)
    cloud = Cloud.open(state)
    with progress.step("release") as step:
        step.detail = destroy_release(cloud, options.stack)
    with progress.step("destroy") as step:
        step.detail = destroy(engine, cloud, options.stack, step)
    with progress.step("stop") as step:
        stop(state)
        end_leftovers(state)
        shutil.rmtree(state)
        with contextlib.suppress(OSError):  # another stack's state is there
            state.parent.rmdir()
        step.detail = "nothing left" if running(state) is None else "the supervisor still runs"
    return 0


def destroy_release(cloud: Cloud, stack: str) -> str:
    """Destroy what the release program made, if it made anything.

    Raises:
        CommandFailedError: with what the engine said.
    """
    if not release_checkpoint(cloud, stack).exists():
        return "nothing was released"
    environment = agent_environment(cloud, stack)
    with tempfile.TemporaryDirectory(prefix="release-") as scratch:  # the engine writes beside the project's file
        for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"):
            shutil.copy(ROOT / "release" / name, Path(scratch) / name)
        for command in (["cancel", "--yes"], ["destroy", "--yes", "--skip-preview"]):
            full = ["pulumi", *command, "--stack", stack, "--non-interactive", "--color", "never"]
            done = subprocess.run(full, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(done.stderr.strip() or done.stdout.strip())
    return "destroyed"
