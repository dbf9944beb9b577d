"""Where the pods are in each kind of workload, and the same check in all of those places."""

from __future__ import annotations

from dataclasses import replace

from .checks import on
from .properties import Properties, read
from .rule import Check

_TEMPLATE = "spec.template"
TEMPLATES: dict[str, str] = {
    **{f"kubernetes:apps/v1:{kind}": _TEMPLATE for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")},
    "kubernetes:batch/v1:Job": _TEMPLATE,
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template",
    "kubernetes:core/v1:Pod": "",
}
"""By kind: the path of its pod template; a pod is its own."""
WORKLOADS = tuple(TEMPLATES)
CONTAINERS, FIRST_CONTAINERS = "containers[]", "initContainers[?]"


def template(kind: str, properties: Properties) -> object:
    """Return metadata and spec of the pods of a workload."""
    path = TEMPLATES[kind]
    return read(properties, path) if path else properties


def pods(check: Check) -> tuple[Check, ...]:
    """The check of a pod's spec, for every kind of workload."""
    return tuple(on(kind, _below(f"{path}.spec".lstrip("."), check)) for kind, path in TEMPLATES.items())


def containers(check: Check) -> tuple[Check, ...]:
    """The check of each container, and of each one that runs before them."""
    return (*pods(_below(CONTAINERS, check)), *pods(_below(FIRST_CONTAINERS, check)))


def services(check: Check) -> tuple[Check, ...]:
    """The check of each container that goes on running."""
    return pods(_below(CONTAINERS, check))


def _below(path: str, check: Check) -> Check:
    return replace(check, path=f"{path}.{check.path}" if check.path else path)
