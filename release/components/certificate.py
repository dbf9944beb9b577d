"""The certificate of production's address, as pods get it: a file that the cluster fetches from the platform's vault."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apiextensions, core

from contracts.names import CERTIFICATE, NAMESPACE
from contracts.outputs import PlatformOutputs
from release.platform_stack import Platform

DRIVER = "secrets-store.csi.k8s.io"
FOLDER = "/mnt/tls"
FILE = f"{CERTIFICATE}.pem"
VOLUME = "tls"


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """The platform whose vault holds it, and what puts resources into the cluster's namespace."""

    platform: Platform
    options: pulumi.ResourceOptions


class Certificate(pulumi.ComponentResource):
    """What pods mount: key and certificate in one PEM file, renewed in place when the vault has a newer version.

    The pods' own identity reads it; the cluster's add-on looks every two minutes (infra.components.cluster). Source: "Use the
    Azure Key Vault provider for Secrets Store CSI Driver in AKS" (learn.microsoft.com).
    """

    volume: core.v1.VolumeArgs
    """For the pod."""
    mount: core.v1.VolumeMountArgs
    """For its container."""
    file: str
    """Where the container finds it."""
    fetched: apiextensions.CustomResource
    """What pods wait for."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:release:Certificate", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.fetched = apiextensions.CustomResource(
            name,
            api_version="secrets-store.csi.x-k8s.io/v1",
            kind="SecretProviderClass",
            metadata={"name": CERTIFICATE, "namespace": NAMESPACE},
            spec={"provider": "azure", "parameters": args.platform.get(_parameters)},
            opts=pulumi.ResourceOptions.merge(args.options, own),
        )
        self.volume = core.v1.VolumeArgs(
            name=VOLUME,
            csi=core.v1.CSIVolumeSourceArgs(
                driver=DRIVER, read_only=True, volume_attributes={"secretProviderClass": CERTIFICATE}
            ),
        )
        self.mount = core.v1.VolumeMountArgs(name=VOLUME, mount_path=FOLDER, read_only=True)
        self.file = f"{FOLDER}/{FILE}"
        self.register_outputs({})


def _parameters(outputs: PlatformOutputs) -> dict[str, str]:
    """As the provider takes them; of a certificate, what it calls a secret has the key with it."""
    return {
        "keyvaultName": outputs.key_vault_name,
        "tenantId": outputs.tenant_id,
        "clientID": outputs.identities["scoring"]["client_id"],
        "usePodIdentity": "false",
        "objects": f"array:\n  - |\n    objectName: {CERTIFICATE}\n    objectType: secret\n    objectAlias: {FILE}\n",
    }
