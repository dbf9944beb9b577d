"""Agents inside the network, where a stack is released from: they exist only while there is work."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry as acr, devcenter, devopsinfrastructure as devops

from contracts.names import BUILD_AGENTS
from infra.components.network import Network
from infra.placement import Placement
from infra.sections import AgentSettings
from infra.subnets import Subnet

IMAGE = "ubuntu-24.04"
"""The image that hosted agents have, too."""


@dataclass(frozen=True, kw_only=True)
class AgentsArgs:
    """The subnets, the registry that images are built for inside, if any, and the roles that the pool's service must hold before."""

    placement: Placement
    settings: AgentSettings
    network: Network
    registry_name: pulumi.Input[str] | None
    ready: list[pulumi.Resource]


class Agents(pulumi.ComponentResource):
    """A managed pool of Azure DevOps, and build agents of a private stack's registry, each in a subnet of its own.

    Hosted agents of Azure DevOps come from outside, from addresses that no firewall here admits; the registry's shared ones
    do, too, where a private stack has no door.
    """

    def __init__(self, name: str, args: AgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Agents", name, None, opts)
        self._args, self._place = args, args.placement
        self._child = pulumi.ResourceOptions(parent=self)
        if args.registry_name is not None:
            self._builds(args.registry_name)
        self._pool(self._project())
        self.register_outputs({})

    def _builds(self, registry_name: pulumi.Input[str]) -> None:
        acr.AgentPool(
            "build-agents",
            agent_pool_name=BUILD_AGENTS,
            registry_name=registry_name,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            os=acr.OS.LINUX,
            tier=self._args.settings.build_tier,
            count=1,
            virtual_network_subnet_resource_id=self._args.network.subnet_ids[Subnet.BUILDS],
            tags=self._place.tags,
            opts=self._child,
        )

    def _project(self) -> pulumi.Output[str]:
        """A pool belongs to a project of a Dev Center; neither does anything else here."""
        center = devcenter.DevCenter(
            "dev-center",
            dev_center_name=self._place.names.dev_center,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            tags=self._place.tags,
            opts=self._child,
        )
        project = devcenter.Project(
            "dev-center-project",
            project_name=self._place.names.dev_center_project,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            dev_center_id=center.id,
            tags=self._place.tags,
            opts=self._child,
        )
        return project.id

    def _pool(self, project_id: pulumi.Input[str]) -> None:
        settings = self._args.settings
        devops.Pool(
            "agent-pool",
            pool_name=self._place.names.devops_pool,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            dev_center_project_resource_id=project_id,
            maximum_concurrency=settings.most,
            organization_profile=devops.AzureDevOpsOrganizationProfileArgs(
                kind="AzureDevOps",
                organizations=[devops.OrganizationArgs(url=settings.organisation, parallelism=settings.most)],
                permission_profile=devops.AzureDevOpsPermissionProfileArgs(kind=devops.AzureDevOpsPermissionType.INHERIT),
            ),
            # Each job has a fresh machine, which goes with it.
            agent_profile=devops.StatelessAgentProfileArgs(kind="Stateless"),
            fabric_profile=devops.VmssFabricProfileArgs(
                kind="Vmss",
                sku=devops.DevOpsAzureSkuArgs(name=settings.size),
                images=[devops.PoolImageArgs(well_known_image_name=f"{IMAGE}/latest", aliases=[IMAGE])],
                network_profile=devops.NetworkProfileArgs(subnet_id=self._args.network.subnet_ids[Subnet.AGENTS]),
                os_profile=devops.OsProfileArgs(logon_type=devops.LogonType.SERVICE),
            ),
            tags=self._place.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._args.ready),
        )
