"""What of Azure DevOps is declared: connections, variables, environments with their checks, pipelines and what they may use.

Projects, repositories and groups are there under any name, as the local Azure DevOps takes any project.
Source: the reference of the provider azuredevops (pulumi.com/registry).
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, override

from local.endpoints import Endpoints
from local.provider.kinds.kind import ANY_NAME, Kind, References, at
from local.provider.wire import Properties
from local.resources import Resources
from local.tokens import TENANT

PREFIX = "azuredevops"


@dataclass(frozen=True, kw_only=True)
class DevOpsKind(Kind):
    """A kind of Azure DevOps: known by project and name; environments, pipelines and the like have numbers for ids."""

    @property
    @override
    def documentation(self) -> str:
        """Address of the provider's reference."""
        return f"https://www.pulumi.com/registry/packages/azuredevops/api-docs/{self.arm_type.rpartition('/')[2].lower()}"

    @override
    def id_of(self, inputs: Mapping[str, Any]) -> str:
        """A number that project, kind and name give."""
        name = "/".join(
            str(at(inputs, item)) for item in (*self.names, *(("pipelineId", "type") if "pipelineId" in inputs else ()))
        )
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{inputs.get('projectId', '')}/{self.arm_type}/{name}").int % 2**31)

    @override
    def parent_of(self, resource_id: str) -> str:
        """Nothing: projects are always there."""
        del resource_id
        return ""

    @override
    def facts(self, resource_id: str) -> Properties:
        """Nothing: names stand among the inputs."""
        del resource_id
        return {}


def _connection(_endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    """Issuer and subject of a connection's tokens ("Entra-issued tokens for Azure service connections", learn.microsoft.com)."""
    tenant = base64.urlsafe_b64encode(uuid.UUID(TENANT).bytes_le).decode().rstrip("=")
    subject = f"/eid1/c/pub/t/{tenant}/a/local/sc/{inputs.get('projectId', '')}/{resource_id}"
    issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    principal = at(inputs, "credentials.serviceprincipalid")
    return {
        "workloadIdentityFederationIssuer": issuer,
        "workloadIdentityFederationSubject": subject,
        "servicePrincipalId": principal,
    }


def _described(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    """The descriptor by which memberships and permissions name a user or a group."""
    return {"descriptor": resource_id}


def _kind(name: str, own: str, replace: str = "projectId", **more: Any) -> DevOpsKind:
    module = f"index/{name[0].lower()}{name[1:]}"
    return DevOpsKind(
        sdk_type=f"azuredevops:{module}:{name}",
        arm_type=f"{PREFIX}/{name}",
        names=(own,),
        rule=ANY_NAME,
        replace=(replace,),
        **more,
    )


def _targets(*paths: str) -> References:
    return lambda inputs: [str(value) for path in paths if (value := at(inputs, path))]


KINDS = (
    _kind("ServiceEndpointAzureRM", "serviceEndpointName", outputs=_connection),
    _kind("VariableGroup", "name"),
    _kind("Environment", "name"),
    _kind("CheckApproval", "targetResourceId", references=_targets("targetResourceId")),
    _kind("CheckExclusiveLock", "targetResourceId", references=_targets("targetResourceId")),
    _kind("BuildDefinition", "name"),
    _kind("PipelineAuthorization", "resourceId", references=_targets("resourceId", "pipelineId")),
    _kind("ServicePrincipalEntitlement", "originId", "originId", outputs=_described),
    _kind("Group", "displayName", "scope", outputs=_described),
    _kind("GroupMembership", "group", "group", references=_targets("group")),
    _kind("ProjectPermissions", "principal", references=_targets("principal")),
    _kind("BuildDefinitionPermissions", "principal", references=_targets("principal", "buildDefinitionId")),
)


def found(_resources: Resources, arguments: Properties) -> Properties:
    """A project, repository or group of a name, with the id that it always has."""
    name = f"{arguments.get('projectId', '')}/{arguments['name']}"
    known = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PREFIX}/{name}"))
    return {**arguments, "id": known, "originId": known}
