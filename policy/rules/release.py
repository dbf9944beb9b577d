"""Rules on a release as a whole: traffic, origin of its images, and what survives the drain of a node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pulumi_policy import PolicyResource, Severity

from .estate import Estate, text
from .pods import TEMPLATES, WORKLOADS, template
from .properties import Place, Properties, places, read, texts
from .sources import cis, own
from .stack_rule import Fault, Judged, StackRule
from .tokens import kind_of

DOCS = "https://kubernetes.io/docs"
PUBLIC = frozenset(
    {"docker.io", "mcr.microsoft.com", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "public.ecr.aws", "index.docker.io"}
)
"""Registries to which everyone may push something."""
NAMESPACE, POLICY = "kubernetes:core/v1:Namespace", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
BUDGET, DEPLOYMENT = "kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:apps/v1:Deployment"
GROUP, REFERENCE = "azure-native:containerinstance:ContainerGroup", "pulumi:pulumi:StackReference"


def _labels(holder: object, path: str) -> Mapping[str, object]:
    found = read(holder, path) if isinstance(holder, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _selects(selector: Properties, path: str, labels: Mapping[str, object]) -> bool:
    return all(labels.get(name) == value for name, value in _labels(selector, path).items())


def _in(estate: Estate, kind: str, namespace: str) -> list[PolicyResource]:
    return [one for one in estate.of(kind) if text(one.props, "metadata.namespace") == namespace]


def _closes_by_default(judged: Judged) -> Iterator[Fault]:
    name = text(judged.resource.props, "metadata.name")
    policies = [one for one in _in(judged.estate, POLICY, name) if not _labels(one.props, "spec.podSelector.matchLabels")]
    shut = [one for one in policies if not any(read(one.props, f"spec.{way}") for way in ("ingress", "egress"))]
    if not any({"Ingress", "Egress"} <= set(texts(read(one.props, "spec.policyTypes"))) for one in shut):
        yield Fault("no NetworkPolicy that closes it", "a policy for all pods, both ways, without a rule")


def _has_policy(judged: Judged) -> Iterator[Fault]:
    kind, props = kind_of(judged.resource.resource_type), judged.resource.props
    labels = _labels(template(kind, props), "metadata.labels")
    policies = _in(judged.estate, POLICY, text(props, "metadata.namespace"))
    own_policies = [one for one in policies if _labels(one.props, "spec.podSelector.matchLabels")]
    if not any(_selects(one.props, "spec.podSelector.matchLabels", labels) for one in own_policies):
        yield Fault("no NetworkPolicy selects its pods", "a policy whose podSelector fits the pods' labels")


def _survives_a_drain(judged: Judged) -> Iterator[Fault]:
    props = judged.resource.props
    replicas = read(props, "spec.replicas")
    if not isinstance(replicas, (int, float)) or replicas <= 1:
        return
    labels = _labels(props, "spec.template.metadata.labels")
    budgets = _in(judged.estate, BUDGET, text(props, "metadata.namespace"))
    if not any(_selects(one.props, "spec.selector.matchLabels", labels) for one in budgets):
        yield Fault("no PodDisruptionBudget selects its pods", "a PodDisruptionBudget whose selector fits the pods' labels")


def _comes_from_the_platform(judged: Judged) -> Iterator[Fault]:
    registries = _registries(judged.estate)
    for place in _images(judged.resource):
        if not place.unknown and (not isinstance(place.value, str) or _registry(place.value) not in registries):
            yield Fault(f"{place.where} is not of the platform's registry", "registry_login_server of the platform's outputs")


def _registries(estate: Estate) -> set[str]:
    """The registry of the platform that the release stands on.

    An exported state tells its outputs. The engine leaves them out of a preview: there it is the one registry, not a
    public one, from which most images come.
    """
    found = [place for one in estate.of(REFERENCE) for place in places(one.props, "outputs.registry_login_server")]
    told = {place.value for place in found if isinstance(place.value, str) and place.value}
    images = [place.value for one in estate.of(*WORKLOADS, GROUP) for place in _images(one) if isinstance(place.value, str)]
    hosts = Counter(host for image in images if (host := _registry(image)) not in PUBLIC)
    return told or {host for host, _ in hosts.most_common(1)}


def _registry(image: str) -> str:
    """The host of an image; a name without one is of Docker Hub."""
    first, _, rest = image.partition("/")
    return first if rest and ("." in first or ":" in first) else "docker.io"


def _images(resource: PolicyResource) -> list[Place]:
    kind = kind_of(resource.resource_type)
    spec = f"{TEMPLATES[kind]}.spec.".lstrip(".") if kind in TEMPLATES else ""
    lists = ("containers[]", "initContainers[?]")
    return [place for name in lists for place in places(resource.props, f"{spec}{name}.image")]


RULES = (
    StackRule(
        id="k8s-default-deny",
        title="Namespaces are closed both ways",
        breach="A pod that no policy selects reaches everything, and everything reaches it.",
        kinds=(NAMESPACE,),
        judge=_closes_by_default,
        severity=Severity.HIGH,
        source=cis("Kubernetes", "5.3.2", "CIS AKS Benchmark 4.4"),
        remedy="Declare a NetworkPolicy with an empty pod_selector and both policy_types in the namespace.",
        url=f"{DOCS}/concepts/services-networking/network-policies/",
    ),
    StackRule(
        id="k8s-network-policy",
        title="Every workload says whom it talks to",
        breach="The pods are cut off, or reach more than they need.",
        kinds=WORKLOADS,
        judge=_has_policy,
        severity=Severity.HIGH,
        source=cis("Kubernetes", "5.3.2", "Checkov CKV2_K8S_6"),
        remedy="Declare a NetworkPolicy whose pod_selector fits the labels of the workload's pods.",
        url=f"{DOCS}/tasks/administer-cluster/declare-network-policy/",
    ),
    StackRule(
        id="k8s-disruption-budget",
        title="Upgrades of nodes leave pods standing",
        breach="The drain of nodes may take all pods of the service at once.",
        kinds=(DEPLOYMENT,),
        judge=_survives_a_drain,
        severity=Severity.MEDIUM,
        source=own("no request lost", "AKS: PodDisruptionBudgets"),
        remedy="Declare a PodDisruptionBudget for the Deployment.",
        url=f"{DOCS}/concepts/workloads/pods/disruptions/",
    ),
    StackRule(
        id="k8s-own-registry",
        title="Images come from the platform's registry",
        breach="Code runs that no build of this repository has made.",
        kinds=(*WORKLOADS, GROUP),
        judge=_comes_from_the_platform,
        severity=Severity.HIGH,
        source=own("supply chain", "CIS Kubernetes Benchmark 5.5.1"),
        remedy="Name the image by registry_login_server of the platform's outputs, repository and digest.",
        url=f"{DOCS}/concepts/containers/images/",
    ),
)
