"""Event Hubs: one namespace for a stack, since the local broker is one; hubs are its topics."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import HOST, Endpoints
from local.provider.kinds.kind import ONLY_DEFAULT, Kind, NameRule, rule
from local.provider.wire import Properties

HUB_NAME = NameRule(
    pattern=r"[A-Za-z0-9]([\w.-]{0,254}[A-Za-z0-9])?", words="1-256 letters, digits, . _ and -, letter or digit at both ends"
)
GROUP_NAME = NameRule(
    pattern=r"[A-Za-z0-9]([\w.-]{0,48}[A-Za-z0-9])?", words="1-50 letters, digits, . _ and -, letter or digit at both ends"
)
PARTITIONS = 4
"""Azure's own number where `partitionCount` is not given."""


def _namespace(endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    """Where Azure gives port 443 (Kafka being on 9093 of the same host), this names the broker's own port."""
    return {"serviceBusEndpoint": f"https://{HOST}:{endpoints.kafka}/", "status": "Active", "provisioningState": "Succeeded"}


def _hub(_endpoints: Endpoints, _resource_id: str, inputs: Properties) -> Properties:
    count = int(inputs.get("partitionCount", PARTITIONS))
    return {"partitionCount": count, "partitionIds": [str(number) for number in range(count)], "status": "Active"}


NAMESPACE = Kind(
    sdk_type="azure-native:eventhub:Namespace",
    arm_type="Microsoft.EventHub/namespaces",
    names=("namespaceName",),
    rule=rule(RULES["event_hubs"]),
    outputs=_namespace,
    one_per_stack=True,
)
HUB = Kind(
    sdk_type="azure-native:eventhub:EventHub",
    arm_type="Microsoft.EventHub/namespaces/eventhubs",
    names=("namespaceName", "eventHubName"),
    rule=HUB_NAME,
    outputs=_hub,
    fixed=("partitionCount",),
)
CONSUMER_GROUP = Kind(
    sdk_type="azure-native:eventhub:ConsumerGroup",
    arm_type="Microsoft.EventHub/namespaces/eventhubs/consumergroups",
    names=("namespaceName", "eventHubName", "consumerGroupName"),
    rule=GROUP_NAME,
)
NETWORK_RULES = Kind(
    sdk_type="azure-native:eventhub:NamespaceNetworkRuleSet",
    arm_type="Microsoft.EventHub/namespaces/networkRuleSets",
    names=("namespaceName", "<default>"),
    rule=ONLY_DEFAULT,
    with_parent=True,
)
KINDS = (NAMESPACE, HUB, CONSUMER_GROUP, NETWORK_RULES)
