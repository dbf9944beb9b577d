"""Rules for what runs on Kubernetes: pods and their containers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pulumi_policy import Severity

from .checks import absent, an_object, between, each, equal, filled, none_of, one_of, unset_or_false
from .images import is_by_digest
from .pods import WORKLOADS, containers, pods, services
from .properties import is_list, places, read, texts
from .rule import Check, Rule
from .sources import Source, checkov, cis, pod_security

DOCS = "https://kubernetes.io/docs"
CONTEXT = f"{DOCS}/tasks/configure-pod-container/security-context/"
STANDARDS = f"{DOCS}/concepts/security/pod-security-standards/"
LEAST_USER = 10000
"""Users below this number may be somebody on the node."""


def _ckv(*numbers: int) -> tuple[str, ...]:
    return tuple(f"Checkov CKV_K8S_{number}" for number in numbers)


def _restricted(control: str, *numbers: int) -> Source:
    return pod_security(control, *_ckv(*numbers))


def _gives_all_up(value: object) -> bool:
    return is_list(value) and "ALL" in texts(value)


def _takes_little(value: object) -> bool:
    return value is None or (
        is_list(value) and all(place.value == "NET_BIND_SERVICE" for place in places({"it": value}, "it[?]"))
    )


def _answers_for_ports(container: object) -> bool:
    """Tell whether a container that is called says when it may be."""
    if not isinstance(container, Mapping):
        return False
    return not read(container, "ports") or isinstance(read(container, "readinessProbe"), Mapping)


def _is_bounded(volume: object) -> bool:
    """Tell whether a volume on the node's own disk or memory has an end."""
    space = read(volume, "emptyDir") if isinstance(volume, Mapping) else None
    return space is None or (isinstance(space, Mapping) and bool(read(space, "sizeLimit")))


_workload = partial(Rule, kinds=WORKLOADS, url=STANDARDS)

RULES = (
    _workload(
        id="k8s-no-privileged",
        title="Containers are not privileged",
        breach="A privileged container is root on its node.",
        checks=containers(unset_or_false("securityContext.privileged")),
        severity=Severity.CRITICAL,
        source=_restricted("Privileged Containers", 16),
        remedy="Set security_context.privileged=False on the container.",
    ),
    _workload(
        id="k8s-no-escalation",
        title="Processes gain no rights",
        breach="A process may become root through a set-user-id file.",
        checks=containers(equal("securityContext.allowPrivilegeEscalation", wanted=False)),
        severity=Severity.HIGH,
        source=_restricted("Privilege Escalation", 20),
        remedy="Set security_context.allow_privilege_escalation=False on the container.",
    ),
    _workload(
        id="k8s-non-root",
        title="Nothing runs as root",
        breach="A hole in the service gives the rights of root in its container.",
        checks=(
            *pods(equal("securityContext.runAsNonRoot", wanted=True)),
            *containers(
                Check("securityContext.runAsNonRoot", lambda value: value is None or value is True, "runAsNonRoot not false")
            ),
        ),
        severity=Severity.HIGH,
        source=_restricted("Running as Non-root", 23),
        remedy="Set security_context.run_as_non_root=True on the pod, and on no container the opposite.",
    ),
    _workload(
        id="k8s-high-user",
        title="Processes run as nobody on the node",
        breach="The container's user may be somebody on the node.",
        checks=(
            *pods(between("securityContext.runAsUser", LEAST_USER)),
            *containers(
                Check(
                    "securityContext.runAsUser",
                    lambda value: value is None or between("it", LEAST_USER).holds(value),
                    f"runAsUser = {LEAST_USER} or more, or not set",
                )
            ),
        ),
        severity=Severity.LOW,
        source=_restricted("Running as Non-root user", 40),
        remedy=f"Set security_context.run_as_user of the pod to {LEAST_USER} or more, as the image's USER is.",
    ),
    _workload(
        id="k8s-read-only-root",
        title="Containers can't change their own files",
        breach="An intruder may put tools into the container and change its code.",
        checks=containers(equal("securityContext.readOnlyRootFilesystem", wanted=True)),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_22", "CIS Kubernetes Benchmark 5.7"),
        remedy="Set security_context.read_only_root_filesystem=True and mount an empty volume where files are written.",
        url=CONTEXT,
    ),
    _workload(
        id="k8s-drop-capabilities",
        title="Containers give up every capability",
        breach="Processes keep rights of the kernel that they do not need, such as raw sockets.",
        checks=containers(
            Check("securityContext.capabilities.drop", _gives_all_up, "securityContext.capabilities.drop with ALL")
        ),
        severity=Severity.HIGH,
        source=_restricted("Capabilities (drop)", 28, 37),
        remedy='Set security_context.capabilities.drop=["ALL"] on the container.',
    ),
    _workload(
        id="k8s-no-added-capabilities",
        title="Containers add no capability",
        breach="Processes get rights of the kernel that open the node.",
        checks=containers(
            Check(
                "securityContext.capabilities.add",
                _takes_little,
                "securityContext.capabilities.add with NET_BIND_SERVICE at most",
            )
        ),
        severity=Severity.HIGH,
        source=_restricted("Capabilities (add)", 25),
        remedy="Take security_context.capabilities.add away.",
    ),
    _workload(
        id="k8s-seccomp",
        title="System calls are filtered",
        breach="Processes may call everything in the kernel, also what only exploits call.",
        checks=pods(one_of("securityContext.seccompProfile.type", "RuntimeDefault", "Localhost")),
        severity=Severity.MEDIUM,
        source=_restricted("Seccomp", 31),
        remedy='Set security_context.seccomp_profile.type="RuntimeDefault" on the pod.',
    ),
    _workload(
        id="k8s-no-host-network",
        title="Pods have a network of their own",
        breach="The pod sees the traffic of its node and is bound by no network policy.",
        checks=pods(unset_or_false("hostNetwork")),
        severity=Severity.HIGH,
        source=_restricted("Host Namespaces (network)", 19),
        remedy="Take host_network away from the pod.",
    ),
    _workload(
        id="k8s-no-host-processes",
        title="Pods see no processes of their node",
        breach="The pod may read and stop what others run on the node.",
        checks=(*pods(unset_or_false("hostPID")), *pods(unset_or_false("hostIPC"))),
        severity=Severity.HIGH,
        source=_restricted("Host Namespaces (processes)", 17, 18),
        remedy="Take host_pid and host_ipc away from the pod.",
    ),
    _workload(
        id="k8s-no-host-paths",
        title="Pods mount nothing of their node",
        breach="The pod reads, and may change, files of its node.",
        checks=pods(absent("volumes[?].hostPath", "a claim, or an empty volume")),
        severity=Severity.HIGH,
        source=_restricted("HostPath Volumes"),
        remedy="Mount a persistent volume claim or an empty_dir instead of host_path.",
    ),
    _workload(
        id="k8s-no-host-ports",
        title="Pods open no port of their node",
        breach="The pod is reached past its service and its network policy.",
        checks=containers(Check("ports[?].hostPort", lambda value: value is None or value == 0, "ports[].hostPort not set")),
        severity=Severity.MEDIUM,
        source=_restricted("Host Ports", 26),
        remedy="Take host_port away and put a Service before the pods.",
    ),
    _workload(
        id="k8s-liveness",
        title="A container that hangs is restarted",
        breach="A container that hangs is taken for one that works.",
        checks=services(an_object("livenessProbe")),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_8"),
        remedy="Set liveness_probe on the container.",
        url=f"{DOCS}/concepts/configuration/liveness-readiness-startup-probes/",
    ),
    _workload(
        id="k8s-readiness",
        title="A container that is called says when it is ready",
        breach="Requests go to a container that has not loaded its model yet.",
        checks=services(each("", _answers_for_ports, "readinessProbe on a container with ports", "ports", "readinessProbe")),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_9"),
        remedy="Set readiness_probe on the container.",
        url=f"{DOCS}/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
    ),
    _workload(
        id="k8s-requests",
        title="Containers say what they need",
        breach="The scheduler puts the pod where there is no room for it.",
        checks=(*services(filled("resources.requests.cpu")), *services(filled("resources.requests.memory"))),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_10", *_ckv(12)),
        remedy="Set resources.requests with cpu and memory on the container.",
        url=f"{DOCS}/concepts/configuration/manage-resources-containers/",
    ),
    _workload(
        id="k8s-limits",
        title="Containers have limits",
        breach="One container may starve all others on its node.",
        checks=(*services(filled("resources.limits.cpu")), *services(filled("resources.limits.memory"))),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_11", *_ckv(13)),
        remedy="Set resources.limits with cpu and memory on the container.",
        url=f"{DOCS}/concepts/policy/resource-quotas/",
    ),
    _workload(
        id="k8s-digest",
        title="Images are named by digest",
        breach="What was tested and what runs may be two images under one tag.",
        checks=containers(Check("image", is_by_digest, "image = registry/repository@sha256:...")),
        severity=Severity.HIGH,
        source=checkov("CKV_K8S_43", *_ckv(14)),
        remedy="Name the image by the digest that the release was given.",
        url=f"{DOCS}/concepts/containers/images/",
    ),
    _workload(
        id="k8s-no-token",
        title="Pods hold no token of the cluster",
        breach="Whoever gets into the pod may ask the API server in its name.",
        checks=pods(equal("automountServiceAccountToken", wanted=False)),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_38", "CIS Kubernetes Benchmark 5.1.6"),
        remedy="Set automount_service_account_token=False on the pod.",
        url=f"{DOCS}/tasks/configure-pod-container/configure-service-account/",
    ),
    _workload(
        id="k8s-own-account",
        title="Pods run as accounts of their own",
        breach="The pod shares the account of everything else in the namespace.",
        checks=pods(none_of("serviceAccountName", "default")),
        severity=Severity.MEDIUM,
        source=cis("Kubernetes", "5.1.5"),
        remedy="Set service_account_name to the account that acts as the workload's identity.",
        url=f"{DOCS}/concepts/security/service-accounts/",
    ),
    _workload(
        id="k8s-no-secret-variables",
        title="Secrets are no variables",
        breach="The secret shows in every dump of the environment, and in the logs of whatever prints one.",
        checks=(
            *containers(absent("env[?].valueFrom.secretKeyRef", "a file of the secrets store")),
            *containers(absent("envFrom[?].secretRef", "a file of the secrets store")),
        ),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_35", "CIS Kubernetes Benchmark 5.4.1"),
        remedy="Read the secret from the vault as the pod's identity.",
        url=f"{DOCS}/concepts/security/secrets-good-practices/",
    ),
    _workload(
        id="k8s-bounded-volumes",
        title="Volumes for scratch files have an end",
        breach="One pod may fill its node's disk, and all others on it are evicted.",
        checks=pods(each("volumes[?]", _is_bounded, "emptyDir.sizeLimit set", "emptyDir.sizeLimit")),
        severity=Severity.LOW,
        source=cis("Kubernetes", "5.7.4"),
        remedy="Set size_limit on the empty_dir.",
        url=f"{DOCS}/concepts/storage/volumes/",
    ),
)
