"""Rules for Event Hubs: namespaces, their network rules, hubs and keys."""

from __future__ import annotations

from functools import partial

from pulumi_policy import Severity

from .checks import between, either, equal, forbidden, one_of, unset_or_false
from .rule import Check, Rule, Terms
from .sources import built_in, ckv, own, pol, psrule, well_architected

DOCS = "https://learn.microsoft.com/azure/event-hubs"
HOURS = 24

_namespace = partial(Rule, kinds=("azure-native:eventhub:Namespace",))
_network = partial(Rule, kinds=("azure-native:eventhub:NamespaceNetworkRuleSet",))


def _kept(terms: Terms) -> tuple[Check, ...]:
    most = terms["maxDays"]
    hours = between("retentionDescription.retentionTimeInHours", 1, most * HOURS)
    return (either(between("messageRetentionInDays", 1, most), hours),)


RULES = (
    _namespace(
        id="eh-no-local-auth",
        title="Event Hubs accept no shared keys",
        breach="The namespace may be entered with a shared access key, which names no sender and never expires.",
        checks=(equal("disableLocalAuth", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("102", pol("5d4e3c65")),
        remedy="Set disable_local_auth=True on the Namespace and give Azure Event Hubs Data Sender or Receiver.",
        url=f"{DOCS}/authenticate-shared-access-signature",
    ),
    _namespace(
        id="eh-tls12-explicit",
        title="Event Hubs demand TLS 1.2",
        breach="The namespace may accept a TLS version that is known to be weak.",
        # Checkov passes when it is missing; older namespaces then accept TLS 1.0.
        checks=(equal("minimumTlsVersion", wanted="1.2"),),
        severity=Severity.HIGH,
        source=psrule("356", ckv(223)),
        remedy='Set minimum_tls_version="1.2" on the Namespace.',
        url=f"{DOCS}/transport-layer-security-configure-minimum-version",
    ),
    _network(
        id="eh-firewall",
        title="The bus lets in known networks only",
        breach="Every network of the world may knock at the namespace.",
        # The rule set overrides the namespace's own value.
        checks=(either(equal("defaultAction", wanted="Deny"), equal("publicNetworkAccess", wanted="Disabled")),),
        severity=Severity.HIGH,
        source=psrule("422", pol("0602787f")),
        remedy='Set default_action="Deny" on the NamespaceNetworkRuleSet and list the addresses that may enter.',
        url=f"{DOCS}/event-hubs-ip-filtering",
    ),
    _network(
        id="eh-trusted-services",
        title="Event Grid passes the firewall of the bus",
        breach="Event Grid can't deliver through the firewall, and every event ends as a dead letter.",
        checks=(equal("trustedServiceAccessEnabled", wanted=True),),
        severity=Severity.HIGH,
        source=own("deliveries", "Event Grid: deliver events by managed identity"),
        remedy="Set trusted_service_access_enabled=True on the NamespaceNetworkRuleSet.",
        url=f"{DOCS}/event-hubs-ip-filtering",
    ),
    _namespace(
        id="eh-sku",
        title="The bus has consumer groups and the Kafka protocol",
        breach="The Basic tier has neither, so the event handler can't read.",
        checks=(one_of("sku.name", "Standard", "Premium"),),
        severity=Severity.HIGH,
        source=own("event handler"),
        remedy='Set sku.name="Standard" on the Namespace.',
        url=f"{DOCS}/compare-tiers",
    ),
    _namespace(
        id="eh-throughput-cap",
        title="Throughput that grows by itself has a cap",
        breach="A storm of events inflates the namespace, and the bill, without an end.",
        checks=(either(between("maximumThroughputUnits", 1, 10), unset_or_false("isAutoInflateEnabled")),),
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization, service guide for Event Hubs"),
        remedy="Set maximum_throughput_units to 10 or less, or is_auto_inflate_enabled=False.",
        url=f"{DOCS}/event-hubs-auto-inflate",
    ),
    Rule(
        id="eh-no-auth-rules",
        title="Namespaces have no keys of their own making",
        breach="The rule makes two keys that open the whole namespace to whoever holds them.",
        kinds=("azure-native:eventhub:NamespaceAuthorizationRule",),
        checks=(forbidden("a role on the namespace, such as Azure Event Hubs Data Sender"),),
        severity=Severity.HIGH,
        source=built_in("b278e460"),
        remedy="Take the NamespaceAuthorizationRule away and give the sender's or receiver's identity a role.",
        url=f"{DOCS}/authorize-access-event-hubs",
    ),
    Rule(
        id="eh-hub-no-auth-rules",
        title="Hubs have no keys of their own",
        breach="The rule makes two keys that open the hub to whoever holds them.",
        kinds=("azure-native:eventhub:EventHubAuthorizationRule",),
        checks=(forbidden("a role on the hub, such as Azure Event Hubs Data Receiver"),),
        severity=Severity.HIGH,
        source=built_in("b278e460", "the same for hubs"),
        remedy="Take the EventHubAuthorizationRule away and give the sender's or receiver's identity a role on the hub.",
        url=f"{DOCS}/authorize-access-azure-active-directory",
    ),
    Rule(
        id="eh-hub-retention",
        title="Hubs keep events as long as the stack says",
        breach="Events are gone before a handler that was down comes back, or are paid for longer than anyone reads them.",
        kinds=("azure-native:eventhub:EventHub",),
        checks=_kept,
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization, service guide for Event Hubs"),
        remedy="Set events.retentionDays in Pulumi.<stack>.yaml within what policy/config.<stack>.json allows.",
        url=f"{DOCS}/event-hubs-quotas",
        terms={"maxDays": {"type": "number", "default": 7}},
    ),
)
