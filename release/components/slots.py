"""Production: two slots for an image each, an address for each slot, and the address that everyone calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from contracts.names import NAMESPACE, SCORING, SCORING_PORT
from contracts.outputs import PlatformOutputs
from release.components.certificate import Certificate
from release.environment import of_scoring
from release.platform_stack import Platform, known_once_made, once_made
from release.pods import TMP, WORKLOAD_IDENTITY, container_security, drained, environment, https_probe, pod, resources, scraped
from release.settings import SLOTS, Settings

PLATFORM_NETWORKS = "10.0.0.0/8"
"""Where networks of platforms lie; who calls a private one is in its network, or joined to it."""
PROGRESS_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class SlotsArgs:
    """The digests of the slots, which of them is active, what pods prove their name by, and what puts them into the namespace."""

    platform: Platform
    settings: Settings
    certificate: Certificate
    options: pulumi.ResourceOptions


class Slots(pulumi.ComponentResource):
    """Slots without a digest are absent. Moving the selector of the Service is all that a release or a return does."""

    urls: Mapping[str, pulumi.Output[str]]
    """Where each slot answers; empty without a digest."""
    production_url: pulumi.Output[str]
    """Where production answers; empty while no slot is active."""
    digests: Mapping[str, pulumi.Output[str]]
    """What runs in each slot."""
    active: pulumi.Output[str]
    """The slot that production calls."""

    def __init__(self, name: str, args: SlotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:release:Slots", name, None, opts)
        self._args, self._settings = args, args.settings
        deployments = {slot: self._deployment(slot, digest) for slot, digest in self._settings.slot_digests.items() if digest}
        services = {slot: self._service(f"{SCORING}-{slot}", slot, [made]) for slot, made in deployments.items()}
        for slot in deployments:
            self._disruption_budget(slot)
        self.urls = {slot: _url(services[slot]) if slot in services else pulumi.Output.from_input("") for slot in SLOTS}
        active = self._settings.active
        production = self._service(SCORING, active, [deployments[active]]) if active else None
        self.production_url = _url(production) if production else pulumi.Output.from_input("")
        self.digests = {slot: once_made(deployments.get(slot), self._settings.slot_digests[slot]) for slot in SLOTS}
        self.active = once_made(production, active)
        self.register_outputs({"production_url": self.production_url})

    def _options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        own = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        return pulumi.ResourceOptions.merge(self._args.options, own)

    def _deployment(self, slot: str, digest: str) -> apps.v1.Deployment:
        labels = _labels(slot)
        return apps.v1.Deployment(
            f"{SCORING}-{slot}",
            metadata=_named(f"{SCORING}-{slot}", labels),
            spec=apps.v1.DeploymentSpecArgs(
                replicas=self._settings.replicas,
                progress_deadline_seconds=PROGRESS_SECONDS,
                revision_history_limit=2,
                selector=meta.v1.LabelSelectorArgs(match_labels=labels),
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels={**labels, **WORKLOAD_IDENTITY}, annotations=scraped("/metrics", SCORING_PORT)
                    ),
                    spec=pod(SCORING, self._container(slot, digest), labels, self._args.certificate.volume),
                ),
            ),
            opts=self._options(self._args.certificate.fetched),
        )

    def _listening(self) -> Mapping[str, str]:
        return {"PORT": str(SCORING_PORT), "TLS_FILE": self._args.certificate.file}

    def _container(self, slot: str, digest: str) -> core.v1.ContainerArgs:
        platform = self._args.platform
        return core.v1.ContainerArgs(
            name=SCORING,
            image=platform.image(SCORING, digest),
            image_pull_policy="IfNotPresent",
            ports=[core.v1.ContainerPortArgs(name="https", container_port=SCORING_PORT, protocol="TCP")],
            env=environment(platform.get(lambda outputs: {**of_scoring(outputs, digest, slot), **self._listening()})),
            resources=resources(self._settings.scoring),
            security_context=container_security(),
            startup_probe=https_probe("/live", SCORING_PORT, period=2, failures=60),
            liveness_probe=https_probe("/live", SCORING_PORT, period=10, failures=3),
            readiness_probe=https_probe("/ready", SCORING_PORT, period=2, failures=3),
            lifecycle=drained(),
            volume_mounts=[TMP, self._args.certificate.mount],
        )

    def _service(self, name: str, slot: str, after: list[pulumi.Resource]) -> core.v1.Service:
        return core.v1.Service(
            f"{name}-address",
            metadata=_named(name, {"app": SCORING}, self._args.platform.get(_address_annotations)),
            spec=core.v1.ServiceSpecArgs(
                type="LoadBalancer",
                selector=_labels(slot),
                ports=[core.v1.ServicePortArgs(name="https", port=SCORING_PORT, target_port=SCORING_PORT, protocol="TCP")],
                load_balancer_source_ranges=self._args.platform.get(self._callers),
            ),
            opts=self._options(*after),
        )

    def _callers(self, outputs: PlatformOutputs) -> list[str]:
        """Whom load balancers let in; agents inside a public platform's network reach its own public addresses by its way out."""
        if outputs.private:
            return [PLATFORM_NETWORKS]
        return [_range(item) for item in (*self._settings.allowed_addresses, outputs.way_out)]

    def _disruption_budget(self, slot: str) -> None:
        policy.v1.PodDisruptionBudget(
            f"{SCORING}-{slot}-budget",
            metadata=_named(f"{SCORING}-{slot}", _labels(slot)),
            spec=policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1, selector=meta.v1.LabelSelectorArgs(match_labels=_labels(slot))
            ),
            opts=self._options(),
        )


def _labels(slot: str) -> dict[str, str]:
    return {"app": SCORING, "slot": slot}


def _named(
    name: str, labels: Mapping[str, str], annotations: pulumi.Output[dict[str, str]] | None = None
) -> meta.v1.ObjectMetaArgs:
    return meta.v1.ObjectMetaArgs(name=name, namespace=NAMESPACE, labels=dict(labels), annotations=annotations)


def _address_annotations(outputs: PlatformOutputs) -> dict[str, str]:
    """In a private platform, an address of the cluster's own subnet ("Internal load balancer", learn.microsoft.com)."""
    return {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"} if outputs.private else {}


def _range(address: str) -> str:
    return address if "/" in address else f"{address}/32"


def _url(service: core.v1.Service) -> pulumi.Output[str]:
    return known_once_made(service, service.status, _address)


def _address(status: core.v1.outputs.ServiceStatus | None) -> str:
    balancer = status.load_balancer if status else None
    entries = (balancer.ingress if balancer else None) or []
    return f"https://{entries[0].ip or entries[0].hostname}:{SCORING_PORT}" if entries else ""
