"""Cases of what runs on Kubernetes and what surrounds it."""

from __future__ import annotations

from typing import Any

from policy.rules.pods import TEMPLATES
from tests.policy.cases.break_case import Cases, bad, both, off, switch
from tests.policy.cases.compute import DIGEST

CONTAINER: dict[str, Any] = {
    "name": "scoring",
    "image": DIGEST,
    "ports": [{"containerPort": 8080}],
    "env": [{"name": "SILVER_URL", "value": "abfss://silver"}],
    "livenessProbe": {"httpGet": {"port": 8080}},
    "readinessProbe": {"httpGet": {"port": 8080}},
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
    },
}
POD: dict[str, Any] = {
    "serviceAccountName": "scoring",
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
}
META = {"name": "scoring", "namespace": "forecasting"}
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"


def workload(kind: str) -> dict[str, Any]:
    """Return good inputs of a kind of workload."""
    inputs: dict[str, Any] = {"spec": POD}
    for name in reversed([name for name in TEMPLATES[kind].split(".") if name]):
        inputs = {name: inputs}
    return {**inputs, "metadata": META}


GOOD: dict[str, dict[str, Any]] = {
    **{kind: workload(kind) for kind in TEMPLATES},
    "kubernetes:core/v1:Namespace": {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    "kubernetes:core/v1:ServiceAccount": {"metadata": META, "automountServiceAccountToken": False},
    "kubernetes:core/v1:Service": {
        "metadata": META,
        "spec": {
            "type": "LoadBalancer",
            "loadBalancerSourceRanges": ["20.50.1.0/24"],
            "ports": [{"name": "https", "port": 8443}],
        },
    },
    "kubernetes:core/v1:ConfigMap": {"metadata": META},
    "kubernetes:policy/v1:PodDisruptionBudget": {"metadata": META},
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": {"metadata": META, "spec": {"policyTypes": ["Ingress", "Egress"]}},
    **{f"{RBAC}{kind}": {"rules": [{"verbs": ["get"], "resources": ["pods"]}]} for kind in ("Role", "ClusterRole")},
    **{f"{RBAC}{kind}": {"roleRef": {"name": "view"}} for kind in ("RoleBinding", "ClusterRoleBinding")},
}
C = "containers[0]"
S = f"{C}.securityContext"
FIRST: dict[str, Any] = {**CONTAINER, "name": "first"}


def first(path: str, value: Any) -> dict[str, Any]:
    """A container that runs before the others and has one bad value."""
    section, _, name = path.partition(".")
    return {"initContainers": [{**FIRST, section: {**FIRST[section], name: value} if name else value}]}


POD_CASES: dict[str, Cases] = {
    "k8s-no-privileged": Cases(
        bad(f"{S}.privileged", True, "false") + both(first("securityContext.privileged", True)),
        passes=({f"{S}.privileged": None}, {"initContainers": [FIRST]}),
        absent="passes",
    ),
    "k8s-no-escalation": Cases(
        bad(f"{S}.allowPrivilegeEscalation", True, "false", None) + both(first("securityContext.allowPrivilegeEscalation", True))
    ),
    "k8s-non-root": Cases(
        bad("securityContext.runAsNonRoot", False, None, "true") + bad(f"{S}.runAsNonRoot", False, 1),
        passes=({f"{S}.runAsNonRoot": None},),
        absent={"securityContext.runAsNonRoot": "fails", "containers[].securityContext.runAsNonRoot": "passes"},
    ),
    "k8s-high-user": Cases(
        bad("securityContext.runAsUser", 0, 9999, "10001", None) + bad(f"{S}.runAsUser", 0, 1000),
        passes=({f"{S}.runAsUser": None},),
        absent={"securityContext.runAsUser": "fails", "containers[].securityContext.runAsUser": "passes"},
    ),
    "k8s-read-only-root": Cases(
        bad(f"{S}.readOnlyRootFilesystem", False, "true", None) + both(first("securityContext.readOnlyRootFilesystem", False))
    ),
    "k8s-drop-capabilities": Cases(
        bad(f"{S}.capabilities.drop", [], ["NET_RAW"], "ALL", None), passes=({f"{S}.capabilities.drop": ["NET_RAW", "ALL"]},)
    ),
    "k8s-no-added-capabilities": Cases(
        bad(f"{S}.capabilities.add", ["SYS_ADMIN"], ["NET_BIND_SERVICE", "NET_RAW"], "ALL"),
        passes=({f"{S}.capabilities.add": []}, {f"{S}.capabilities.add": ["NET_BIND_SERVICE"]}),
        absent="passes",
    ),
    "k8s-seccomp": Cases(
        bad("securityContext.seccompProfile.type", "Unconfined", "", None) + bad("securityContext.seccompProfile", {}),
        passes=({"securityContext.seccompProfile.type": "Localhost"},),
    ),
    "k8s-no-host-network": off("hostNetwork"),
    "k8s-no-host-processes": off("hostPID", "hostIPC"),
    "k8s-no-host-paths": Cases(
        bad("volumes[0].hostPath", {"path": "/"}, {}), passes=({"volumes": None}, {"volumes": []}), absent="passes"
    ),
    "k8s-no-host-ports": Cases(bad(f"{C}.ports[0].hostPort", 80, "80"), passes=({f"{C}.ports[0].hostPort": 0},), absent="passes"),
    "k8s-liveness": Cases(bad(f"{C}.livenessProbe", None, "yes")),
    "k8s-readiness": Cases(
        both({f"{C}.readinessProbe": None, f"{C}.ports": [{"containerPort": 8080}]}) + bad(f"{C}.readinessProbe", "yes"),
        passes=({f"{C}.readinessProbe": None, f"{C}.ports": None},),
    ),
    "k8s-requests": Cases(
        later=("containers[].resources.requests.cpu", "containers[].resources.requests.memory"),
        breaks=bad(f"{C}.resources.requests", {}, None) + bad(f"{C}.resources.requests.memory", "", None),
    ),
    "k8s-limits": Cases(
        later=("containers[].resources.limits.cpu", "containers[].resources.limits.memory"),
        breaks=bad(f"{C}.resources.limits", {}, None) + bad(f"{C}.resources.limits.cpu", "", None),
    ),
    "k8s-digest": Cases(
        bad(f"{C}.image", "crforecasting.azurecr.io/scoring:1.2", "scoring", "scoring@sha256:12", DIGEST.upper(), "", None)
        + both(first("image", "busybox:latest"))
    ),
    "k8s-no-token": Cases(bad("automountServiceAccountToken", True, "false", None)),
    "k8s-own-account": Cases(bad("serviceAccountName", "default", "", "Default", None)),
    "k8s-no-secret-variables": Cases(
        bad(f"{C}.env[0].valueFrom", {"secretKeyRef": {"name": "s", "key": "k"}})
        + bad(f"{C}.envFrom", [{"secretRef": {"name": "s"}}]),
        passes=({f"{C}.env[0].valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, {f"{C}.env": None}),
        absent="passes",
    ),
    "k8s-bounded-volumes": Cases(
        bad("volumes[0].emptyDir", {}, "some", {"medium": "Memory"}),
        passes=({"volumes": None}, {"volumes[0]": {"name": "state", "persistentVolumeClaim": {"claimName": "c"}}}),
        absent="passes",
    ),
}
"""Changes of a pod's spec, wherever a kind of workload has it."""

LABELS = "metadata.labels"
CASES: dict[str, Cases] = {
    "k8s-namespace-restricted": Cases(
        bad(
            LABELS,
            {},
            {"pod-security.kubernetes.io/enforce": "baseline"},
            {"pod-security.kubernetes.io/warn": "restricted"},
            "restricted",
        )
    ),
    "k8s-no-default-namespace": Cases(bad("metadata.namespace", "default", "", "Default")),
    "k8s-account-no-token": switch("automountServiceAccountToken", wanted=False),
    "k8s-no-secrets": Cases(()),
    "k8s-service-ranges": Cases(
        bad("spec.loadBalancerSourceRanges", [], ["0.0.0.0/0"], ["10.0.0.0/8", "::/0"], "20.50.1.0/24", None),
        passes=({"spec": {"type": "ClusterIP"}}, {"spec": None}),
        absent="passes",
    ),
    "k8s-service-https": Cases(
        bad("spec.ports[0].name", "http", "tls", "httpsx", None) + bad("spec.ports", None, "https"),
        passes=({"spec": {"type": "ClusterIP", "ports": [{"port": 8080}]}}, {"spec.ports[0].name": "https-api"}, {"spec": None}),
        absent="passes",
    ),
    "k8s-no-node-port": Cases(
        bad("spec.type", "NodePort", "ExternalName"), passes=({"spec.type": "ClusterIP"},), absent="passes"
    ),
    "k8s-policy-both-ways": Cases(bad("spec.policyTypes", ["Ingress"], ["Egress"], [], "Ingress, Egress")),
    "k8s-no-wildcard-role": Cases(
        bad("rules[0].verbs", ["*"], ["get", "*"], "get") + bad("rules[0].resources", ["*"]), passes=({"rules": []},)
    ),
    "k8s-no-cluster-admin": Cases(bad("roleRef.name", "cluster-admin", "admin", "Cluster-Admin", "")),
}
