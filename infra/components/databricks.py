"""Databricks workspace for data preparation, and the access connector through which Unity Catalog reaches the lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import databricks

from infra.parts import Part
from infra.placement import Exports, Placement, filled_in
from infra.subnets import Subnet


@dataclass(frozen=True, kw_only=True)
class DatabricksArgs:
    """The virtual network that clusters are injected into."""

    placement: Placement
    network_id: pulumi.Input[str]


class Databricks(pulumi.ComponentResource):
    """A premium workspace whose clusters have no public addresses."""

    ids: Mapping[Part, pulumi.Output[str]]
    """ARM ids of the workspace, and of the storage account that Azure makes for it in a group of its own."""
    connector_principal_id: pulumi.Output[str]
    """Object id of the access connector's identity."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: DatabricksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Databricks", name, None, opts)
        self._args = args
        connector = self._connector(name)
        workspace = self._workspace(name, connector.id)
        self.ids = {Part.DATABRICKS: workspace.id, Part.DATABRICKS_STORAGE: self._storage_id(workspace)}
        self.connector_principal_id = filled_in(
            connector, connector.identity, lambda identity: identity.principal_id if identity else ""
        )
        self.exports = {
            "databricks_id": workspace.id,
            "databricks_host": pulumi.Output.concat("https://", workspace.workspace_url),
            "access_connector_id": connector.id,
        }
        self.register_outputs(self.exports)

    def _workspace(self, name: str, connector_id: pulumi.Input[str]) -> databricks.Workspace:
        placement, private = self._args.placement, self._args.placement.private
        return databricks.Workspace(
            name,
            workspace_name=placement.names.databricks,
            resource_group_name=placement.resource_group,
            location=placement.location,
            managed_resource_group_id=self._managed_group(),
            sku=databricks.SkuArgs(name="premium"),
            compute_mode=databricks.ComputeMode.HYBRID,
            parameters=self._injected(),
            public_network_access=(
                databricks.PublicNetworkAccess.DISABLED if private else databricks.PublicNetworkAccess.ENABLED
            ),
            required_nsg_rules=(
                databricks.RequiredNsgRules.NO_AZURE_DATABRICKS_RULES if private else databricks.RequiredNsgRules.ALL_RULES
            ),
            default_storage_firewall=(
                databricks.DefaultStorageFirewall.ENABLED if private else databricks.DefaultStorageFirewall.DISABLED
            ),
            access_connector=databricks.WorkspacePropertiesAccessConnectorArgs(
                id=connector_id, identity_type=databricks.IdentityType.SYSTEM_ASSIGNED
            ),
            tags=placement.tags,
            opts=placement.kept(self),
        )

    def _injected(self) -> databricks.WorkspaceCustomParametersArgs:
        """Clusters live in the platform's network, without public addresses; none of this can be changed later."""
        text = databricks.WorkspaceCustomStringParameterArgs
        return databricks.WorkspaceCustomParametersArgs(
            enable_no_public_ip=databricks.WorkspaceNoPublicIPBooleanParameterArgs(value=True),
            custom_virtual_network_id=text(value=self._args.network_id),
            custom_public_subnet_name=text(value=Subnet.DATABRICKS_HOST.full_name),
            storage_account_name=text(value=self._args.placement.names.databricks_storage),
            custom_private_subnet_name=text(value=Subnet.DATABRICKS_CONTAINER.full_name),
        )

    def _managed_group(self) -> pulumi.Output[str]:
        placement = self._args.placement
        return pulumi.Output.format(
            "/subscriptions/{0}/resourceGroups/{1}", placement.subscription_id, placement.names.databricks_group
        )

    def _storage_id(self, workspace: databricks.Workspace) -> pulumi.Output[str]:
        """The account is there once the workspace is."""
        account = f"/providers/Microsoft.Storage/storageAccounts/{self._args.placement.names.databricks_storage}"
        return pulumi.Output.all(workspace.id, self._managed_group()).apply(lambda known: f"{known[1]}{account}")

    def _connector(self, name: str) -> databricks.AccessConnector:
        placement = self._args.placement
        return databricks.AccessConnector(
            f"{name}-connector",
            connector_name=placement.names.access_connector,
            resource_group_name=placement.resource_group,
            location=placement.location,
            identity=databricks.ManagedServiceIdentityArgs(type=databricks.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
