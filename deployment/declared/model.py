"""What one run of a program declared: each resource as the engine is asked for it, and the outputs of the stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contracts.errors import FourPartError

STACK = "pulumi:pulumi:Stack"


class ProgramFailedError(FourPartError):
    """A program refused its stack file, or broke."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource as the engine is asked for it: type token, name, URN, inputs (secrets in clear), options.

    `sources` has, by input, the URNs of the resources whose outputs it is made from.
    """

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    parent: str = "stack"
    dependencies: list[str] = field(default_factory=list)
    sources: dict[str, list[str]] = field(default_factory=dict)
    ignores: list[str] = field(default_factory=list)
    protected: bool = False


@dataclass(kw_only=True)
class Program:
    """Everything that one run declared, and its stack outputs; `whole` has the stack itself and what is only read, too."""

    whole: list[Declared] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def resources(self) -> list[Declared]:
        """What the program makes: components and resources."""
        return [resource for resource in self.whole if not resource.type.startswith("pulumi:pulumi:")]

    def of(self, token: str) -> list[Declared]:
        """Resources of a type such as `storage:BlobContainer`."""
        return [resource for resource in self.whole if resource.type == f"azure-native:{token}"]

    def one(self, token: str) -> Declared:
        """The only resource of a type."""
        (resource,) = self.of(token)
        return resource

    def azure(self) -> Iterator[Declared]:
        """Resources of Azure, without components."""
        return (resource for resource in self.whole if resource.type.startswith("azure-native:"))
