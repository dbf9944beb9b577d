"""For each rule on a whole stack: resources that satisfy it, and what makes them break it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deployment.declared.model import Declared
from policy.rules import companions, whole
from policy.rules.estate import STACK
from tests.policy.cases import running

STACK_URN = f"urn:pulumi:dev::p::{STACK}::p-dev"
A = "azure-native:"
REGISTRY = "crforecasting.azurecr.io"
LABELS = {"app": "scoring"}


def res(kind: str, name: str, inputs: Mapping[str, Any] | None = None, **refers: str) -> Declared:
    """Return a resource; `refers` names, by input, the URN of the resource that it comes from."""
    urn = f"urn:pulumi:dev::p::{kind}::{name}"
    sources = {input_name: [other] for input_name, other in refers.items()}
    return Declared(type=kind, name=name, urn=urn, inputs=dict(inputs or {}), sources=sources)


def urn_of(kind: str, name: str) -> str:
    """Return the URN of a resource made by `res`."""
    return f"urn:pulumi:dev::p::{kind}::{name}"


PREMIUM = res(f"{A}containerregistry:Registry", "images", {"sku": {"name": "Premium"}})


@dataclass(frozen=True)
class StackCases:
    """Good resources, and changes that break the rule: by words, what to do and which resource is then named."""

    good: tuple[Declared, ...]
    breaks: Mapping[str, tuple[Callable[[list[Declared]], list[Declared]], str]]
    also_good: tuple[tuple[Declared, ...], ...] = field(default=())


def without(name: str) -> Callable[[list[Declared]], list[Declared]]:
    """Take a resource away."""
    return lambda rows: [row for row in rows if row.name != name]


def with_inputs(name: str, **inputs: Any) -> Callable[[list[Declared]], list[Declared]]:
    """Change inputs of a resource."""
    return lambda rows: [replace(row, inputs={**row.inputs, **inputs}) if row.name == name else row for row in rows]


def pointing_nowhere(name: str) -> Callable[[list[Declared]], list[Declared]]:
    """Take the references of a resource away."""
    return lambda rows: [replace(row, sources={}) if row.name == name else row for row in rows]


def plus(*more: Declared) -> Callable[[list[Declared]], list[Declared]]:
    """Add resources."""
    return lambda rows: [*rows, *more]


ROOT = Declared(type=STACK, name="p-dev", urn=STACK_URN, inputs={})
ACCOUNT, LAKE = (
    res(companions.ACCOUNT, "account", {"accountName": "stone"}),
    res(companions.ACCOUNT, "lake", {"accountName": "dlsone", "isHnsEnabled": True}),
)
BUS = res(companions.BUS, "bus", {"namespaceName": "evh-one", "publicNetworkAccess": "Enabled"})
HUB = res(companions.HUB, "hub", {"eventHubName": "drift"})
ML = res(companions.ML, "ml", {"workspaceName": "mlw-one"})
POINT = res(companions.ENDPOINT, "endpoint", {"privateEndpointName": "pe-one"})
ZONE = res(companions.ZONE, "zone", {"privateZoneName": "privatelink.azurecr.io"})
GROUP = res(whole.GROUP, "group")
TOPIC = res(whole.TOPIC, "topic", {"systemTopicName": "egst-one"})
DELIVERY = res(whole.DELIVERY, "delivery", {}, systemTopicName=TOPIC.urn)
CLUSTER = res(companions.CLUSTER, "cluster", {"resourceName": "aks-one"})
TRACES = res(whole.TRACES, "traces", {"resourceName": "ins-one"})
ROLE = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"


def _endpoint(name: str, target: Declared, *groups: str) -> Declared:
    link = {"name": name, "groupIds": list(groups)}
    return res(companions.ENDPOINT, name, {"privateLinkServiceConnections": [link]}, privateLinkServiceConnections=target.urn)


def _role(name: str, role: str, principal: Declared, scope: Declared) -> Declared:
    inputs = {"roleDefinitionId": ROLE + role}
    return res(whole.ASSIGNMENT, name, inputs, principalId=principal.urn, scope=scope.urn)


def _alert(name: str, target: Declared) -> Declared:
    return res(f"{A}monitor:MetricAlert", name, {}, scopes=target.urn)


def _setting(name: str, target: Declared) -> Declared:
    return res(f"{A}monitor:DiagnosticSetting", name, {"workspaceId": "/subscriptions/s/log"}, resourceUri=target.urn)


HUBS = tuple(res(companions.HUB, name, {"eventHubName": name}) for name in whole.HUBS)
ZONES = tuple(res(companions.ZONE, name, {"privateZoneName": name}) for name in whole.ZONES)
SENDER = _role("sender", whole.SENDER, TOPIC, HUB)
WRITER = _role("writer", whole.WRITER, TOPIC, ACCOUNT)
NAMESPACE = res("kubernetes:core/v1:Namespace", "namespace", {"metadata": {"name": "forecasting"}})
DENY = res(
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "deny",
    {"metadata": {"namespace": "forecasting"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
)
ALLOW = res(
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "allow",
    {
        "metadata": {"namespace": "forecasting"},
        "spec": {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]},
    },
)
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": running.POD}
DEPLOYMENT = res(
    "kubernetes:apps/v1:Deployment", "scoring", {"metadata": running.META, "spec": {"replicas": 3, "template": TEMPLATE}}
)
DISRUPTION = res(
    "kubernetes:policy/v1:PodDisruptionBudget",
    "budget",
    {"metadata": {"namespace": "forecasting"}, "spec": {"selector": {"matchLabels": LABELS}}},
)
PLATFORM = res("pulumi:pulumi:StackReference", "platform", {"outputs": {"registry_login_server": REGISTRY}})
FOREIGN = {**TEMPLATE, "spec": {**running.POD, "containers": [{"name": "x", "image": "docker.io/library/busybox@sha256:0"}]}}
QA = res(f"{A}containerinstance:ContainerGroup", "qa", {"containers": [{"image": f"{REGISTRY}/scoring@sha256:0"}]})

CASES: dict[str, StackCases] = {
    "st-lifecycle": StackCases(
        (ACCOUNT, res(f"{A}storage:ManagementPolicy", "policy", {}, accountName=ACCOUNT.urn)),
        {"none": (without("policy"), "account"), "another's": (pointing_nowhere("policy"), "account")},
        also_good=((ACCOUNT, res(f"{A}storage:ManagementPolicy", "policy", {"accountName": "stone"})),),
    ),
    "eh-namespace-filtered": StackCases(
        (BUS, res(f"{A}eventhub:NamespaceNetworkRuleSet", "rules", {}, namespaceName=BUS.urn)),
        {"none": (without("rules"), "bus")},
        also_good=((res(companions.BUS, "bus", {"publicNetworkAccess": "Disabled"}),),),
    ),
    "eh-hub-consumer-group": StackCases(
        (HUB, res(f"{A}eventhub:ConsumerGroup", "readers", {"consumerGroupName": "handler"}, eventHubName=HUB.urn)),
        {
            "none": (without("readers"), "hub"),
            "$Default": (with_inputs("readers", consumerGroupName="$Default"), "hub"),
            "another's": (pointing_nowhere("readers"), "hub"),
        },
    ),
    "aml-network": StackCases(
        (ML, _endpoint("to-ml", ML, "amlworkspace")),
        {"none": (without("to-ml"), "ml"), "another's": (pointing_nowhere("to-ml"), "ml")},
        also_good=((res(companions.ML, "ml", {"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}),),),
    ),
    "pe-dns-group": StackCases(
        (POINT, res(f"{A}network:PrivateDnsZoneGroup", "names", {}, privateEndpointName=POINT.urn)),
        {"none": (without("names"), "endpoint"), "another's": (pointing_nowhere("names"), "endpoint")},
    ),
    "pdns-linked": StackCases(
        (ZONE, res(f"{A}privatedns:VirtualNetworkLink", "link", {"registrationEnabled": False}, privateZoneName=ZONE.urn)),
        {"none": (without("link"), "zone"), "registers": (with_inputs("link", registrationEnabled=True), "zone")},
    ),
    "private-endpoints": StackCases(
        (LAKE, _endpoint("blob", LAKE, "blob"), _endpoint("dfs", LAKE, "dfs"), ML, _endpoint("to-ml", ML, "amlworkspace")),
        {
            "no blob": (without("blob"), "lake"),
            "no dfs": (without("dfs"), "lake"),
            "none of the workspace": (without("to-ml"), "ml"),
            "another's": (pointing_nowhere("blob"), "lake"),
            "vault": (plus(res(companions.VAULT, "vault")), "vault"),
            "registry": (plus(res(companions.REGISTRY, "registry")), "registry"),
            "bus": (plus(BUS), "bus"),
            "databricks": (plus(res(companions.DATABRICKS, "databricks")), "databricks"),
        },
        also_good=((ACCOUNT, _endpoint("blob", ACCOUNT, "blob")),),
    ),
    "diagnostics-complete": StackCases(
        (BUS, _setting("of-bus", BUS), ML, _setting("of-ml", ML)),
        {
            "none": (without("of-bus"), "bus"),
            "to nowhere": (with_inputs("of-ml", workspaceId=""), "ml"),
            "another's": (pointing_nowhere("of-bus"), "bus"),
            **{
                kind: (plus(res(kind, "new")), "new")
                for kind in (companions.VAULT, companions.REGISTRY, companions.CLUSTER, companions.DATABRICKS, companions.ACCOUNT)
            },
        },
    ),
    "budget-present": StackCases(
        (ROOT, GROUP, res(f"{A}consumption:Budget", "budget", {"amount": 5000})),
        {
            "none": (without("budget"), "p-dev"),
            "too much": (with_inputs("budget", amount=5001), "p-dev"),
            "nothing": (with_inputs("budget", amount=0), "p-dev"),
            "text": (with_inputs("budget", amount="100"), "p-dev"),
        },
        also_good=((ROOT,), (ROOT, GROUP, res(f"{A}costmanagement:Budget", "budget", {"amount": 10}))),
    ),
    "monthly-budget": StackCases(
        (ROOT, GROUP, res(f"{A}consumption:Budget", "budget", {"amount": 55}), PREMIUM),
        {
            "too small": (with_inputs("budget", amount=49), "p-dev"),
            "a dearer stack": (plus(res(f"{A}network:NatGateway", "way-out")), "p-dev"),
        },
        also_good=((ROOT, GROUP, PREMIUM), (ROOT, GROUP, res(f"{A}consumption:Budget", "budget", {"amount": 1}))),
    ),
    "alerts-present": StackCases(
        (ROOT, BUS, TOPIC, TRACES, CLUSTER, *(_alert(f"on-{one.name}", one) for one in (BUS, TOPIC, TRACES, CLUSTER))),
        {one.name: (without(f"on-{one.name}"), "p-dev") for one in (BUS, TOPIC, TRACES, CLUSTER)},
        also_good=((ROOT,),),
    ),
    "hubs-present": StackCases(
        (ROOT, BUS, *HUBS),
        {name: (without(name), "p-dev") for name in whole.HUBS},
        also_good=((ROOT,),),
    ),
    "eg-roles-present": StackCases(
        (TOPIC, DELIVERY, SENDER, WRITER),
        {
            "no sender": (without("sender"), "delivery"),
            "no writer": (without("writer"), "delivery"),
            "another's": (pointing_nowhere("sender"), "delivery"),
            "reader": (with_inputs("sender", roleDefinitionId=ROLE + "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"), "delivery"),
        },
    ),
    "private-dns": StackCases(
        (ROOT, BUS, *ZONES),
        {name: (without(name), "p-dev") for name in whole.ZONES},
        also_good=((ROOT,),),
    ),
    "prod-protect": StackCases(
        (replace(ACCOUNT, protected=True), BUS, res(whole.LOCK, "lock", {"level": "CanNotDelete"}, scope=BUS.urn)),
        {
            "unlocked": (without("lock"), "bus"),
            "read only": (with_inputs("lock", level="ReadOnly"), "bus"),
            **{kind: (plus(res(kind, "new")), "new") for kind in whole.STATEFUL},
        },
    ),
    "rbac-least": StackCases(
        (TOPIC, HUB, ACCOUNT, SENDER, WRITER, _role("other", whole.SENDER, TOPIC, ACCOUNT)),
        {"twice": (plus(_role("again", whole.SENDER, TOPIC, HUB)), "again")},
        also_good=(
            (SENDER, replace(_role("again", whole.SENDER, TOPIC, HUB), inputs={"condition": "@Resource", **SENDER.inputs})),
        ),
    ),
    "k8s-default-deny": StackCases(
        (NAMESPACE, DENY, ALLOW),
        {
            "none": (without("deny"), "namespace"),
            "one way": (with_inputs("deny", spec={"podSelector": {}, "policyTypes": ["Ingress"]}), "namespace"),
            "open": (
                with_inputs("deny", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}),
                "namespace",
            ),
            "elsewhere": (with_inputs("deny", metadata={"namespace": "other"}), "namespace"),
        },
    ),
    "k8s-network-policy": StackCases(
        (DEPLOYMENT, DENY, ALLOW),
        {
            "none": (without("allow"), "scoring"),
            "other pods": (with_inputs("allow", spec={"podSelector": {"matchLabels": {"app": "other"}}}), "scoring"),
        },
    ),
    "k8s-disruption-budget": StackCases(
        (DEPLOYMENT, DISRUPTION),
        {
            "none": (without("budget"), "scoring"),
            "other pods": (with_inputs("budget", spec={"selector": {"matchLabels": {"app": "other"}}}), "scoring"),
        },
        also_good=((replace(DEPLOYMENT, inputs={"spec": {"replicas": 1}}),),),
    ),
    "k8s-own-registry": StackCases(
        (PLATFORM, DEPLOYMENT, QA),
        {
            "foreign image": (with_inputs("scoring", spec={"template": FOREIGN}), "scoring"),
            "foreign group": (with_inputs("qa", containers=[{"image": "mcr.microsoft.com/x@sha256:0"}]), "qa"),
            "prefix": (with_inputs("qa", containers=[{"image": f"{REGISTRY}.evil.example/x"}]), "qa"),
            "public, and no platform told": (
                lambda rows: with_inputs("qa", containers=[{"image": "busybox:1"}])(without("platform")(rows)),
                "qa",
            ),
        },
    ),
}
