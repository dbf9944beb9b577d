"""Where a component's resources go: what every one of them is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from contracts.names import Names
from infra.settings import Settings

type Exports = Mapping[str, pulumi.Input[object]]
"""A component's part of `contracts.PlatformOutputs`, by field name."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Names, resource group, region, tags, tenancy and firewall openings that all components share."""

    names: Names
    resource_group: pulumi.Output[str]
    location: str
    tags: Mapping[str, str]
    subscription_id: pulumi.Output[str]
    tenant_id: pulumi.Output[str]
    allowed_addresses: tuple[str, ...]

    @classmethod
    def of(
        cls,
        settings: Settings,
        resource_group: pulumi.Output[str],
        client: pulumi.Output[authorization.GetClientConfigResult],
    ) -> Placement:
        """The place that the stack's settings ask for, in the tenancy of whoever runs the engine."""
        return cls(
            names=settings.names,
            resource_group=resource_group,
            location=settings.location,
            tags=settings.tags,
            subscription_id=client.subscription_id,
            tenant_id=client.tenant_id,
            allowed_addresses=settings.allowed_addresses,
        )

    @property
    def exports(self) -> Exports:
        """Where the stack is, for its outputs."""
        return {
            "stack": pulumi.get_stack(),
            "location": self.location,
            "subscription_id": self.subscription_id,
            "tenant_id": self.tenant_id,
            "resource_group": self.resource_group,
        }


def filled_in[T](resource: pulumi.CustomResource, output: pulumi.Output[T], read: Callable[[T], str]) -> pulumi.Output[str]:
    """A value nested in an output that Azure fills in only once the resource exists.

    Waiting for the id as well keeps it unknown in the preview of a creation, where the output holds the inputs alone.
    """
    return resource.id.apply(lambda _: output.apply(read))
