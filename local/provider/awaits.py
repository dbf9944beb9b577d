"""What a creation or change waits for before the engine is answered, as the Kubernetes provider of Pulumi does."""

from __future__ import annotations

import time

from local.provider.kinds.kind import at
from local.resources import Resource, Resources
from local.services.containers.models import DEPLOYMENT, STATEFUL_SET, Pod, Pods, wanted

PROGRESS_SECONDS = 600.0
"""Kubernetes' own, where `progressDeadlineSeconds` is not given."""
GONE_SECONDS = 60.0
POLL_SECONDS = 0.1
TIMEOUT = "pulumi.com/timeoutSeconds"


class NotReadyError(Exception):
    """A workload that was made and does not become ready; `reasons` are those of its pods."""

    def __init__(self, resource: Resource, reasons: list[str]) -> None:
        self.resource, self.reasons = resource, reasons
        super().__init__(
            f"resource {_name(resource)} was successfully created, but the Kubernetes API server reported that it failed to fully"
            f" initialize or become live: {'; '.join(reasons)}"
        )


def wait_until_ready(resources: Resources, resource: Resource) -> None:
    """Wait for a Deployment or a StatefulSet; other kinds are ready at once.

    Raises:
        NotReadyError: when its pods are not ready within its deadline.
    """
    if resource.type not in {DEPLOYMENT, STATEFUL_SET}:
        return
    pods, ends = Pods(resources.store), time.monotonic() + _deadline(resource)
    should = {item.name: item.template.key for item in wanted(resources) if item.owner == resource.id}
    while True:
        there = {pod.name: pod for pod in pods.of(resource.id)}
        if there.keys() == should.keys() and all(_settled(pod, should) for pod in there.values()):
            return
        if time.monotonic() > ends:
            raise NotReadyError(resource, _reasons(resource, [there[name] for name in there.keys() & should.keys()]))
        time.sleep(POLL_SECONDS)


def wait_until_gone(resources: Resources, resource_id: str) -> None:
    """Wait until the pods of a deleted resource have ended; a host that is down leaves nothing to wait for."""
    pods, ends = Pods(resources.store), time.monotonic() + GONE_SECONDS
    while pods.of(resource_id) and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)


def _settled(pod: Pod, should: dict[str, str]) -> bool:
    return pod.ready and pod.template == should[pod.name]


def _deadline(resource: Resource) -> float:
    annotated = (at(resource.properties, "metadata.annotations") or {}).get(TIMEOUT)
    return float(annotated or at(resource.properties, "spec.progressDeadlineSeconds") or PROGRESS_SECONDS)


def _reasons(resource: Resource, pods: list[Pod]) -> list[str]:
    told = [
        f"[Pod {pod.name}]: {pod.reason}, restarted {pod.restarts} times: {pod.message or 'containers with unready status'}"
        for pod in pods
    ]
    exceeded = (
        f"{resource.type.rpartition('/')[2]} {_name(resource)!r} exceeded its progress deadline of {_deadline(resource):.0f} s"
    )
    return [exceeded, *(told or ["no pod was made: is the service `containers` up?"])]


def _name(resource: Resource) -> str:
    return "/".join(resource.id.split("/")[-2:])
