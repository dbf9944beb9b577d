"""Key vaults; certificates answer at the address, keys nowhere."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, name_in, rule
from local.provider.wire import Properties


def _vault(endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    added = {"vaultUri": f"{endpoints.url('keyvault')}/{name_in(resource_id).lower()}/", "provisioningState": "Succeeded"}
    return {"properties": {**inputs["properties"], **added}}


VAULT = Kind(
    sdk_type="azure-native:keyvault:Vault",
    arm_type="Microsoft.KeyVault/vaults",
    names=("vaultName",),
    rule=rule(RULES["key_vault"], "VaultNameNotValid"),
    outputs=_vault,
    addresses=("properties.vaultUri",),
)
KEY = Kind(
    sdk_type="azure-native:keyvault:Key",
    arm_type="Microsoft.KeyVault/vaults/keys",
    names=("vaultName", "keyName"),
    rule=rule((r"[A-Za-z0-9-]{1,127}", "1-127 letters, digits and dashes")),
    replace=("properties.kty", "properties.keySize"),
)
KINDS = (VAULT, KEY)
