"""Rules for key vaults."""

from __future__ import annotations

from pulumi_policy import Severity

from .checks import equal
from .rule import Framework, Rule

RULES = (
    Rule(
        id="kv-rbac",
        title="Key vaults are opened by roles",
        demand="A key vault must decide by Azure roles, not by access policies of its own.",
        breach="The key vault falls back to access policies, which no role table and no review of roles shows.",
        kinds=("azure-native:keyvault:Vault",),
        # The SDK sends false when a program says nothing.
        checks=(equal("properties.enableRbacAuthorization", wanted=True),),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure", "1.48", "Azure.KeyVault.RBAC", "Azure Policy 12d4fa5e-1f9f-4c21-97a9-b99b3c6611b5"
        ),
        remedy="Set properties.enable_rbac_authorization=True on the Vault and give roles such as Key Vault Secrets User.",
        url="https://learn.microsoft.com/azure/key-vault/general/rbac-guide",
    ),
)
