"""Runs the engine on one stack of the local cloud."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from local.engine.build import Engine
from local.engine.events import EventLog, Outcome, ResourceEvent
from local.engine.workspace import Workspace

POLL_SECONDS = 0.1
GRACE_SECONDS = 30.0
TAIL_LINES = 12
PROJECT_COMMANDS = frozenset({"up", "update", "preview", "pre", "destroy", "refresh", "watch", "import", "config", "cfg"})
"""Commands that take `--config-file`."""


class EngineFailedError(FourPartError):
    """The engine refused or could not finish; `given` holds its diagnostics."""


def unheard(_event: ResourceEvent) -> None:
    """Listen to no progress."""


@dataclass(frozen=True, kw_only=True)
class PulumiEngine:
    """The engine on one stack: `init` first, then the operations; all are safe to repeat.

    Ctrl-C during an operation cancels it the engine's way: what runs is finished and recorded.
    """

    engine: Engine
    workspace: Workspace
    provider_port: int

    @classmethod
    def of(cls, engine: Engine, *, state: Path, project: Path, stack: str, provider_port: int) -> PulumiEngine:
        """The engine for a stack whose state directory is `state` and whose Pulumi.yaml lies in `project`."""
        return cls(engine=engine, workspace=Workspace(state=state, project=project, stack=stack), provider_port=provider_port)

    def init(self) -> None:
        """Prepare the files and make the stack unless it is there.

        Raises:
            StackUnknownError: when the project has no file for the stack.
            EngineFailedError: when the engine refuses.
        """
        self.workspace.prepare()
        if not self.workspace.checkpoint.exists():
            self.query("stack", "init", self.workspace.stack, "--no-select")

    def preview(
        self,
        *,
        policy_pack: Path | None = None,
        policy_config: Path | None = None,
        on_event: Callable[[ResourceEvent], None] = unheard,
    ) -> Outcome:
        """What `up` would do, judged by the policies.

        Raises:
            EngineFailedError: with the engine's diagnostics or the policies that would be broken.
        """
        return self._operate(["preview", *_policies(policy_pack, policy_config)], on_event)

    def up(
        self,
        *,
        policy_pack: Path | None = None,
        policy_config: Path | None = None,
        on_event: Callable[[ResourceEvent], None] = unheard,
    ) -> Outcome:
        """Apply the program; each resource is judged by the policies before it is made.

        Policies that judge the whole stack come only at the end of it, so run `preview` with them first.

        Raises:
            EngineFailedError: with the engine's diagnostics or the policies that were broken.
        """
        return self._operate(["up", "--yes", "--skip-preview", *_policies(policy_pack, policy_config)], on_event)

    def destroy(self, on_event: Callable[[ResourceEvent], None] = unheard) -> Outcome:
        """Remove all resources; the empty stack stays.

        Raises:
            EngineFailedError: with the engine's diagnostics.
        """
        return self._operate(["destroy", "--yes", "--skip-preview"], on_event)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs by name."""
        found: dict[str, Any] = json.loads(self.query("stack", "output", "--json", "--stack", self.workspace.stack))
        return found

    def export(self) -> dict[str, Any]:
        """The stack's whole state, secrets encrypted."""
        found: dict[str, Any] = json.loads(self.query("stack", "export", "--stack", self.workspace.stack))
        return found

    def command(self, arguments: Sequence[str]) -> int:
        """Run any command of the engine on the caller's terminal; its exit code."""
        self.init()
        files = self._files() if arguments and arguments[0] in PROJECT_COMMANDS else []
        running = subprocess.Popen(
            [str(self.engine.binary), *arguments, *files], cwd=self.workspace.project, env=self.environment
        )
        while True:
            # The terminal sends ctrl-C to the engine too, which cancels; this process only waits for it.
            with contextlib.suppress(KeyboardInterrupt):
                return running.wait()

    def query(self, *arguments: str) -> str:
        """Run a command that needs no program, in the state directory, and return what it prints.

        Raises:
            EngineFailedError: with what it said.
        """
        command = [str(self.engine.binary), *arguments, "--non-interactive", "--color", "never"]
        done = subprocess.run(
            command, cwd=self.workspace.state, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise _failed(arguments, [done.stderr.strip() or done.stdout.strip()])
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the engine sees this stack alone."""
        return self.workspace.environment(self.engine, self.provider_port)

    def _files(self) -> list[str]:
        return ["--stack", self.workspace.stack, "--config-file", str(self.workspace.stack_file.resolve())]

    def _operate(self, arguments: Sequence[str], on_event: Callable[[ResourceEvent], None]) -> Outcome:
        began = time.monotonic()
        events = self.workspace.folder.resolve() / "events.jsonl"
        events.unlink(missing_ok=True)
        log, output = EventLog(events, on_event), self.workspace.folder / "engine.log"
        options = [*self._files(), "--event-log", str(events), "--non-interactive", "--color", "never", "--suppress-outputs"]
        if arguments[0] != "preview":
            options.append("--suppress-progress")
        code = self._watch([str(self.engine.binary), *arguments, *options], log, output)
        if code:
            tail = output.read_text(errors="replace").strip().splitlines()[-TAIL_LINES:]
            raise _failed(arguments, [*log.problems, *log.printed[-TAIL_LINES:]] or tail)
        seconds = round(time.monotonic() - began, 2)
        return Outcome(counts=dict(log.counts), seconds=seconds, outputs_changed=log.outputs_changed)

    def _watch(self, command: Sequence[str], log: EventLog, output: Path) -> int:
        """Run the engine in a group of its own, so that ctrl-C reaches it once, by `_cancel`."""
        with output.open("wb") as said:
            running = subprocess.Popen(
                list(command),
                cwd=self.workspace.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            while running.poll() is None:
                log.read()
                time.sleep(POLL_SECONDS)
        finally:
            _cancel(running)
        log.read()
        return running.returncode


def _policies(pack: Path | None, config: Path | None) -> list[str]:
    if pack is None:
        return []
    return ["--policy-pack", str(pack.resolve()), *(["--policy-pack-config", str(config.resolve())] if config else [])]


def _cancel(running: subprocess.Popen[bytes]) -> None:
    if running.poll() is not None:
        return
    running.send_signal(signal.SIGINT)
    try:
        running.wait(GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        running.kill()
        running.wait()


def _failed(arguments: Sequence[str], problems: Sequence[str]) -> EngineFailedError:
    happened = f"The engine could not finish `pulumi {' '.join(arguments[:2])}`."
    return EngineFailedError(
        happened,
        given="\n           ".join(line for text in problems for line in text.splitlines()) or "no output",
        allowed="an operation without errors and without broken mandatory policies",
        remedy="Change what the lines above name, then run the same command again: it goes on where it stopped.",
    )
