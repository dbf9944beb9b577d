"""Rules for storage accounts, their containers and their blob service."""

from __future__ import annotations

from functools import partial

from pulumi_policy import Severity

from .checks import between, equal, one_of, unset_or_false
from .properties import Properties
from .rule import Check, Rule, Terms
from .sources import built_in, checkov, ckv, ckv2, own, pol, psrule, well_architected

ACCOUNT = "azure-native:storage:StorageAccount"
DOCS = "https://learn.microsoft.com/azure/storage"

_account = partial(Rule, kinds=(ACCOUNT,))
_blobs = partial(Rule, kinds=("azure-native:storage:BlobServiceProperties",))


def _is_lake(properties: Properties) -> bool:
    """Tell whether the account is named as a lake (`dls...`)."""
    name = properties.get("accountName")
    return isinstance(name, str) and name.startswith("dls")


def _kept(name: str) -> tuple[Check, ...]:
    return (equal(f"{name}.enabled", wanted=True), between(f"{name}.days", 7, 365))


def _replicated(terms: Terms) -> tuple[Check, ...]:
    return (one_of("sku.name", *terms["skus"]),)


RULES = (
    _account(
        id="st-https",
        title="Storage accounts accept HTTPS only",
        breach="The storage account may accept plain HTTP, which shows tokens and data to the network.",
        checks=(equal("enableHttpsTrafficOnly", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("196", ckv(3), pol("404c3081")),
        remedy="Set enable_https_traffic_only=True on the StorageAccount.",
        url=f"{DOCS}/common/storage-require-secure-transfer",
    ),
    _account(
        id="st-tls12",
        title="Storage accounts demand TLS 1.2",
        breach="The storage account may accept a TLS version that is known to be weak.",
        # TLS1_3 is in the SDK's enum, but the storage API refuses it as a minimum.
        checks=(equal("minimumTlsVersion", wanted="TLS1_2"),),
        severity=Severity.HIGH,
        source=psrule("200", ckv(44), pol("fe83a0eb")),
        remedy='Set minimum_tls_version="TLS1_2" on the StorageAccount.',
        url=f"{DOCS}/common/transport-layer-security-configure-minimum-version",
    ),
    _account(
        id="st-firewall",
        title="Storage firewalls deny by default",
        breach="Every network of the world may knock at the storage account.",
        checks=(equal("networkRuleSet.defaultAction", wanted="Deny"),),
        severity=Severity.HIGH,
        source=psrule("202", ckv(35), pol("34c877ad")),
        remedy='Set network_rule_set.default_action="Deny" and list the addresses or subnets that may enter.',
        url=f"{DOCS}/common/storage-network-security",
    ),
    _account(
        id="st-bypass",
        title="Only trusted Azure services pass a storage firewall",
        breach="The firewall lets through more than Event Grid, Azure ML and their like, or not even those.",
        # "AzureServices, Logging" also opens the account to classic logging, and Checkov refuses it.
        checks=(equal("networkRuleSet.bypass", wanted="AzureServices"),),
        severity=Severity.MEDIUM,
        source=checkov("36", pol("c9d007d0")),
        remedy='Set network_rule_set.bypass="AzureServices", and nothing beside it.',
        url=f"{DOCS}/common/storage-network-security",
    ),
    _account(
        id="st-no-public",
        title="Storage accounts have no public address",
        breach="The storage account answers on a public address, where one wrong firewall rule opens it.",
        checks=(equal("publicNetworkAccess", wanted="Disabled"),),
        severity=Severity.HIGH,
        source=checkov("59", pol("b2982f36")),
        remedy='Set public_network_access="Disabled" and give the account private endpoints for blob and dfs.',
        url=f"{DOCS}/common/storage-private-endpoints",
    ),
    Rule(
        id="st-container-private",
        title="Containers are private",
        breach="The container may be read by anyone who guesses the name of a blob.",
        kinds=("azure-native:storage:BlobContainer",),
        checks=(equal("publicAccess", wanted="None"),),
        severity=Severity.CRITICAL,
        source=psrule("199", ckv(34)),
        remedy='Set public_access="None" on the BlobContainer.',
        url=f"{DOCS}/blobs/anonymous-read-access-configure",
    ),
    _account(
        id="st-no-anonymous",
        title="Storage accounts allow no anonymous reads",
        breach="A container of the storage account could be opened to anonymous readers.",
        checks=(equal("allowBlobPublicAccess", wanted=False),),
        severity=Severity.CRITICAL,
        source=psrule("198", ckv(190), pol("4fa4b6c0")),
        remedy="Set allow_blob_public_access=False on the StorageAccount.",
        url=f"{DOCS}/blobs/anonymous-read-access-prevent",
    ),
    _account(
        id="st-no-shared-key",
        title="Storage accounts accept no keys",
        breach="Whoever holds an account key, or a signature made with it, may do everything and is nobody in the log.",
        checks=(equal("allowSharedKeyAccess", wanted=False),),
        severity=Severity.HIGH,
        source=psrule("Azure.Storage.LocalAuth", ckv2(40), pol("8c6a50c6")),
        remedy=(
            "Set allow_shared_key_access=False, give data roles to all who used keys, and system_datastores_auth_mode"
            " identity to an ML workspace on the account."
        ),
        url=f"{DOCS}/common/shared-key-authorization-prevent",
    ),
    _account(
        id="st-oauth-default",
        title="The portal opens storage with Entra logins",
        breach="The portal falls back to account keys, which a closed account refuses with a misleading error.",
        checks=(equal("defaultToOAuthAuthentication", wanted=True),),
        severity=Severity.LOW,
        source=well_architected("Security, service guide for Blob Storage"),
        remedy="Set default_to_o_auth_authentication=True on the StorageAccount.",
        url=f"{DOCS}/blobs/authorize-data-operations-portal",
    ),
    _account(
        id="st-no-cross-tenant",
        title="No blobs are replicated into other tenants",
        breach="Object replication could carry the data into an account of another organisation.",
        checks=(equal("allowCrossTenantReplication", wanted=False),),
        severity=Severity.HIGH,
        source=built_in("92a89a79"),
        remedy="Set allow_cross_tenant_replication=False on the StorageAccount.",
        url=f"{DOCS}/blobs/object-replication-prevent-cross-tenant-policies",
    ),
    _account(
        id="st-no-local-users",
        title="Storage accounts have no local users",
        breach="SFTP users with passwords of their own stand beside Entra and outlive every leaver.",
        checks=(equal("isLocalUserEnabled", wanted=False), unset_or_false("isSftpEnabled")),
        severity=Severity.MEDIUM,
        source=checkov("244"),
        remedy="Set is_local_user_enabled=False and is_sftp_enabled=False on the StorageAccount.",
        url=f"{DOCS}/blobs/secure-file-transfer-protocol-support",
    ),
    _account(
        id="st-infra-encryption",
        title="Storage is encrypted twice",
        breach="One broken cipher or key would be enough to read the disks.",
        checks=(equal("encryption.requireInfrastructureEncryption", wanted=True),),
        severity=Severity.LOW,
        source=built_in("4733ea7b"),
        remedy="Set encryption.require_infrastructure_encryption=True; it can't be changed on an account that exists.",
        url=f"{DOCS}/common/infrastructure-encryption-enable",
    ),
    _account(
        id="st-lake-hns",
        title="Lakes have directories",
        breach="Renames in the lake copy every blob, and Delta tables lose their atomic commits under Spark.",
        checks=(equal("isHnsEnabled", wanted=True),),
        severity=Severity.HIGH,
        source=own("lake"),
        remedy="Set is_hns_enabled=True on the account dls...; it can't be changed on an account that exists.",
        url=f"{DOCS}/blobs/data-lake-storage-namespace",
        applies=_is_lake,
    ),
    _account(
        id="st-prod-replicated",
        title="Production storage survives the loss of a zone",
        breach="A fire in one data centre takes the only copies with it.",
        checks=_replicated,
        severity=Severity.MEDIUM,
        source=psrule("195", ckv(206), pol("bf045164")),
        remedy="Set storage.sku in Pulumi.<stack>.yaml to a replicated one such as Standard_ZRS.",
        url=f"{DOCS}/common/storage-redundancy",
        terms={
            "skus": {
                "type": "array",
                "items": {"type": "string"},
                "default": ["Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS"],
            }
        },
    ),
    _blobs(
        id="st-blob-soft-delete",
        title="Deleted blobs can be brought back for a week",
        breach="A blob that is deleted or overwritten by mistake is gone at once.",
        checks=_kept("deleteRetentionPolicy"),
        severity=Severity.HIGH,
        source=psrule("197", ckv2(38)),
        remedy="Set delete_retention_policy with enabled=True and days=7 or more on the BlobServiceProperties.",
        url=f"{DOCS}/blobs/soft-delete-blob-overview",
    ),
    _blobs(
        id="st-container-soft-delete",
        title="Deleted containers can be brought back for a week",
        breach="A container that is deleted by mistake takes all its blobs with it.",
        checks=_kept("containerDeleteRetentionPolicy"),
        severity=Severity.HIGH,
        source=psrule("Azure.Storage.ContainerSoftDelete"),
        remedy="Set container_delete_retention_policy with enabled=True and days=7 or more on the BlobServiceProperties.",
        url=f"{DOCS}/blobs/soft-delete-container-overview",
    ),
)
