"""Who starts releases: the event handler, as a user of Azure DevOps who may start one pipeline of one project."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_azuredevops as azuredevops

from foundation.components.project import Project
from foundation.organisation import Organisation

PROJECT_RIGHTS = {"GENERIC_READ": "Allow"}
PIPELINE_RIGHTS = dict.fromkeys(("ViewBuildDefinition", "ViewBuilds", "QueueBuilds"), "Allow")
"""To find the pipeline and its runs, and to start one."""
BASIC = "express"
"""A stakeholder, who costs nothing, starts pipelines only in organisations that say so ("Provide Stakeholders access to edit build
and release pipelines", learn.microsoft.com)."""


@dataclass(frozen=True, kw_only=True)
class StarterArgs:
    """The object id of the identity, the project of the releases, and the id of its pipeline."""

    principal_id: str
    project: Project
    pipeline_id: pulumi.Input[str]
    organisation: Organisation


class Starter(pulumi.ComponentResource):
    """A user by way of a group, since rights on projects and pipelines are given to groups.

    Source: "Use service principals and managed identities in Azure DevOps" (learn.microsoft.com): the organisation has to be
    connected to the tenant of the identity.
    """

    def __init__(self, name: str, args: StarterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        child = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[args.organisation.provider]))
        super().__init__("mlops-forecasting:foundation:Starter", name, None, child)
        own = pulumi.ResourceOptions(parent=self)
        user = azuredevops.ServicePrincipalEntitlement(
            name, origin_id=args.principal_id, origin="aad", account_license_type=BASIC, opts=own
        )
        group = azuredevops.Group(
            f"{name}-group",
            scope=args.project.id,
            display_name="release-starters",
            description="May start the releases of this project",
            opts=own,
        )
        azuredevops.GroupMembership(f"{name}-member", group=group.descriptor, members=[user.descriptor], mode="add", opts=own)
        given = {"project_id": args.project.id, "principal": group.descriptor}
        azuredevops.ProjectPermissions(f"{name}-project", **given, permissions=PROJECT_RIGHTS, opts=own)
        azuredevops.BuildDefinitionPermissions(
            f"{name}-pipeline", **given, build_definition_id=args.pipeline_id, permissions=PIPELINE_RIGHTS, opts=own
        )
        self.register_outputs({})
