"""The release stack, applied through Pulumi's Automation API; the work tree is only read.

The engine, its backend and its login come from the environment, as in every job that runs `pulumi`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto
from pulumi.automation import errors

from contracts.errors import FourPartError
from contracts.outputs import PlatformOutputs
from rollout.digests import Digests

ROOT = Path(__file__).parents[1]
PROJECT = "mlops-forecasting-release"
URLS = ("qa_url", "blue_url", "green_url", "production_url")
SEVERITIES = frozenset({"error", "info#err"})
"""Of the engine's messages: its own errors, and what the program wrote to its error stream."""
TAIL_LINES = 12
_LOCK = re.compile(r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


class EngineFailedError(FourPartError):
    """The engine could not bring the stack to what it was asked for."""


class EngineBusyError(FourPartError):
    """Another engine works on the stack, or died on another machine."""


class StackUnknownError(FourPartError):
    """There is no stack file of this name, or no platform stack."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a release stack holds, and where it answers: addresses by output name, empty where nothing runs."""

    digests: Digests
    urls: Mapping[str, str]

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Standing:
        """Read the stack's outputs."""
        return cls(digests=Digests.of(outputs), urls={name: str(outputs.get(name, "")) for name in URLS})


@dataclass(frozen=True, kw_only=True)
class ReleaseStack:
    """One stack of the project in `folder`, on the platform stack of the same name in the project at `root`."""

    stack: str
    root: Path = ROOT

    @property
    def folder(self) -> Path:
        """Folder of the release project."""
        return self.root / "release"

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
            raise _no_stack(self.stack, known or "no stack at all", f"Name one of these, or write release/{self.file.name}.")
        found: dict[str, Any] = yaml.safe_load(self.file.read_text())
        return found

    def platform(self) -> PlatformOutputs:
        """The outputs of the platform.

        Raises:
            StackUnknownError: when it was never applied.
            OutputsMissingError: when its outputs are not those of the platform program.
        """
        try:
            outputs = auto.LocalWorkspace(work_dir=str(self.root)).stack_outputs(self.stack)
        except errors.StackNotFoundError as error:
            raise _no_stack(self.stack, "a platform that was applied before its releases", "Run `make up` first.") from error
        return PlatformOutputs.of({name: output.value for name, output in outputs.items()})

    def standing(self) -> Standing:
        """What the stack holds now; it is made when there is none yet."""
        try:
            outputs = auto.LocalWorkspace(work_dir=str(self.folder)).stack_outputs(self.stack)
        except errors.StackNotFoundError:
            self._create()
            return Standing.of({})
        return Standing.of({name: output.value for name, output in outputs.items()})

    def apply(self, digests: Digests) -> Standing:
        """Bring the stack to these digests, all five given in full.

        Raises:
            EngineFailedError: with what the engine said; what it has done until then stays.
            EngineBusyError: when another engine holds the stack.
        """
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            config = self._config(Path(scratch), digests)
            try:
                return self._up(config)
            except errors.ConcurrentUpdateError as error:
                self._unlock(error)
                return self._up(config)

    def _config(self, scratch: Path, digests: Digests) -> Path:
        settings = self.settings()
        own = {f"{PROJECT}:{key}": value for key, value in digests.config().items()}
        file = scratch / self.file.name
        file.write_text(yaml.safe_dump({**settings, "config": {**settings["config"], **own}}, sort_keys=False))
        return file

    def _up(self, config: Path) -> Standing:
        stack = auto.Stack.select(self.stack, auto.LocalWorkspace(work_dir=str(self.folder)))
        said: list[str] = []

        def listen(event: auto.EngineEvent) -> None:
            diagnostic = event.diagnostic_event
            if diagnostic is not None and diagnostic.severity in SEVERITIES:
                said.append(_plain(diagnostic.urn, diagnostic.message))

        if (stack.export_stack().deployment or {}).get("pending_operations"):
            stack.refresh(clear_pending_creates=True, config_file=str(config), color="never", show_secrets=False)
        try:
            done = stack.up(config_file=str(config), on_event=listen, color="never", show_secrets=False)
        except errors.ConcurrentUpdateError:
            raise
        except errors.CommandError as error:
            raise _failed(self.stack, said or str(error).splitlines()) from error
        return Standing.of({name: output.value for name, output in done.outputs.items()})

    def _unlock(self, error: errors.ConcurrentUpdateError) -> None:
        """Take away the locks of engines that died on this machine; all others stand."""
        locks = [(found["host"], int(found["pid"])) for found in _LOCK.finditer(str(error))]
        if not locks or any(host != socket.gethostname() or _alive(pid) for host, pid in locks):
            raise _busy(self.stack, locks) from error
        auto.Stack.select(self.stack, auto.LocalWorkspace(work_dir=str(self.folder))).cancel()

    def _create(self) -> None:
        """Make the stack from a copy of the project's files, since the engine writes into the stack file."""
        provider = self.settings().get("secretsprovider")
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            for file in (self.folder / "Pulumi.yaml", self.file):
                shutil.copy(file, scratch)
            auto.LocalWorkspace(work_dir=scratch, secrets_provider=provider).create_stack(self.stack)


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


def _failed(stack: str, said: list[str]) -> EngineFailedError:
    return EngineFailedError(
        f"The engine could not apply the release stack `{stack}`.",
        given="\n           ".join([line for text in said for line in text.splitlines()][-TAIL_LINES:]) or "no diagnostics",
        allowed="an update without errors",
        remedy="Change what the lines above name, then run the same command again.",
    )


def _busy(stack: str, locks: list[tuple[str, int]]) -> EngineBusyError:
    return EngineBusyError(
        f"Another engine holds the release stack `{stack}`.",
        given=", ".join(f"process {pid} on {host}" for host, pid in locks) or "a lock without a name",
        allowed="one release at a time",
        remedy="Wait for it; if its machine is gone, run `pulumi cancel` in the folder release, then this command again.",
    )


def _no_stack(stack: str, allowed: str, remedy: str) -> StackUnknownError:
    return StackUnknownError("There is no such stack.", given=stack, allowed=allowed, remedy=remedy)
