"""Rules for what surrounds pods on Kubernetes: namespaces, accounts, roles, services, secrets, traffic."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_policy import Severity

from .checks import each, equal, forbidden, none_of
from .pods import WORKLOADS
from .properties import is_list, texts
from .rule import Check, Rule
from .sources import built_in, checkov, cis, own, pod_security
from .workloads import DOCS

ENFORCED = "pod-security.kubernetes.io/enforce"
ACCOUNT, SERVICE, POLICY = (
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:core/v1:Service",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
)
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
WORLD = frozenset({"0.0.0.0/0", "::/0"})


def _is_restricted(labels: object) -> bool:
    return isinstance(labels, Mapping) and labels.get(ENFORCED) == "restricted"


def _names_each(value: object) -> bool:
    return is_list(value) and "*" not in texts(value)


def _admits_some(service: object) -> bool:
    """Tell whether a load balancer, if it is one, lets in known ranges only."""
    if not isinstance(service, Mapping) or service.get("type") != "LoadBalancer":
        return True
    ranges = service.get("loadBalancerSourceRanges")
    return is_list(ranges) and len(ranges) > 0 and not WORLD & set(texts(ranges))


def _speaks_tls(service: object) -> bool:
    """Tell whether every port of a load balancer, if it is one, is said to speak HTTPS."""
    if not isinstance(service, Mapping) or service.get("type") != "LoadBalancer":
        return True
    ports = service.get("ports")
    return is_list(ports) and all(isinstance(port, Mapping) and _is_https(port.get("name")) for port in ports)


def _is_https(name: object) -> bool:
    return isinstance(name, str) and name.partition("-")[0] == "https"


def _goes_both_ways(value: object) -> bool:
    return is_list(value) and {"Ingress", "Egress"} <= set(texts(value))


NAMESPACED = (*WORKLOADS, ACCOUNT, SERVICE, POLICY, "kubernetes:policy/v1:PodDisruptionBudget", "kubernetes:core/v1:ConfigMap")

RULES = (
    Rule(
        id="k8s-namespace-restricted",
        title="Namespaces admit restricted pods only",
        breach="The namespace admits pods with rights that no review of this repository has seen.",
        kinds=("kubernetes:core/v1:Namespace",),
        checks=(each("metadata.labels", _is_restricted, f"the label {ENFORCED} = restricted"),),
        severity=Severity.HIGH,
        source=pod_security("Restricted", "CIS AKS Benchmark 4.2"),
        remedy=f"Label the namespace {ENFORCED}: restricted.",
        url=f"{DOCS}/concepts/security/pod-security-admission/",
    ),
    Rule(
        id="k8s-no-default-namespace",
        title="Nothing lies in the default namespace",
        breach="The default namespace has no policies, and everybody's things in it.",
        kinds=NAMESPACED,
        checks=(none_of("metadata.namespace", "default"),),
        severity=Severity.MEDIUM,
        source=checkov("CKV_K8S_21", "CIS Kubernetes Benchmark 5.7.4"),
        remedy="Set metadata.namespace to the namespace of the release.",
        url=f"{DOCS}/concepts/overview/working-with-objects/namespaces/",
    ),
    Rule(
        id="k8s-account-no-token",
        title="Accounts hand out no tokens by themselves",
        breach="Every pod that names the account, and forgets to refuse, holds a token of the cluster.",
        kinds=(ACCOUNT,),
        checks=(equal("automountServiceAccountToken", wanted=False),),
        severity=Severity.MEDIUM,
        source=cis("Kubernetes", "5.1.6"),
        remedy="Set automount_service_account_token=False on the ServiceAccount.",
        url=f"{DOCS}/tasks/configure-pod-container/configure-service-account/",
    ),
    Rule(
        id="k8s-no-secrets",
        title="Secrets lie in the vault",
        breach="The secret lies in the cluster's store and in this program's state.",
        kinds=("kubernetes:core/v1:Secret",),
        checks=(forbidden("Key Vault, read as the pod's identity"),),
        severity=Severity.HIGH,
        source=cis("Kubernetes", "5.4.2"),
        remedy="Take the Secret away; read the value from the vault as the pod's identity, or mount it by the secrets store.",
        url=f"{DOCS}/concepts/configuration/secret/",
    ),
    Rule(
        id="k8s-service-ranges",
        title="Load balancers let in known addresses only",
        breach="The service answers to the whole world.",
        kinds=(SERVICE,),
        checks=(
            each(
                "spec",
                _admits_some,
                "spec.loadBalancerSourceRanges not empty and without 0.0.0.0/0",
                "type",
                "loadBalancerSourceRanges",
            ),
        ),
        severity=Severity.HIGH,
        source=own("deny by default"),
        remedy="List the addresses in allowedAddresses of the release's stack file.",
        url=f"{DOCS}/concepts/services-networking/service/",
    ),
    Rule(
        id="k8s-service-https",
        title="What is called from outside is called over HTTPS",
        breach="What callers ask and are told goes over the network in clear text, and nobody proves a name.",
        kinds=(SERVICE,),
        checks=(each("spec", _speaks_tls, "spec.ports[] of a load balancer named https or https-...", "type", "ports"),),
        severity=Severity.HIGH,
        source=built_in("1a5b4dca", "OWASP API8:2023"),
        remedy="Terminate TLS in the pod by a certificate of the vault, and name the Service's port https.",
        url=f"{DOCS}/concepts/services-networking/service/#field-appprotocol",
    ),
    Rule(
        id="k8s-no-node-port",
        title="Services open no port of the nodes",
        breach="The service is reached on every node, past its load balancer's ranges.",
        kinds=(SERVICE,),
        checks=(
            Check("spec.type", lambda value: value not in ("NodePort", "ExternalName"), "spec.type = ClusterIP or LoadBalancer"),
        ),
        severity=Severity.MEDIUM,
        source=own("one door"),
        remedy='Set spec.type="ClusterIP" or "LoadBalancer".',
        url=f"{DOCS}/concepts/services-networking/service/",
    ),
    Rule(
        id="k8s-policy-both-ways",
        title="Network policies say what comes in and what goes out",
        breach="The direction that the policy does not name is open.",
        kinds=(POLICY,),
        checks=(Check("spec.policyTypes", _goes_both_ways, "spec.policyTypes = Ingress and Egress"),),
        severity=Severity.HIGH,
        source=cis("Kubernetes", "5.3.2"),
        remedy='Set spec.policy_types=["Ingress", "Egress"].',
        url=f"{DOCS}/concepts/services-networking/network-policies/",
    ),
    Rule(
        id="k8s-no-wildcard-role",
        title="Roles in the cluster name what they allow",
        breach="The role allows everything, also what is added later.",
        kinds=(f"{RBAC}Role", f"{RBAC}ClusterRole"),
        checks=tuple(Check(f"rules[?].{name}", _names_each, f"rules[].{name} without *") for name in ("verbs", "resources")),
        severity=Severity.HIGH,
        source=checkov("CKV_K8S_49", "CIS Kubernetes Benchmark 5.1.3"),
        remedy="Name verbs and resources.",
        url=f"{DOCS}/concepts/security/rbac-good-practices/",
    ),
    Rule(
        id="k8s-no-cluster-admin",
        title="Nobody is made cluster-admin",
        breach="The account may do everything in the cluster.",
        kinds=(f"{RBAC}RoleBinding", f"{RBAC}ClusterRoleBinding"),
        checks=(none_of("roleRef.name", "cluster-admin", "admin"),),
        severity=Severity.CRITICAL,
        source=cis("Kubernetes", "5.1.1"),
        remedy="Bind a role that names what the account needs; people get Azure roles.",
        url=f"{DOCS}/reference/access-authn-authz/rbac/",
    ),
)
