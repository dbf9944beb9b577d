"""Rules for Event Hubs namespaces."""

from __future__ import annotations

from pulumi_policy import Severity

from .checks import equal
from .rule import Framework, Rule

RULES = (
    Rule(
        id="eh-no-local-auth",
        title="Event Hubs accept no shared keys",
        demand="An Event Hubs namespace must accept Entra identities only.",
        breach="The namespace may be entered with a shared access key, which names no sender and never expires.",
        kinds=("azure-native:eventhub:Namespace",),
        checks=(equal("disableLocalAuth", wanted=True),),
        severity=Severity.HIGH,
        framework=Framework("PSRule for Azure", "1.48", "AZR-000102", "Azure Policy 5d4e3c65-4873-47be-94f3-6f8b953a3598"),
        remedy="Set disable_local_auth=True on the Namespace and give Azure Event Hubs Data Sender or Receiver.",
        url="https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature",
    ),
)
