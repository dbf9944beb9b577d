"""Rules for Databricks workspaces and access connectors."""

from __future__ import annotations

from functools import partial

from pulumi_policy import Severity

from .checks import equal, filled, none_of
from .rule import Rule
from .sources import built_in, ckv, documentation, pol, psrule

DOCS = "https://learn.microsoft.com/azure/databricks/security/network"
NETWORK = ("customVirtualNetworkId", "customPublicSubnetName", "customPrivateSubnetName")

_workspace = partial(Rule, kinds=("azure-native:databricks:Workspace",))

RULES = (
    _workspace(
        id="dbw-no-public",
        title="Databricks workspaces have no public address",
        breach="The workspace answers on a public address to everyone who has a login.",
        checks=(equal("publicNetworkAccess", wanted="Disabled"),),
        severity=Severity.HIGH,
        source=psrule("410", ckv(158), pol("0e7849de")),
        remedy='Set public_network_access="Disabled" on the Workspace and give it private endpoints.',
        url=f"{DOCS}/front-end/front-end-private-connect",
    ),
    _workspace(
        id="dbw-premium",
        title="Databricks workspaces know roles",
        breach="Below the premium tier everyone in the workspace may do everything.",
        checks=(equal("sku.name", wanted="premium"),),
        severity=Severity.HIGH,
        source=psrule("409", pol("2cc2c3b5")),
        remedy='Set sku.name="premium" on the Workspace.',
        url="https://learn.microsoft.com/azure/databricks/admin/",
    ),
    _workspace(
        id="dbw-no-public-ip",
        title="Databricks nodes have no public addresses",
        breach="Every node of every cluster stands on a public address.",
        checks=(equal("parameters.enableNoPublicIp.value", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("393", pol("51c1490f")),
        remedy="Set parameters.enable_no_public_ip.value=True; it can't be changed on a workspace that exists.",
        url=f"{DOCS}/classic/secure-cluster-connectivity",
    ),
    _workspace(
        id="dbw-vnet",
        title="Databricks clusters run in the platform's network",
        breach="Clusters run in a network of Azure's choice, which no firewall of the lake can name.",
        checks=tuple(filled(f"parameters.{name}.value") for name in NETWORK),
        severity=Severity.HIGH,
        source=built_in("9c25c9e4"),
        remedy="Set the custom network and both subnets in parameters; they can't be changed on a workspace that exists.",
        url=f"{DOCS}/classic/vnet-inject",
    ),
    _workspace(
        id="dbw-storage-firewall",
        title="The storage that comes with Databricks is closed",
        breach="The account that Databricks makes for itself is open to every network.",
        checks=(equal("defaultStorageFirewall", wanted="Enabled"), filled("accessConnector.id")),
        severity=Severity.MEDIUM,
        source=documentation("Databricks: firewall support for the workspace storage account"),
        remedy='Set default_storage_firewall="Enabled" and access_connector on the Workspace.',
        url=f"{DOCS}/storage/firewall-support",
    ),
    _workspace(
        id="dbw-nsg-rules",
        title="Private workspaces need no rules for Azure's control plane",
        breach="Databricks opens the subnets' security groups to its control plane, which a private workspace never uses.",
        checks=(equal("requiredNsgRules", wanted="NoAzureDatabricksRules"),),
        severity=Severity.MEDIUM,
        source=documentation("Databricks: back-end private connectivity"),
        remedy='Set required_nsg_rules="NoAzureDatabricksRules" together with public_network_access="Disabled".',
        url=f"{DOCS}/classic/private-link",
    ),
    Rule(
        id="dbw-connector-identity",
        title="Access connectors have an identity",
        breach="Unity Catalog can't reach the lake without an identity, and somebody will give it a key.",
        kinds=("azure-native:databricks:AccessConnector",),
        checks=(none_of("identity.type", "None"),),
        severity=Severity.HIGH,
        source=documentation("Databricks: managed identities in Unity Catalog"),
        remedy='Set identity.type="SystemAssigned" on the AccessConnector.',
        url="https://learn.microsoft.com/azure/databricks/connect/unity-catalog/cloud-storage/azure-managed-identities",
    ),
)
