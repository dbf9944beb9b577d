"""Rules on what must stand beside a resource: a policy, a consumer group, an endpoint, a zone's link, a diagnostic setting."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pulumi_policy import PolicyResource, Severity

from .estate import azure_name, text
from .properties import places, read
from .sources import built_in, checkov, own, pol, psrule, well_architected
from .stack_rule import Fault, Judged, StackRule
from .tokens import kind_of

ACCOUNT = "azure-native:storage:StorageAccount"
BUS, HUB = "azure-native:eventhub:Namespace", "azure-native:eventhub:EventHub"
ML = "azure-native:machinelearningservices:Workspace"
DATABRICKS, VAULT = "azure-native:databricks:Workspace", "azure-native:keyvault:Vault"
REGISTRY, CLUSTER = "azure-native:containerregistry:Registry", "azure-native:containerservice:ManagedCluster"
ENDPOINT, ZONE = "azure-native:network:PrivateEndpoint", "azure-native:privatedns:PrivateZone"
TARGET = "privateLinkServiceConnections[].privateLinkServiceId"
DIAGNOSED = (VAULT, BUS, DATABRICKS, ML, CLUSTER, REGISTRY, ACCOUNT)

ENDPOINTS: dict[str, tuple[str, ...]] = {
    ACCOUNT: ("blob",),
    VAULT: ("vault",),
    REGISTRY: ("registry",),
    BUS: ("namespace",),
    ML: ("amlworkspace",),
    DATABRICKS: ("databricks_ui_api", "browser_authentication"),
}
"""Sub-resources that need a private endpoint, by kind (learn.microsoft.com, private-endpoint-overview)."""


def _beside(
    kind: str, path: str, given: str, fits: Callable[[PolicyResource], bool] = lambda _: True
) -> Callable[[Judged], Iterator[Fault]]:
    """Demand a resource of a kind that refers to the judged one."""

    def judge(judged: Judged) -> Iterator[Fault]:
        if not any(fits(one) for one in judged.estate.referring(judged.resource, (kind,), path)):
            yield Fault(f"no {kind.rpartition(':')[2]} that names it{given}", f"one with {path} = this resource{given}")

    return judge


def _is_own_group(group: PolicyResource) -> bool:
    return azure_name(group) != "$Default"


def _registers_nothing(link: PolicyResource) -> bool:
    return read(link.props, "registrationEnabled") in (None, False)


def _goes_to_logs(setting: PolicyResource) -> bool:
    return bool(setting.property_dependencies.get("workspaceId")) or bool(text(setting.props, "workspaceId"))


def _is_filtered(judged: Judged) -> Iterator[Fault]:
    """A namespace that is public needs a rule set that denies by default; eh-firewall judges what that says."""
    rules = judged.estate.referring(judged.resource, ("azure-native:eventhub:NamespaceNetworkRuleSet",), "namespaceName")
    if not rules and read(judged.resource.props, "publicNetworkAccess") != "Disabled":
        yield Fault("publicNetworkAccess is not Disabled, and no NamespaceNetworkRuleSet names it", "one of the two")


def _is_isolated(judged: Judged) -> Iterator[Fault]:
    mode = read(judged.resource.props, "managedNetwork.isolationMode")
    closed = mode in ("AllowOnlyApprovedOutbound", "AllowInternetOutbound")
    if not closed and not judged.estate.referring(judged.resource, (ENDPOINT,), TARGET):
        yield Fault("neither a managed network nor a private endpoint", "managedNetwork.isolationMode, or a PrivateEndpoint")


def _groups_of(resource: PolicyResource) -> tuple[str, ...]:
    lake = kind_of(resource.resource_type) == ACCOUNT and read(resource.props, "isHnsEnabled") is True
    return (*ENDPOINTS[kind_of(resource.resource_type)], *(("dfs",) if lake else ()))


def _is_reached_privately(judged: Judged) -> Iterator[Fault]:
    endpoints = judged.estate.referring(judged.resource, (ENDPOINT,), TARGET)
    found = {group for one in endpoints for group in _sub_resources(one)}
    for group in _groups_of(judged.resource):
        if group not in found:
            yield Fault(f"no PrivateEndpoint for {group}", f"a PrivateEndpoint with groupIds = {group}")


def _sub_resources(endpoint: PolicyResource) -> list[str]:
    found = places(endpoint.props, "privateLinkServiceConnections[?].groupIds[?]")
    return [place.value for place in found if isinstance(place.value, str)]


RULES = (
    StackRule(
        id="st-lifecycle",
        title="Every storage account says when its blobs move or go",
        breach="Old blobs stay in the dearest tier for ever.",
        kinds=(ACCOUNT,),
        judge=_beside("azure-native:storage:ManagementPolicy", "accountName", ""),
        severity=Severity.LOW,
        source=well_architected("Cost Optimization, service guide for Blob Storage"),
        remedy="Declare a ManagementPolicy on the account.",
        url="https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview",
    ),
    StackRule(
        id="eh-namespace-filtered",
        title="A public bus has network rules",
        breach="The namespace answers to every network of the world.",
        kinds=(BUS,),
        judge=_is_filtered,
        severity=Severity.HIGH,
        source=psrule("422", pol("0602787f"), "the namespace that lacks rules"),
        remedy="Declare a NamespaceNetworkRuleSet that denies by default.",
        url="https://learn.microsoft.com/azure/event-hubs/network-security",
    ),
    StackRule(
        id="eh-hub-consumer-group",
        title="Every hub has a consumer group of its own",
        breach="Readers share $Default, and one that looks in steals the place of the one that works.",
        kinds=(HUB,),
        judge=_beside("azure-native:eventhub:ConsumerGroup", "eventHubName", ", other than $Default", _is_own_group),
        severity=Severity.MEDIUM,
        source=own("event handler"),
        remedy="Declare a ConsumerGroup on the hub.",
        url="https://learn.microsoft.com/azure/event-hubs/event-hubs-features",
    ),
    StackRule(
        id="aml-network",
        title="ML workspaces stand in a network",
        breach="Clusters and endpoints may send data anywhere, and the workspace is reached from anywhere.",
        kinds=(ML,),
        judge=_is_isolated,
        severity=Severity.HIGH,
        source=checkov("243", pol("45e05259"), pol("6ddb1705")),
        remedy='Set managed_network.isolation_mode="AllowOnlyApprovedOutbound", or declare a PrivateEndpoint to the workspace.',
        url="https://learn.microsoft.com/azure/machine-learning/how-to-managed-network",
    ),
    StackRule(
        id="pe-dns-group",
        title="Every private endpoint is found by name",
        breach="Names still lead to the public address, and clients are refused there.",
        kinds=(ENDPOINT,),
        judge=_beside("azure-native:network:PrivateDnsZoneGroup", "privateEndpointName", ""),
        severity=Severity.HIGH,
        source=built_in("private DNS zone groups", "Azure Private Link: DNS zone values"),
        remedy="Declare a PrivateDnsZoneGroup on the endpoint.",
        url="https://learn.microsoft.com/azure/private-link/private-endpoint-dns",
    ),
    StackRule(
        id="pdns-linked",
        title="Every private zone is linked to the network",
        breach="Nobody in the network asks the zone.",
        kinds=(ZONE,),
        judge=_beside(
            "azure-native:privatedns:VirtualNetworkLink",
            "privateZoneName",
            ", with registrationEnabled = false",
            _registers_nothing,
        ),
        severity=Severity.HIGH,
        source=well_architected("Security, private networking"),
        remedy="Declare a VirtualNetworkLink with registration_enabled=False on the zone.",
        url="https://learn.microsoft.com/azure/dns/private-dns-virtual-network-links",
    ),
    StackRule(
        id="private-endpoints",
        title="Services are reached by private endpoints",
        breach="The service is reached on its public address, or not at all.",
        kinds=tuple(ENDPOINTS),
        judge=_is_reached_privately,
        severity=Severity.HIGH,
        source=built_in("6edd7eda", "Azure Policy a6abeaec, e8eef0a8, b8564268, 45e05259, 258823f2", "Checkov CKV2_AZURE_33, 32"),
        remedy="Declare the PrivateEndpoint in the platform's network.",
        url="https://learn.microsoft.com/azure/private-link/private-endpoint-overview",
    ),
    StackRule(
        id="diagnostics-complete",
        title="Services send their logs to the platform's workspace",
        breach="Who did what in the service is recorded nowhere.",
        kinds=DIAGNOSED,
        judge=_beside("azure-native:monitor:DiagnosticSetting", "resourceUri", ", with workspaceId", _goes_to_logs),
        severity=Severity.MEDIUM,
        source=psrule("119", "PSRule AZR-000022", "Azure Policy cf820ca0, 83a214f7, 138ff14d, afe0c3be, 245fc9df"),
        remedy="Declare a DiagnosticSetting of the resource to Log Analytics.",
        url="https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings",
    ),
)
