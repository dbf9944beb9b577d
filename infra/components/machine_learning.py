"""Machine-learning workspace and its two training clusters, which cost nothing while they have no work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as aml

from infra.parts import Part
from infra.placement import Exports, Placement
from infra.roles import Place, Scope
from infra.sections import ComputeSettings

CPU, GPU = "cpu", "gpu"
"""Names of the two clusters; steps of the training pipeline ask for them."""


@dataclass(frozen=True, kw_only=True)
class MachineLearningArgs:
    """What the workspace is built on; `ready` are the roles that its identity must hold before Azure creates it."""

    placement: Placement
    workspace_identity_id: pulumi.Input[str]
    training_identity_id: pulumi.Input[str]
    stores: Mapping[Part, pulumi.Input[str]]
    insights_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    settings: ComputeSettings
    ready: Sequence[pulumi.Resource]


class MachineLearning(pulumi.ComponentResource):
    """A workspace that reaches its storage by identity, and clusters that run jobs as the training identity."""

    id: pulumi.Output[str]
    """ARM id of the workspace."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: MachineLearningArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:MachineLearning", name, None, opts)
        self._args = args
        workspace = self._workspace(name)
        self._workspace_name = workspace.name
        self._cluster(CPU, args.settings.cpu_size, args.settings.cpu_max_nodes)
        self._cluster(GPU, args.settings.gpu_size, args.settings.gpu_max_nodes)
        self.id = workspace.id
        self.scopes = {Place.WORKSPACE: workspace.id}
        self.exports = {"ml_workspace": workspace.name, "mlflow_tracking_uri": workspace.ml_flow_tracking_uri}
        self.register_outputs(self.exports)

    def _workspace(self, name: str) -> aml.Workspace:
        args, placement = self._args, self._args.placement
        return aml.Workspace(
            name,
            workspace_name=placement.names.machine_learning,
            resource_group_name=placement.resource_group,
            location=placement.location,
            kind="Default",
            sku=aml.SkuArgs(name="Basic", tier=aml.SkuTier.BASIC),
            identity=_user_assigned(args.workspace_identity_id),
            primary_user_assigned_identity=args.workspace_identity_id,
            storage_account=args.stores[Part.ML_STORAGE],
            container_registry=args.stores[Part.REGISTRY],
            key_vault=args.stores[Part.VAULT],
            application_insights=args.insights_id,
            system_datastores_auth_mode=aml.SystemDatastoresAuthMode.IDENTITY,
            public_network_access=(
                aml.PublicNetworkAccessType.DISABLED if placement.private else aml.PublicNetworkAccessType.ENABLED
            ),
            # The registry's own agents don't reach it in a private network; nodes of the cluster do.
            image_build_compute=CPU,
            allow_public_access_when_behind_vnet=False,
            v1_legacy_mode=False,
            tags=placement.tags,
            opts=pulumi.ResourceOptions.merge(placement.kept(self), pulumi.ResourceOptions(depends_on=list(args.ready))),
        )

    def _cluster(self, name: str, size: str, most: int) -> None:
        args, placement = self._args, self._args.placement
        aml.Compute(
            name,
            compute_name=name,
            workspace_name=self._workspace_name,
            resource_group_name=placement.resource_group,
            location=placement.location,
            identity=_user_assigned(args.training_identity_id),
            properties=aml.AmlComputeArgs(
                compute_type="AmlCompute",
                compute_location=placement.location,
                disable_local_auth=True,
                properties=_nodes(size, most, args),
            ),
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _user_assigned(identity_id: pulumi.Input[str]) -> aml.ManagedServiceIdentityArgs:
    return aml.ManagedServiceIdentityArgs(
        type=aml.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity_id]
    )


def _nodes(size: str, most: int, args: MachineLearningArgs) -> aml.AmlComputePropertiesArgs:
    return aml.AmlComputePropertiesArgs(
        vm_size=size,
        vm_priority=aml.VmPriority.DEDICATED,
        os_type=aml.OsType.LINUX,
        subnet=aml.ResourceIdArgs(id=args.subnet_id),
        enable_node_public_ip=False,
        remote_login_port_public_access=aml.RemoteLoginPortPublicAccess.DISABLED,
        scale_settings=aml.ScaleSettingsArgs(
            min_node_count=0, max_node_count=most, node_idle_time_before_scale_down=args.settings.idle
        ),
    )
