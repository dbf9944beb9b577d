"""The release stack: five digests in, addresses out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contracts.outputs import PlatformOutputs
from deployment.platform import ROOT, platform_stack, policies
from deployment.pulumi_stack import PulumiStack, no_stack
from rollout.digests import Digests

PROJECT = "mlops-forecasting-release"
URLS = ("qa_url", "blue_url", "green_url", "production_url")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a release stack holds, and where it answers: addresses by output name, empty where nothing runs."""

    digests: Digests
    urls: Mapping[str, str]

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Standing:
        """Read the stack's outputs."""
        return cls(digests=Digests.of(outputs), urls={name: str(outputs.get(name, "")) for name in URLS})


class Stack(Protocol):
    """What a release needs of a stack."""

    def standing(self) -> Standing:
        """What it holds, and where it answers."""
        ...

    def apply(self, digests: Digests) -> Standing:
        """Bring it to these digests."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReleaseStack:
    """One stack of the project in `folder`, on the platform stack of the same name in the project at `root`."""

    stack: str
    root: Path = ROOT

    @property
    def folder(self) -> Path:
        """Folder of the release project."""
        return self.root / "release"

    def settings(self) -> dict[str, Any]:
        """The stack file.

        Raises:
            StackUnknownError: when there is none.
        """
        return self._with({}).settings()

    def platform(self) -> PlatformOutputs:
        """The outputs of the platform.

        Raises:
            StackUnknownError: when it was never applied.
            OutputsMissingError: when its outputs are not those of the platform program.
        """
        outputs = platform_stack(self.stack, self.root).outputs()
        if outputs is None:
            raise no_stack(self.stack, "a platform that was applied before its releases", "Run `make up` or `make deploy` first.")
        return PlatformOutputs.of(outputs)

    def standing(self) -> Standing:
        """What the stack holds now; it is made when there is none yet."""
        outputs = self._with({}).outputs()
        if outputs is None:
            self._with({}).create()
        return Standing.of(outputs or {})

    def found(self) -> Standing:
        """What the stack holds now, only looked at; nothing when it was never made."""
        return Standing.of(self._with({}).outputs() or {})

    def section(self, name: str) -> Mapping[str, Any]:
        """A section of the stack file's configuration."""
        section: Mapping[str, Any] = self.settings()["config"][f"{PROJECT}:{name}"]
        return section

    def preview(self) -> dict[str, int]:
        """What an update with the digests that stand would change, as counts by operation.

        Raises:
            EngineFailedError: with what the engine or a policy said.
        """
        return self._with(self.standing().digests.config()).preview()

    def apply(self, digests: Digests) -> Standing:
        """Bring the stack to these digests, all five given in full.

        Raises:
            EngineFailedError: with what the engine or a policy said; what it has done until then stays.
            EngineBusyError: when another engine holds the stack.
        """
        return Standing.of(self._with(digests.config()).up())

    def _with(self, digests: Mapping[str, str]) -> PulumiStack:
        config = {f"{PROJECT}:{key}": value for key, value in digests.items()}
        rules = policies(self.stack)
        return PulumiStack(stack=self.stack, folder=self.folder, told="release stack", config=config, policies=rules)
