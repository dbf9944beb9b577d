"""Where a component's resources go: what every one of them is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pulumi
from pulumi_azure_native import authorization, resources

from contracts.names import Names
from infra.settings import Settings

type Exports = Mapping[str, pulumi.Input[object]]
"""A component's part of `contracts.PlatformOutputs`, by field name."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Names, resource group, region, tags, tenancy and firewall openings that all components share."""

    names: Names
    resource_group: pulumi.Output[str]
    group_id: pulumi.Output[str]
    location: str
    tags: Mapping[str, str]
    subscription_id: pulumi.Output[str]
    tenant_id: pulumi.Output[str]
    private: bool
    """Services have no public address: what `allowed_addresses` and `admitted_subnets` say is empty."""
    protected: bool
    """The engine refuses to remove what holds something that no program can make again."""
    allowed_addresses: tuple[str, ...]
    """Public addresses that firewalls let in."""
    admitted_subnets: tuple[pulumi.Output[str], ...] = ()
    """Subnets that firewalls let in."""

    @classmethod
    def declare(cls, settings: Settings) -> Placement:
        """The resource group that the stack's settings ask for, in the subscription of whoever runs the engine."""
        client, name = authorization.get_client_config_output(), settings.names.resource_group
        group = resources.ResourceGroup("group", resource_group_name=name, location=settings.location, tags=settings.tags)
        return cls(
            names=settings.names,
            resource_group=group.name,
            group_id=group.id,
            location=settings.location,
            tags=settings.tags,
            subscription_id=client.subscription_id,
            tenant_id=client.tenant_id,
            private=settings.network.private,
            protected=settings.protected,
            allowed_addresses=() if settings.network.private else settings.allowed_addresses,
        )

    def kept(self, parent: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child that holds what no program can make again."""
        return pulumi.ResourceOptions(parent=parent, protect=self.protected)

    def admitting(self, subnets: tuple[pulumi.Output[str], ...]) -> Placement:
        """The same place, with firewalls that let these subnets in."""
        return replace(self, admitted_subnets=subnets)

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
