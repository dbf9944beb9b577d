"""The platform that a release stands on, known by its stack outputs alone.

The engine puts this folder first on the import path: no module here may have the name of one of the standard library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pulumi

from contracts.outputs import PlatformOutputs

PLATFORM = "organization/mlops-forecasting"
"""Project of the platform; a backend of one's own (storage account, files) calls every organisation `organization`."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Outputs of the stack of the same name as this one."""

    outputs: pulumi.Output[PlatformOutputs]

    @classmethod
    def of(cls, stack: str) -> Platform:
        """Read the platform stack of this name."""
        return cls(outputs=pulumi.StackReference(f"{PLATFORM}/{stack}").outputs.apply(PlatformOutputs.of))

    def get[T](self, read: Callable[[PlatformOutputs], T]) -> pulumi.Output[T]:
        """One value of the platform."""
        return self.outputs.apply(read)

    def identity(self, role: str, field: str) -> pulumi.Output[str]:
        """A field (`client_id`, `id`, `name`) of the identity of a role."""
        return self.get(lambda outputs: outputs.identities[role][field])

    def image(self, repository: str, digest: str) -> pulumi.Output[str]:
        """An image of the platform's registry, by digest."""
        return self.get(lambda outputs: f"{outputs.registry_login_server}/{repository}@{digest}")


def known_once_made[T](resource: pulumi.CustomResource, output: pulumi.Output[T], read: Callable[[T], str]) -> pulumi.Output[str]:
    """A value that the cloud fills in: unknown in the preview of a creation, where the output holds the inputs alone."""
    return resource.id.apply(lambda _: output.apply(read))


def once_made(resource: pulumi.CustomResource | None, value: str) -> pulumi.Output[str]:
    """The value once the resource is made, so that no output claims what failed; nothing for no resource."""
    return resource.id.apply(lambda _: value) if resource else pulumi.Output.from_input("")
