"""The files and the environment of an isolated engine: backend, passphrase and stack file under the stack's state directory."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from local.engine.build import Engine
from local.provider.packages import PACKAGES

OWN_KEYS = ("secretsprovider:", "encryptedkey:", "encryptionsalt:")
"""Top-level keys of a stack file that say how its secrets are encrypted; here a passphrase does it."""


class StackUnknownError(FourPartError):
    """The project has no such stack."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One stack's engine files; the project's own folder is only read, so that `git status` stays clean.

    `state` is the stack's state directory, `project` the folder of Pulumi.yaml.
    """

    state: Path
    project: Path
    stack: str

    @property
    def folder(self) -> Path:
        """Where the engine keeps its own things."""
        return self.state / "pulumi"

    @property
    def stack_file(self) -> Path:
        """The copy of the stack file that the engine reads and writes."""
        return self.state / f"Pulumi.{self.stack}.yaml"

    @property
    def checkpoint(self) -> Path:
        """The engine's state file of the stack; it exists once the stack is initialised."""
        return self.folder / "backend" / ".pulumi" / "stacks" / self.project_name / f"{self.stack}.json"

    @property
    def locks(self) -> Path:
        """Where the engine's file backend keeps the locks of the stack."""
        return self.folder / "backend" / ".pulumi" / "locks" / "organization" / self.project_name / self.stack

    @property
    def project_name(self) -> str:
        """The `name` of Pulumi.yaml."""
        lines = (self.project / "Pulumi.yaml").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("name:"))

    def prepare(self) -> None:
        """Make the folders and the passphrase, and copy project and stack file, keeping the stack's own salt.

        Raises:
            StackUnknownError: when the project has no file for the stack.
        """
        source = self.project / self.stack_file.name
        if not source.exists():
            raise self._unknown()
        for name in ("backend", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._passphrase()
        shutil.copyfile(self.project / "Pulumi.yaml", self.state / "Pulumi.yaml")
        old = self.stack_file.read_text().splitlines() if self.stack_file.exists() else []
        lines = [line for line in source.read_text().splitlines() if not line.startswith(OWN_KEYS)]
        salt = [line for line in old if line.startswith("encryptionsalt:")]
        draft = self.folder / "stack.draft"
        draft.write_text("\n".join([*lines, *salt]) + "\n")
        draft.replace(self.stack_file)

    def environment(self, engine: Engine, provider_port: int) -> dict[str, str]:
        """The environment of an engine that sees this workspace and the local provider alone."""
        passed = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        return {
            **passed,
            "PATH": f"{engine.host_folder}{os.pathsep}{passed.get('PATH', os.defpath)}",
            "PULUMI_BACKEND_URL": (self.folder / "backend").resolve().as_uri(),
            "PULUMI_HOME": str((self.folder / "home").resolve()),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str((self.folder / "passphrase").resolve()),
            "PULUMI_DEBUG_COMMANDS": "true",  # shows the option --event-log
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{provider_port}" for name in PACKAGES),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def _passphrase(self) -> None:
        file = self.folder / "passphrase"
        if not file.exists():
            file.touch(mode=0o600)
        if not file.read_text():
            file.write_text(secrets.token_urlsafe(32))

    def _unknown(self) -> StackUnknownError:
        known = sorted(file.name.split(".")[1] for file in self.project.glob("Pulumi.*.yaml"))
        return StackUnknownError(
            "There is no such stack.",
            given=self.stack,
            allowed=", ".join(known) or "no stack at all",
            remedy=f"Name one of these with STACK=, or write {self.stack_file.name}.",
        )
