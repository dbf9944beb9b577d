"""Rules for Kubernetes clusters."""

from __future__ import annotations

from pulumi_policy import Severity

from .checks import equal
from .rule import Framework, Rule

RULES = (
    Rule(
        id="aks-no-local-accounts",
        title="Kubernetes clusters have no local accounts",
        demand="A Kubernetes cluster must have its local accounts switched off.",
        breach="The cluster may be entered with a certificate that names nobody and that no role can withdraw.",
        kinds=("azure-native:containerservice:ManagedCluster",),
        checks=(equal("disableLocalAccounts", wanted=True),),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure",
            "1.48",
            "AZR-000031",
            "Checkov CKV_AZURE_141; Azure Policy 993c2fcd-2b29-49d2-9eb0-df2c3a730c32",
        ),
        remedy="Set disable_local_accounts=True on the ManagedCluster, with an Entra aad_profile to log in by.",
        url="https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad",
    ),
)
