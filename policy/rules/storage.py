"""Rules for storage accounts."""

from __future__ import annotations

from pulumi_policy import Severity

from .checks import equal
from .rule import Framework, Rule

KINDS = ("azure-native:storage:StorageAccount",)

RULES = (
    Rule(
        id="st-https",
        title="Storage accounts accept HTTPS only",
        demand="A storage account must refuse plain HTTP.",
        breach="The storage account may accept plain HTTP, which shows tokens and data to the network.",
        kinds=KINDS,
        checks=(equal("enableHttpsTrafficOnly", wanted=True),),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure",
            "1.48",
            "AZR-000196",
            "Checkov CKV_AZURE_3; Azure Policy 404c3081-a854-4457-ae30-26a93ef643f9",
        ),
        remedy="Set enable_https_traffic_only=True on the StorageAccount.",
        url="https://learn.microsoft.com/azure/storage/common/storage-require-secure-transfer",
    ),
    Rule(
        id="st-tls12",
        title="Storage accounts demand TLS 1.2",
        demand="A storage account must refuse TLS versions below 1.2.",
        breach="The storage account may accept a TLS version that is known to be weak.",
        kinds=KINDS,
        # TLS1_3 is in the SDK's enum, but the storage API refuses it as a minimum.
        checks=(equal("minimumTlsVersion", wanted="TLS1_2"),),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure",
            "1.48",
            "AZR-000200",
            "Checkov CKV_AZURE_44; Azure Policy fe83a0eb-a853-422d-aac2-1bffd182c5d0",
        ),
        remedy='Set minimum_tls_version="TLS1_2" on the StorageAccount.',
        url="https://learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version",
    ),
    Rule(
        id="st-no-anonymous",
        title="Storage accounts allow no anonymous reads",
        demand="A storage account must not let any container be read without a login.",
        breach="A container of the storage account could be opened to anonymous readers.",
        kinds=KINDS,
        checks=(equal("allowBlobPublicAccess", wanted=False),),
        severity=Severity.CRITICAL,
        framework=Framework(
            "PSRule for Azure",
            "1.48",
            "AZR-000198",
            "Checkov CKV_AZURE_190; Azure Policy 4fa4b6c0-31ca-4c0d-b10d-24b96f62a751",
        ),
        remedy="Set allow_blob_public_access=False on the StorageAccount.",
        url="https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent",
    ),
)
