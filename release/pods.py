"""What all pods of the release have in common: no rights but those of their identity, and no writable root."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, meta

from release.settings import Size

USER = 10001
"""The user of both images."""
WORKLOAD_IDENTITY = {"azure.workload.identity/use": "true"}
"""Asks the cluster's webhook for the token by which the pod acts as its identity ("Use workload identity with AKS")."""
GRACE_SECONDS = 30
DRAIN_SECONDS = 5
"""How long a pod still answers after its end began: until then a load balancer may go on sending to it."""


def environment(values: pulumi.Input[Mapping[str, str]]) -> pulumi.Output[list[core.v1.EnvVarArgs]]:
    """Variables in order of their names, so that the same values make no difference."""
    given = pulumi.Output.from_input(values)
    return given.apply(lambda items: [core.v1.EnvVarArgs(name=name, value=items[name]) for name in sorted(items)])


def resources(size: Size) -> core.v1.ResourceRequirementsArgs:
    """Requests equal to the limits in memory; the processor may be used by others when it is idle."""
    memory = f"{size.memory_mb}Mi"
    return core.v1.ResourceRequirementsArgs(
        requests={"cpu": f"{size.cpu_millis}m", "memory": memory}, limits={"cpu": f"{2 * size.cpu_millis}m", "memory": memory}
    )


def https_probe(path: str, port: int, *, period: int, failures: int) -> core.v1.ProbeArgs:
    """A probe that asks a path every `period` seconds and gives up after `failures` bad answers; it takes any certificate."""
    return core.v1.ProbeArgs(
        http_get=core.v1.HTTPGetActionArgs(path=path, port=port, scheme="HTTPS"),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )


def exec_probe(command: list[str], *, period: int, failures: int) -> core.v1.ProbeArgs:
    """A probe that runs a command in the container."""
    return core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=command), period_seconds=period, timeout_seconds=10, failure_threshold=failures
    )


def scraped(path: str, port: int) -> dict[str, str]:
    """Annotations that ask managed Prometheus for the pod's own metrics, where its settings look for them."""
    told = {"scrape": "true", "scheme": "https", "path": path, "port": str(port)}
    return {f"prometheus.io/{name}": value for name, value in told.items()}


def drained() -> core.v1.LifecycleArgs:
    """A pause before the signal to stop (Kubernetes: "Pod Lifecycle", termination; `sleep` is stable since 1.34)."""
    pause = core.v1.SleepActionArgs(seconds=DRAIN_SECONDS)
    return core.v1.LifecycleArgs(pre_stop=core.v1.LifecycleHandlerArgs(sleep=pause))


def container_security() -> core.v1.SecurityContextArgs:
    """The restricted profile of the Pod Security Standards, and a root file system that nobody writes."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
        privileged=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        run_as_user=USER,
    )


def pod(
    account: str, container: core.v1.ContainerArgs, spread: Mapping[str, str], *volumes: core.v1.VolumeArgs
) -> core.v1.PodSpecArgs:
    """A pod of one container with a place for temporary files, and `volumes`; `spread` are the labels that go to different zones."""
    return core.v1.PodSpecArgs(
        service_account_name=account,
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        termination_grace_period_seconds=GRACE_SECONDS,
        topology_spread_constraints=[
            core.v1.TopologySpreadConstraintArgs(
                max_skew=1,
                topology_key="topology.kubernetes.io/zone",
                when_unsatisfiable="ScheduleAnyway",
                label_selector=meta.v1.LabelSelectorArgs(match_labels=dict(spread)),
            )
        ],
        containers=[container],
        volumes=[core.v1.VolumeArgs(name="tmp", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="64Mi")), *volumes],
    )


TMP = core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp")  # noqa: S108 - the container's own, empty at its start
