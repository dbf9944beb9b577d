"""Rules on the stack as a whole: what it must hold, and what must hold between its resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pulumi_policy import PolicyResource, Severity

from cost.estimate import Resource
from cost.stack_file import priced, stacks

from .companions import ACCOUNT, BUS, CLUSTER, DATABRICKS, HUB, ML, REGISTRY, VAULT, ZONE
from .estate import STACK, Estate, missing, refers, text
from .properties import places, read
from .sources import benchmark, own, psrule, well_architected
from .stack_rule import Fault, Judged, StackRule
from .telemetry import ACTIVITY, BUDGETS, METRIC, QUERY
from .waivers import Address

GROUP, ASSIGNMENT = "azure-native:resources:ResourceGroup", "azure-native:authorization:RoleAssignment"
TOPIC, DELIVERY = "azure-native:eventgrid:SystemTopic", "azure-native:eventgrid:SystemTopicEventSubscription"
LOCK = "azure-native:authorization:ManagementLockByScope"
LOGS, TRACES = "azure-native:operationalinsights:Workspace", "azure-native:applicationinsights:Component"
STATEFUL = (ACCOUNT, VAULT, REGISTRY, BUS, ML, DATABRICKS, LOGS)
SENDER, WRITER = "2b629674-e913-4c01-ae53-ef4638d8f975", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
"""Azure Event Hubs Data Sender and Storage Blob Data Contributor; a test compares them with contracts.roles."""

WATCHED: dict[str, tuple[str, tuple[str, ...]]] = {
    "the bus (throttling, lag)": (BUS, (BUS,)),
    "dead letters": (TOPIC, (TOPIC, ACCOUNT, LOGS)),
    "scoring (errors, latency)": (TRACES, (TRACES, LOGS)),
    "the cluster's nodes": (CLUSTER, (CLUSTER, LOGS)),
}
"""What must be watched: the kind that makes it necessary, and the kinds whose alerts do it."""

ZONES = (
    "privatelink.blob.core.windows.net",
    "privatelink.dfs.core.windows.net",
    "privatelink.vaultcore.azure.net",
    "privatelink.azurecr.io",
    "privatelink.servicebus.windows.net",
    "privatelink.api.azureml.ms",
    "privatelink.notebooks.azure.net",
    "privatelink.azuredatabricks.net",
)
"""Azure Private Link: private DNS zone values (learn.microsoft.com, private-endpoint-dns)."""

HUBS = (
    "data_delivery",
    "dataset_registry",
    "feature_registry",
    "training_run_completed",
    "training_run_failed",
    "model_registry",
    "artifact_registry",
    "drift",
    "dead_letter",
    "sales_stream",
)
"""The hubs of the event catalogue; a test compares them with contracts.events."""


def _budget(judged: Judged) -> Iterator[Fault]:
    if not judged.estate.of(GROUP):
        return
    cap, found = judged.terms["monthlyUsd"], judged.estate.of(*BUDGETS)
    amounts = [place.value for one in found for place in places(one.props, "amount") if not place.unknown]
    if not found:
        yield Fault("no Budget", f"a Budget of {cap:g} a month at most")
    elif not any(isinstance(amount, (int, float)) and 0 < amount <= cap for amount in amounts):
        yield Fault("no Budget within the stack's cap", f"amount = {cap:g} a month at most")


def _within_budget(judged: Judged) -> Iterator[Fault]:
    """Estimate what the stack declares; a preview that doesn't know a size or a number yet leaves it to the update."""
    stack = Address.of(judged.resource.urn).stack
    amounts = [place.value for one in judged.estate.of(*BUDGETS) for place in places(one.props, "amount") if not place.unknown]
    agreed = [float(amount) for amount in amounts if isinstance(amount, (int, float)) and amount > 0]
    if stack not in stacks() or not agreed:
        return
    declared = [Resource(type=one.resource_type, name=one.name, inputs=one.props) for one in judged.estate.resources]
    total = priced(stack, declared).total()
    if total > max(agreed):
        yield Fault(f"an estimate of {total / max(agreed):.0%} of the Budget", "an estimate within the Budget")


def _alerts(judged: Judged) -> Iterator[Fault]:
    for told, (reason, kinds) in WATCHED.items():
        subjects = judged.estate.of(*kinds)
        if judged.estate.of(reason) and not any(_watch(judged.estate, one) for one in subjects):
            yield Fault(f"no alert on {told}", f"an alert whose scopes name one of {_short(kinds)}")


def _watch(estate: Estate, subject: PolicyResource) -> bool:
    return bool(estate.referring(subject, (METRIC, QUERY, ACTIVITY), "scopes"))


def _short(kinds: Iterable[str]) -> str:
    return ", ".join(kind.removeprefix("azure-native:") for kind in kinds)


def _hubs(judged: Judged) -> Iterator[Fault]:
    if not judged.estate.of(BUS):
        return
    for name in missing(judged.estate.of(HUB), judged.terms["hubs"]):
        yield Fault(f"no hub {name}", "every hub of the event catalogue")


def _zones(judged: Judged) -> Iterator[Fault]:
    if not judged.estate.of(BUS):
        return
    for name in missing(judged.estate.of(ZONE), ZONES):
        yield Fault(f"no zone {name}", "a PrivateZone for each service that has private endpoints")


def _roles(judged: Judged) -> Iterator[Fault]:
    """The topic's identity may write to the hub and to the container of the dead letters."""
    topics = [topic for topic in judged.estate.of(TOPIC) if refers(judged.resource, "systemTopicName", topic)]
    given = [one for topic in topics for one in _given_to(judged.estate, topic)]
    if not any(SENDER in text(one.props, "roleDefinitionId") for one in given):
        yield Fault("the topic's identity has no role to send", "Azure Event Hubs Data Sender on the hub")
    if not any(WRITER in text(one.props, "roleDefinitionId") for one in given):
        yield Fault("the topic's identity has no role for dead letters", "Storage Blob Data Contributor on the container")


def _given_to(estate: Estate, topic: PolicyResource) -> list[PolicyResource]:
    own = text(topic.props, "identity.principalId")
    return [
        one
        for one in estate.of(ASSIGNMENT)
        if refers(one, "principalId", topic) or (own and text(one.props, "principalId") == own)
    ]


def _protection(judged: Judged) -> Iterator[Fault]:
    locks = judged.estate.referring(judged.resource, (LOCK,), "scope")
    if not judged.resource.opts.protect and not any(read(lock.props, "level") == "CanNotDelete" for lock in locks):
        yield Fault("neither protected nor locked", "protect=True, or a CanNotDelete lock")


def _twice(judged: Judged) -> Iterator[Fault]:
    """The same role, to the same principal, on the same scope is given by an earlier assignment, too."""
    for other in judged.estate.of(ASSIGNMENT):
        if other.urn == judged.resource.urn:
            return
        if _right(other) == _right(judged.resource):
            yield Fault("another assignment gives the same role on the same scope", "one assignment for each role and scope")
            return


def _right(assignment: PolicyResource) -> tuple[object, ...]:
    """What an assignment gives; what is unknown is told by the resources that it comes from."""
    return tuple(_side(assignment, name) for name in ("principalId", "roleDefinitionId", "scope", "condition"))


def _side(assignment: PolicyResource, name: str) -> tuple[object, ...]:
    sources = sorted(one.urn for one in assignment.property_dependencies.get(name, []))
    return (text(assignment.props, name).lower(), *sources)


RULES = (
    StackRule(
        id="budget-present",
        title="The stack has a budget",
        breach="The bill may grow for a month before anyone sees it.",
        kinds=(STACK,),
        judge=_budget,
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization CO:04"),
        remedy="Declare a Budget on the resource group, within monthlyUsd of policy/config.<stack>.json.",
        url="https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets",
        terms={"monthlyUsd": {"type": "number", "default": 5000}},
    ),
    StackRule(
        id="monthly-budget",
        title="The stack costs no more than its budget",
        breach="What is declared costs more in a month than was agreed, before anything unforeseen.",
        kinds=(STACK,),
        judge=_within_budget,
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization CO:05"),
        remedy="See `make cost`: choose smaller sizes or fewer runs in Pulumi.<stack>.yaml, or agree on a larger Budget.",
        url="https://learn.microsoft.com/azure/well-architected/cost-optimization/get-best-rates",
    ),
    StackRule(
        id="alerts-present",
        title="Somebody is told when the loop breaks",
        breach="The loop may stand still for days.",
        kinds=(STACK,),
        judge=_alerts,
        severity=Severity.MEDIUM,
        source=well_architected("Operational Excellence OE:07"),
        remedy="Declare the alert, with an action group.",
        url="https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview",
    ),
    StackRule(
        id="hubs-present",
        title="Every hub of the event catalogue is there",
        breach="Events of that kind have nowhere to go, and what they start does not start.",
        kinds=(STACK,),
        judge=_hubs,
        severity=Severity.HIGH,
        source=own("event catalogue"),
        remedy="Declare the hub; the catalogue is contracts.events.Hub.",
        url="https://learn.microsoft.com/azure/event-hubs/event-hubs-about",
        terms={"hubs": {"type": "array", "items": {"type": "string"}, "default": list(HUBS)}},
    ),
    StackRule(
        id="eg-roles-present",
        title="Topics may deliver and keep what they can't deliver",
        breach="Event Grid is refused by the hub or by the container, and events are lost.",
        kinds=(DELIVERY,),
        judge=_roles,
        severity=Severity.HIGH,
        source=own("deliveries", "Event Grid: deliver events by managed identity"),
        remedy="Give the topic's identity the role; the table is infra.roles.",
        url="https://learn.microsoft.com/azure/event-grid/add-identity-roles",
    ),
    StackRule(
        id="private-dns",
        title="Every private service is found by name",
        breach="Names of the service lead to its public address, and clients are refused there.",
        kinds=(STACK,),
        judge=_zones,
        severity=Severity.HIGH,
        source=own("private network", "Azure Private Link: DNS zone values"),
        remedy="Declare the PrivateZone and link it to the network.",
        url="https://learn.microsoft.com/azure/private-link/private-endpoint-dns-integration",
    ),
    StackRule(
        id="prod-protect",
        title="What holds state can't be deleted by mistake",
        breach="One wrong destroy takes the data, the models or their history with it.",
        kinds=STATEFUL,
        judge=_protection,
        severity=Severity.HIGH,
        source=psrule("Azure.Resource.Lock", "Azure Well-Architected Framework, Reliability"),
        remedy="Set protect=True in the resource's options, or declare a CanNotDelete lock on it.",
        url="https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources",
    ),
    StackRule(
        id="rbac-least",
        title="Every right is given once",
        breach="Taking the right away from one place leaves it standing in another.",
        kinds=(ASSIGNMENT,),
        judge=_twice,
        severity=Severity.MEDIUM,
        source=benchmark("PA-7", "Azure role-based access control: best practices"),
        remedy="Take the second assignment away; the table is infra.roles.",
        url="https://learn.microsoft.com/azure/role-based-access-control/overview",
    ),
)
