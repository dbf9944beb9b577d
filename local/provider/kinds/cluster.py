"""Kinds of the Kubernetes API; what runs is made by the service `containers` from what stands here.

Source: kubernetes.io/docs/reference/kubernetes-api.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, override

from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, NameRule, at
from local.provider.wire import UNKNOWN, Properties
from local.services.containers.addresses import service_address
from local.services.containers.secret_classes import SECRET_CLASS, class_refused
from local.services.containers.templates import refused

PREFIX = "/kubernetes"
NAMESPACE = "v1/Namespace"
OF_EVERY_CLUSTER = {"default", "kube-system"}
NAME = NameRule(pattern=r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", words="1-63 lower-case letters, digits and dashes", code="Invalid")


@dataclass(frozen=True, kw_only=True)
class ClusterKind(Kind):
    """A kind of the cluster's API: known by namespace and name, living in no resource group."""

    @property
    @override
    def documentation(self) -> str:
        """Address of the reference of Kubernetes' API."""
        return "https://kubernetes.io/docs/reference/kubernetes-api/"

    @override
    def id_of(self, inputs: Mapping[str, Any]) -> str:
        """The id in the stack's table."""
        namespace = at(inputs, "metadata.namespace") or ("" if self.arm_type == NAMESPACE else "default")
        return f"{PREFIX}/{self.arm_type}/{namespace}/{at(inputs, 'metadata.name')}"

    @override
    def parent_of(self, resource_id: str) -> str:
        """The namespace; nothing for a namespace itself."""
        namespace = resource_id.split("/")[-2]
        return f"{PREFIX}/{NAMESPACE}//{namespace}" if namespace and namespace not in OF_EVERY_CLUSTER else ""

    @override
    def facts(self, resource_id: str) -> Properties:
        """Nothing: names stand in the metadata."""
        del resource_id
        return {}

    @override
    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What of a workload's template, or of a class of secrets, this machine does not do."""
        if self.arm_type == SECRET_CLASS:
            return [(f"spec.{path}", reason) for path, reason in class_refused(_known(at(inputs, "spec") or {}))]
        return [(f"spec.template.spec.{path}", reason) for path, reason in _refusals(at(inputs, "spec.template.spec"))]


def _refusals(spec: Any) -> Iterator[tuple[str, str]]:
    if isinstance(spec, Mapping) and isinstance(spec.get("containers"), list) and UNKNOWN not in spec["containers"]:
        yield from refused(spec)


def _known(value: Any) -> Any:
    """Without what a preview does not know yet."""
    return {name: _known(item) for name, item in value.items() if item != UNKNOWN} if isinstance(value, Mapping) else value


def _service(endpoints: Endpoints, _resource_id: str, inputs: Properties) -> Properties:
    """The address of a Service: the cluster's, and, of a load balancer, the one from outside, which are one here."""
    spec, metadata = inputs["spec"], inputs["metadata"]
    address = service_address(endpoints, str(metadata.get("namespace") or "default"), str(metadata["name"]))
    headless = spec.get("clusterIP") == "None"
    balancer = {"loadBalancer": {"ingress": [{"ip": address}]}} if spec.get("type") == "LoadBalancer" else {"loadBalancer": {}}
    return {"spec": {**spec, **({} if headless else {"clusterIP": address})}, "status": balancer}


def _kind(
    module: str, name: str, *, outputs: Any = None, replace: tuple[str, ...] = (), cluster_wide: bool = False
) -> ClusterKind:
    version = module.removeprefix("core/")
    more = {"outputs": outputs} if outputs else {}
    names = ("metadata.name",) if cluster_wide else ("metadata.namespace", "metadata.name")
    return ClusterKind(
        sdk_type=f"kubernetes:{module}:{name}",
        arm_type=f"{version}/{name}",
        names=names,
        rule=NAME,
        replace=replace,
        applied=True,
        **more,
    )


KINDS = (
    _kind("core/v1", "Namespace", cluster_wide=True),
    _kind("core/v1", "ServiceAccount"),
    _kind("core/v1", "ConfigMap"),
    _kind("core/v1", "Service", outputs=_service),
    _kind("apps/v1", "Deployment", replace=("spec.selector",)),
    _kind("apps/v1", "StatefulSet", replace=("spec.selector", "spec.volumeClaimTemplates", "spec.serviceName")),
    _kind("policy/v1", "PodDisruptionBudget"),
    _kind("networking.k8s.io/v1", "NetworkPolicy"),
    _kind("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass"),
)
