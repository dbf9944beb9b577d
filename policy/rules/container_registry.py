"""Rules for container registries."""

from __future__ import annotations

from pulumi_policy import Severity

from .checks import equal
from .rule import Framework, Rule

RULES = (
    Rule(
        id="acr-no-admin",
        title="Container registries have no admin account",
        demand="A container registry must have its shared admin account switched off.",
        breach="The registry may be entered with a shared password that can pull, push and delete every image.",
        kinds=("azure-native:containerregistry:Registry",),
        checks=(equal("adminUserEnabled", wanted=False),),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure",
            "1.48",
            "AZR-000005",
            "Checkov CKV_AZURE_137; Azure Policy dc921057-6b28-4fbe-9b83-f7bec05db6c2",
        ),
        remedy="Set admin_user_enabled=False on the Registry and give AcrPull to the identities that pull.",
        url="https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
    ),
)
