"""Where a component's resources go: what every one of them is given."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from foundation.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The settings, the resource group, and the tenancy of whoever runs the engine."""

    settings: Settings
    resource_group: pulumi.Output[str]
    client: pulumi.Output[authorization.GetClientConfigResult]

    @property
    def admitted_subnets(self) -> tuple[str, ...]:
        """Subnets that firewalls let in: that of the platform's agents, once there is one."""
        return (self.settings.agents,) if self.settings.agents else ()

    @property
    def subscription(self) -> pulumi.Output[str]:
        """ARM id of the subscription."""
        return pulumi.Output.format("/subscriptions/{0}", self.client.subscription_id)

    def role(self, role_id: str) -> pulumi.Output[str]:
        """ARM id of a built-in role."""
        definitions = "/subscriptions/{0}/providers/Microsoft.Authorization/roleDefinitions/{1}"
        return pulumi.Output.format(definitions, self.client.subscription_id, role_id)
