"""One stack of one Pulumi project, through the Automation API; the work tree is only read.

The engine, its backend and its login come from the environment, as in every job that runs `pulumi`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, override

import yaml
from pulumi import automation as auto
from pulumi.automation import errors

from contracts.errors import FourPartError

SEVERITIES = frozenset({"error", "info#err"})
"""Of the engine's messages: its own errors, and what the program wrote to its error stream."""
TAIL_LINES = 12
SECRETS_PROVIDER = "PULUMI_SECRETS_PROVIDER"
"""Names the variable with the key of new stacks' secrets; a stack file's own `secretsprovider` comes first."""
_LOCK = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


class EngineFailedError(FourPartError):
    """The engine could not bring the stack to what it was asked for."""


class EngineBusyError(FourPartError):
    """Another engine works on the stack, or died on another machine."""


class EngineMissingError(FourPartError):
    """No engine is on PATH."""


class StackUnknownError(FourPartError):
    """There is no stack file of this name, or no platform stack."""


class _Workspace(auto.LocalWorkspace):
    """Asks the engine for outputs once, in clear; the SDK asks twice, to tell which of them are secret."""

    @override
    def stack_outputs(self, stack_name: str) -> auto.OutputMap:
        """All of them as secrets, so that nothing shows them by accident."""
        asked = ["stack", "output", "--json", "--show-secrets", "--stack", stack_name]
        told = json.loads(self.pulumi_command.run(asked, self.work_dir, self.env_vars).stdout)
        return {name: auto.OutputValue(value=value, secret=True) for name, value in told.items()}


@dataclass(frozen=True, kw_only=True)
class Policies:
    """A policy pack and the file with the levels of its rules."""

    pack: Path
    levels: Path

    def options(self) -> dict[str, list[str]]:
        """Arguments of a preview or an update."""
        return {"policy_packs": [str(self.pack)], "policy_pack_configs": [str(self.levels)]}


@dataclass(frozen=True, kw_only=True)
class PulumiStack:
    """A stack of the project in `folder`; `told` is what errors call it."""

    stack: str
    folder: Path
    told: str
    policies: Policies | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    """Keys that the caller sets besides those of the stack file."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the engine besides those of this process."""

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def settings(self) -> dict[str, Any]:
        """The stack file.

        Raises:
            StackUnknownError: when there is none.
        """
        if not self.file.exists():
            known = ", ".join(sorted(file.name.split(".")[1] for file in self.folder.glob("Pulumi.*.yaml")))
            raise no_stack(self.stack, known or "no stack at all", f"Name one of these, or write {self.file.name}.")
        found: dict[str, Any] = yaml.safe_load(self.file.read_text())
        return found

    def outputs(self) -> dict[str, Any] | None:
        """Outputs by name, secrets in clear; None when the stack was never made.

        Raises:
            EngineMissingError: when no engine is on PATH.
            EngineFailedError: when it can't read the state.
        """
        try:
            outputs = self._workspace().stack_outputs(self.stack)
        except errors.StackNotFoundError:
            return None
        except errors.CommandError as error:
            raise self._unread(error) from error
        return {name: output.value for name, output in outputs.items()}

    def create(self) -> None:
        """Make the stack from a copy of the project's files, since the engine writes into the stack file."""
        provider = self.settings().get("secretsprovider") or os.environ.get(SECRETS_PROVIDER)
        with tempfile.TemporaryDirectory(prefix="stack-") as scratch:
            for file in (self.folder / "Pulumi.yaml", self.file):
                shutil.copy(file, scratch)
            self._workspace(Path(scratch), provider).create_stack(self.stack)

    def preview(self) -> dict[str, int]:
        """What an update would do, as counts by operation, judged by the policies.

        Raises:
            EngineFailedError: with what the engine or a policy said.
        """
        with self._selected() as (stack, options):
            done = self._told(lambda heard: stack.preview(on_event=heard, color="never", **options))
        return {str(getattr(operation, "value", operation)): count for operation, count in done.change_summary.items()}

    def up(self) -> dict[str, Any]:
        """Apply the program and return the outputs; repeated, it goes on where it stopped.

        Raises:
            EngineFailedError: with what the engine said; what it has done until then stays.
            EngineBusyError: when another engine holds the stack.
        """
        with self._selected() as (stack, options):
            try:
                done = self._up(stack, options)
            except errors.ConcurrentUpdateError as error:
                self._unlock(stack, error)
                done = self._up(stack, options)
        return {name: output.value for name, output in done.outputs.items()}

    def moved_to(self, other: PulumiStack) -> None:
        """Put the stack's state into another backend; what stands there under its name is overwritten."""
        state = self._workspace().export_stack(self.stack)
        if other.outputs() is None:
            other.create()
        other._workspace().import_stack(other.stack, state)

    def _workspace(self, folder: Path | None = None, secrets_provider: str | None = None) -> auto.LocalWorkspace:
        return _Workspace(
            work_dir=str(folder or self.folder),
            pulumi_command=_engine(os.environ.get("PATH", "")),
            secrets_provider=secrets_provider,
            env_vars=dict(self.environment),
        )

    @contextmanager
    def _selected(self) -> Iterator[tuple[auto.Stack, dict[str, Any]]]:
        settings = self.settings()
        with tempfile.TemporaryDirectory(prefix="stack-") as scratch:
            file = Path(scratch) / self.file.name
            file.write_text(yaml.safe_dump({**settings, "config": {**settings["config"], **self.config}}, sort_keys=False))
            stack = auto.Stack.select(self.stack, self._workspace())
            judged = self.policies.options() if self.policies else {}
            yield stack, {"config_file": str(file), **judged}

    def _up(self, stack: auto.Stack, options: dict[str, Any]) -> auto.UpResult:
        if (stack.export_stack().deployment or {}).get("pending_operations"):
            stack.refresh(clear_pending_creates=True, config_file=options["config_file"], color="never", show_secrets=False)
        return self._told(lambda heard: stack.up(on_event=heard, color="never", show_secrets=False, **options))

    def _told[T](self, operate: Callable[[Callable[[auto.EngineEvent], None]], T]) -> T:
        """Run an operation; when it fails, the error says what the engine and the policies said."""
        said: list[str] = []

        def listen(event: auto.EngineEvent) -> None:
            if (diagnostic := event.diagnostic_event) is not None and diagnostic.severity in SEVERITIES:
                said.append(_plain(diagnostic.urn, diagnostic.message))
            if (broken := event.policy_event) is not None and broken.enforcement_level == "mandatory":
                said.append(_plain(broken.resource_urn, f"{broken.policy_name}: {broken.message}"))

        try:
            return operate(listen)
        except errors.ConcurrentUpdateError:
            raise
        except errors.CommandError as error:
            raise self._failed(said or str(error).splitlines()) from error

    def _unlock(self, stack: auto.Stack, error: errors.ConcurrentUpdateError) -> None:
        """Take away the locks of engines that died on this machine; all others stand."""
        locks = [(found["host"], int(found["pid"])) for found in _LOCK.finditer(str(error))]
        if not locks or any(host != socket.gethostname() or _alive(pid) for host, pid in locks):
            raise self._busy(locks) from error
        stack.cancel()

    def _failed(self, said: list[str]) -> EngineFailedError:
        return EngineFailedError(
            f"The engine could not apply the {self.told} `{self.stack}`.",
            given="\n           ".join([line for text in said for line in text.splitlines()][-TAIL_LINES:]) or "no diagnostics",
            allowed="an update without errors and without broken mandatory policies",
            remedy="Change what the lines above name, then run the same command again.",
        )

    def _unread(self, error: errors.CommandError) -> EngineFailedError:
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        return EngineFailedError(
            f"The engine can't read the {self.told} `{self.stack}`.",
            given="\n           ".join(said[-TAIL_LINES:]),
            allowed="a state that this login may read",
            remedy="Export PULUMI_BACKEND_URL and PULUMI_SECRETS_PROVIDER, the last line of `make bootstrap`, and run `az login`.",
        )

    def _busy(self, locks: list[tuple[str, int]]) -> EngineBusyError:
        return EngineBusyError(
            f"Another engine holds the {self.told} `{self.stack}`.",
            given=", ".join(f"process {pid} on {host}" for host, pid in locks) or "a lock without a name",
            allowed="one update at a time",
            remedy=f"Wait for it; if its machine is gone, run `pulumi cancel` in {self.folder.name}, then this command again.",
        )


def no_stack(stack: str, allowed: str, remedy: str) -> StackUnknownError:
    """Name a stack that is not there."""
    return StackUnknownError("There is no such stack.", given=stack, allowed=allowed, remedy=remedy)


@cache
def _engine(path: str) -> auto.PulumiCommand:
    """The engine in one of the folders of PATH; its version is asked for once, not by every workspace.

    Raises:
        EngineMissingError: when there is none.
    """
    if shutil.which("pulumi", path=path) is None:
        raise EngineMissingError(
            "There is no Pulumi engine.",
            given=f"PATH={path}",
            allowed="a program `pulumi` in one of its folders",
            remedy="Install it (pulumi.com/docs/install); for a stack on this machine put `uv run local-cloud run --` before the command.",
        )
    return auto.PulumiCommand()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _plain(urn: str | None, message: str) -> str:
    text = _COLOUR.sub("", message).strip()
    return f"{urn.rpartition('::')[2]}: {text}" if urn else text
