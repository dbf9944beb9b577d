"""Storage accounts, their containers, and the settings that every account has one of."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import ONLY_DEFAULT, Kind, NameRule, name_in, rule
from local.provider.wire import Properties

CONTAINER_NAME = NameRule(
    pattern=r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", words="3-63 lower-case letters, digits and single dashes"
)


def _account(endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    """The local blob service is path-style: the account is the first segment, as in Azurite's addresses."""
    address = f"{endpoints.url('blob')}/{name_in(resource_id)}/"
    return {
        "primaryEndpoints": {"blob": address, "dfs": address},
        "primaryLocation": inputs.get("location", ""),
        "provisioningState": "Succeeded",
        "statusOfPrimary": "available",
    }


def _container(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    return {"hasImmutabilityPolicy": False, "hasLegalHold": False, "leaseState": "Available", "leaseStatus": "Unlocked"}


ACCOUNT = Kind(
    sdk_type="azure-native:storage:StorageAccount",
    arm_type="Microsoft.Storage/storageAccounts",
    names=("accountName",),
    rule=rule(RULES["storage_account"], "AccountNameInvalid"),
    outputs=_account,
    replace=("isHnsEnabled", "dnsEndpointType", "encryption.requireInfrastructureEncryption"),
)
CONTAINER = Kind(
    sdk_type="azure-native:storage:BlobContainer",
    arm_type="Microsoft.Storage/storageAccounts/blobServices/containers",
    names=("accountName", "<default>", "containerName"),
    rule=CONTAINER_NAME,
    outputs=_container,
)
BLOB_SERVICE = Kind(
    sdk_type="azure-native:storage:BlobServiceProperties",
    arm_type="Microsoft.Storage/storageAccounts/blobServices",
    names=("accountName", "blobServicesName"),
    rule=ONLY_DEFAULT,
    with_parent=True,
)
MANAGEMENT_POLICY = Kind(
    sdk_type="azure-native:storage:ManagementPolicy",
    arm_type="Microsoft.Storage/storageAccounts/managementPolicies",
    names=("accountName", "managementPolicyName"),
    rule=ONLY_DEFAULT,
)
KINDS = (ACCOUNT, CONTAINER, BLOB_SERVICE, MANAGEMENT_POLICY)
