"""The event handler: one pod with a name and a disk that outlive it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta

from contracts.names import HANDLER, NAMESPACE
from release.environment import STATE, of_handler
from release.platform_stack import Platform, once_made
from release.pods import TMP, WORKLOAD_IDENTITY, container_security, environment, exec_probe, pod, resources
from release.settings import Settings

DISK = "state"
HEARTBEAT = ["python", "-m", "events.status"]


@dataclass(frozen=True, kw_only=True)
class HandlerArgs:
    """The handler's digest; without one there is no handler."""

    platform: Platform
    settings: Settings
    options: pulumi.ResourceOptions


class Handler(pulumi.ComponentResource):
    """A StatefulSet of one replica: its name fences its place on the bus, its disk holds the inbox (docs/contracts.md, 5)."""

    digest: pulumi.Output[str]
    """What runs; empty when nothing does."""

    def __init__(self, name: str, args: HandlerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:release:Handler", name, None, opts)
        self._args, self._settings = args, args.settings
        made = self._stateful_set() if self._settings.handler_digest else None
        self.digest = once_made(made, self._settings.handler_digest)
        self.register_outputs({})

    def _stateful_set(self) -> apps.v1.StatefulSet:
        labels = {"app": HANDLER}
        return apps.v1.StatefulSet(
            HANDLER,
            metadata=meta.v1.ObjectMetaArgs(name=HANDLER, namespace=NAMESPACE, labels=labels),
            spec=apps.v1.StatefulSetSpecArgs(
                replicas=1,
                selector=meta.v1.LabelSelectorArgs(match_labels=labels),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels={**labels, **WORKLOAD_IDENTITY}),
                    spec=pod(HANDLER, self._container(), labels),
                ),
                volume_claim_templates=[self._disk()],
            ),
            opts=pulumi.ResourceOptions.merge(self._args.options, pulumi.ResourceOptions(parent=self)),
        )

    def _container(self) -> core.v1.ContainerArgs:
        platform, settings = self._args.platform, self._settings
        values = environment(platform.get(lambda outputs: of_handler(outputs, settings.devops_url)))
        own_name = core.v1.EnvVarSourceArgs(field_ref=core.v1.ObjectFieldSelectorArgs(field_path="metadata.name"))
        return core.v1.ContainerArgs(
            name=HANDLER,
            image=platform.image(HANDLER, settings.handler_digest),
            image_pull_policy="IfNotPresent",
            env=values.apply(lambda items: [*items, core.v1.EnvVarArgs(name="HANDLER_ID", value_from=own_name)]),
            resources=resources(settings.handler),
            security_context=container_security(),
            startup_probe=exec_probe(HEARTBEAT, period=1, failures=120),
            liveness_probe=exec_probe(HEARTBEAT, period=30, failures=4),
            volume_mounts=[TMP, core.v1.VolumeMountArgs(name=DISK, mount_path=STATE)],
        )

    def _disk(self) -> core.v1.PersistentVolumeClaimArgs:
        return core.v1.PersistentVolumeClaimArgs(
            metadata=meta.v1.ObjectMetaArgs(name=DISK),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=self._settings.storage_class,
                resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{self._settings.disk_gb}Gi"}),
            ),
        )
