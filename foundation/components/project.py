"""What every project on Azure DevOps that deploys needs: a service connection without a secret, and the shared variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_azuredevops as azuredevops

from contracts.names import connection
from foundation.components.login import Login
from foundation.organisation import Organisation
from foundation.placement import Placement

FEDERATION = "WorkloadIdentityFederation"
ENVIRONMENT = "environment"


@dataclass(frozen=True, kw_only=True)
class ProjectArgs:
    """The project's name, whom its pipelines log in as, and the variables of their group."""

    name: str
    placement: Placement
    organisation: Organisation
    login: Login
    variables: Mapping[str, pulumi.Input[str]]


class Project(pulumi.ComponentResource):
    """A project that was there before; nothing of it but what stands here is changed."""

    id: pulumi.Output[str]
    """Id of the project."""

    def __init__(self, name: str, args: ProjectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        child = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[args.organisation.provider]))
        super().__init__("mlops-forecasting:foundation:Project", name, None, child)
        self._name, self._args = name, args
        self._stack = args.placement.settings.environment
        self.id = args.organisation.project_id(args.name)
        self._connection_id = self._connection().id
        self._group_id = self._variables().id
        self.register_outputs({"id": self.id})

    def environment(self, name: str, *, approvers: str = "", exclusive: bool = False) -> None:
        """An environment; before a job that names it runs, its approvers agree, and others wait where it is exclusive."""
        own = self._child()
        made = azuredevops.Environment(f"{self._name}-{name}", name=name, project_id=self.id, opts=own)
        target = {"project_id": self.id, "target_resource_id": made.id, "target_resource_type": ENVIRONMENT}
        if approvers:
            group = self._args.organisation.group_id(self.id, approvers)
            azuredevops.CheckApproval(
                f"{self._name}-{name}-approval",
                **target,
                approvers=[group],
                requester_can_approve=False,
                minimum_required_approvers=1,
                opts=own,
            )
        if exclusive:
            azuredevops.CheckExclusiveLock(f"{self._name}-{name}-lock", **target, opts=own)

    def pipeline(self, name: str, file: str) -> pulumi.Output[str]:
        """A pipeline from a file of the repository, which may use the connection and the variables; its id."""
        made = azuredevops.BuildDefinition(
            f"{self._name}-{name}",
            name=name,
            project_id=self.id,
            ci_trigger=azuredevops.BuildDefinitionCiTriggerArgs(use_yaml=True),
            repository=azuredevops.BuildDefinitionRepositoryArgs(
                repo_type="TfsGit", repo_id=self._args.organisation.repository_id, branch_name="refs/heads/main", yml_path=file
            ),
            opts=self._child(),
        )
        for kind, resource_id in {"endpoint": self._connection_id, "variablegroup": self._group_id}.items():
            azuredevops.PipelineAuthorization(
                f"{self._name}-{name}-{kind}",
                project_id=self.id,
                resource_id=resource_id,
                type=kind,
                pipeline_id=made.id.apply(int),
                opts=self._child(),
            )
        return made.id

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _connection(self) -> azuredevops.ServiceEndpointAzureRM:
        client = self._args.placement.client
        made = azuredevops.ServiceEndpointAzureRM(
            f"{self._name}-connection",
            project_id=self.id,
            service_endpoint_name=connection(self._stack),
            description=f"Deploys the stack {self._stack}",
            service_endpoint_authentication_scheme=FEDERATION,
            credentials=azuredevops.ServiceEndpointAzureRMCredentialsArgs(serviceprincipalid=self._args.login.client_id),
            azurerm_spn_tenantid=client.tenant_id,
            azurerm_subscription_id=client.subscription_id,
            azurerm_subscription_name=f"Subscription of {self._stack}",
            opts=self._child(),
        )
        issuer, subject = made.workload_identity_federation_issuer, made.workload_identity_federation_subject
        self._args.login.trust(f"{self._name}-{self._stack}", issuer, subject)
        return made

    def _variables(self) -> azuredevops.VariableGroup:
        variables = [
            azuredevops.VariableGroupVariableArgs(name=name, value=value) for name, value in self._args.variables.items()
        ]
        return azuredevops.VariableGroup(
            f"{self._name}-variables",
            name=connection(self._stack),
            project_id=self.id,
            allow_access=False,
            variables=variables,
            opts=self._child(),
        )
