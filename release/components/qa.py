"""QA: the image in a container group of its own, as it will run in production, until the release is decided."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerinstance as aci

from contracts.names import SCORING, SCORING_PORT
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
    """A container group that pulls and works as the identity `scoring`; it is given no secret.

    It has no security context, which Azure takes for confidential groups alone: user and rights are the image's own. In a
    private platform it stands in the platform's network; in a public one its address is public while the release runs.
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
                type=platform.get(_address_type), ports=[aci.PortArgs(port=SCORING_PORT, protocol="TCP")]
            ),
            subnet_ids=platform.get(_subnets),
            containers=[self._container()],
            tags=self._settings.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _container(self) -> aci.ContainerArgs:
        digest, size = self._settings.qa_digest, self._settings.scoring
        cpu, memory = size.cpu_millis / 1000, round(size.memory_mb / MEBI_PER_GIGA, 1)
        values = self._platform.get(lambda outputs: of_scoring(outputs, digest, "qa"))
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
        return known_once_made(group, group.ip_address, lambda address: f"http://{address.ip}:{SCORING_PORT}" if address else "")


def _address_type(outputs: PlatformOutputs) -> aci.ContainerGroupIpAddressType:
    return aci.ContainerGroupIpAddressType.PRIVATE if outputs.private else aci.ContainerGroupIpAddressType.PUBLIC


def _subnets(outputs: PlatformOutputs) -> list[aci.ContainerGroupSubnetIdArgs]:
    return [aci.ContainerGroupSubnetIdArgs(id=outputs.qa_subnet_id)] if outputs.private else []


def _probe(path: str, *, failures: int) -> aci.ContainerProbeArgs:
    return aci.ContainerProbeArgs(
        http_get=aci.ContainerHttpGetArgs(path=path, port=SCORING_PORT, scheme=aci.Scheme.HTTP),
        initial_delay_seconds=5,
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=failures,
    )
