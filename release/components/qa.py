"""QA: the image in a container group of its own, as it will run in production, until the release is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerinstance as aci

from contracts.names import CERTIFICATE, SCORING, SCORING_PORT
from contracts.outputs import PlatformOutputs
from release.environment import of_scoring
from release.platform_stack import Platform, known_once_made, once_made
from release.settings import Settings

MEBI_PER_GIGA = 1024


@dataclass(frozen=True, kw_only=True)
class QaArgs:
    """The platform, and the digest that is in QA; without one there is no container group."""

    platform: Platform
    settings: Settings


class Qa(pulumi.ComponentResource):
    """A container group in the platform's network that pulls and works as the identity `scoring`; it is given no secret, but where one is.

    It has no security context, which Azure takes for confidential groups alone: user and rights are the image's own. Its
    subnet is one that the firewalls of storage and vault admit; outside of it a group has no address that they could know.
    """

    url: pulumi.Output[str]
    """Where it answers; empty without a digest."""
    digest: pulumi.Output[str]
    """What runs there."""

    def __init__(self, name: str, args: QaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:release:Qa", name, None, opts)
        self._platform, self._settings = args.platform, args.settings
        group = self._group(name) if args.settings.qa_digest else None
        self.url = self._url(group) if group else pulumi.Output.from_input("")
        self.digest = once_made(group, args.settings.qa_digest)
        self.register_outputs({"url": self.url})

    def _group(self, name: str) -> aci.ContainerGroup:
        platform, identity = self._platform, self._platform.identity("scoring", "id")
        server = platform.get(lambda outputs: outputs.registry_login_server)
        return aci.ContainerGroup(
            name,
            container_group_name=platform.get(lambda outputs: f"aci-{outputs.resource_group.removeprefix('rg-')}"),
            resource_group_name=platform.get(lambda outputs: outputs.resource_group),
            location=platform.get(lambda outputs: outputs.location),
            sku=aci.ContainerGroupSku.STANDARD,
            os_type=aci.OperatingSystemTypes.LINUX,
            restart_policy=aci.ContainerGroupRestartPolicy.ALWAYS,
            identity=aci.ContainerGroupIdentityArgs(
                type=aci.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity]
            ),
            image_registry_credentials=[aci.ImageRegistryCredentialArgs(server=server, identity=identity)],
            ip_address=aci.IpAddressArgs(
                type=aci.ContainerGroupIpAddressType.PRIVATE, ports=[aci.PortArgs(port=SCORING_PORT, protocol="TCP")]
            ),
            subnet_ids=[aci.ContainerGroupSubnetIdArgs(id=platform.get(lambda outputs: outputs.qa_subnet_id))],
            containers=[self._container()],
            tags=self._settings.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _container(self) -> aci.ContainerArgs:
        digest, size = self._settings.qa_digest, self._settings.scoring
        cpu, memory = size.cpu_millis / 1000, round(size.memory_mb / MEBI_PER_GIGA, 1)
        values = self._platform.get(lambda outputs: {**of_scoring(outputs, digest, "qa"), **_listening(outputs)})
        return aci.ContainerArgs(
            name=SCORING,
            image=self._platform.image(SCORING, digest),
            ports=[aci.ContainerPortArgs(port=SCORING_PORT, protocol="TCP")],
            environment_variables=values.apply(
                lambda items: [aci.EnvironmentVariableArgs(name=name, value=items[name]) for name in sorted(items)]
            ),
            resources=aci.ResourceRequirementsArgs(
                requests=aci.ResourceRequestsArgs(cpu=cpu, memory_in_gb=memory),
                limits=aci.ResourceLimitsArgs(cpu=cpu, memory_in_gb=memory),
            ),
            liveness_probe=_probe("/live", failures=6),
            readiness_probe=_probe("/ready", failures=3),
        )

    def _url(self, group: aci.ContainerGroup) -> pulumi.Output[str]:
        return known_once_made(group, group.ip_address, lambda address: f"https://{address.ip}:{SCORING_PORT}" if address else "")


def _listening(outputs: PlatformOutputs) -> Mapping[str, str]:
    """No volume of a container group is filled from a vault, so that the service reads it by itself."""
    return {"PORT": str(SCORING_PORT), "TLS_URL": f"{outputs.key_vault_uri.rstrip('/')}/secrets/{CERTIFICATE}"}


def _probe(path: str, *, failures: int) -> aci.ContainerProbeArgs:
    return aci.ContainerProbeArgs(
        http_get=aci.ContainerHttpGetArgs(path=path, port=SCORING_PORT, scheme=aci.Scheme.HTTPS),
        initial_delay_seconds=5,
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=failures,
    )
