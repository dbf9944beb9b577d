"""What each meter counts for a resource, by table; quantities are worked out by hand."""

import pytest

from cost.metered import HOURS
from cost.meters import FREE, METERS, UNPRICED
from cost.usage import DataUsage, PreparationUsage, TrainingUsage, Usage

USAGE = Usage(
    training=TrainingUsage(runs=30, node_minutes=10, image_build_seconds=100),
    preparation=PreparationUsage(runs=60, node_minutes=5, node_size="Standard_D4ds_v5", dbu_per_node_hour=1.5),
    data=DataUsage(lake_gb=50, ml_storage_gb=20, logs_gb=40, private_gb=70, outbound_gb=7, events_thousands=250),
)
POOL = {"vmSize": "V", "count": 5, "minCount": 2, "enableAutoScaling": True, "osDiskType": "Ephemeral"}
TRAINED = 30 * 10 / 60
PREPARED = 60 * 5 / 60

CASES = [
    ("containerservice:ManagedCluster", {"sku": {"tier": "Free"}}, []),
    (
        "containerservice:ManagedCluster",
        {"sku": {"tier": "Standard"}, "agentPoolProfiles": [POOL, {**POOL, "enableAutoScaling": False}]},
        [("aks/standard-tier", HOURS, "idle"), ("vm/V", 2 * HOURS, "idle"), ("vm/V", 5 * HOURS, "idle")],
    ),
    (
        "containerservice:ManagedCluster",
        {"sku": {"tier": "Free"}, "agentPoolProfiles": [{**POOL, "osDiskType": "Managed"}]},
        [("vm/V", 2 * HOURS, "idle"), ("disk/P10", 2, "idle")],
    ),
    (
        "machinelearningservices:Compute",
        {"computeName": "cpu", "properties": {"properties": {"vmSize": "V", "scaleSettings": {"minNodeCount": 1}}}},
        [("vm/V", HOURS, "idle"), ("vm/V", TRAINED, "training")],
    ),
    (
        "machinelearningservices:Compute",
        {"computeName": "gpu", "properties": {"properties": {"vmSize": "V"}}},
        [("vm/V", 0, "idle")],
    ),
    (
        "databricks:Workspace",
        {"sku": {"name": "premium"}},
        [("vm/Standard_D4ds_v5", PREPARED, "use"), ("databricks/premium-jobs", PREPARED * 1.5, "use")],
    ),
    (
        "containerregistry:Registry",
        {"sku": {"name": "Premium"}},
        [("registry/Premium", 1, "idle"), ("registry/build", 30 * 100 * 2, "training")],
    ),
    ("containerregistry:AgentPool", {"tier": "S2", "count": 2}, [("registry/pool-S2", 2 * HOURS, "idle")]),
    ("storage:StorageAccount", {"isHnsEnabled": True, "sku": {"name": "Standard_ZRS"}}, [("blob/hot/Standard_ZRS", 50, "use")]),
    ("storage:StorageAccount", {"sku": {"name": "Standard_LRS"}}, [("blob/hot/Standard_LRS", 20, "use")]),
    (
        "eventhub:Namespace",
        {"sku": {"name": "Standard", "capacity": 3}},
        [("eventhubs/standard-unit", 3, "idle"), ("eventhubs/standard-ingress", 0.25, "use")],
    ),
    ("eventgrid:SystemTopic", {"topicType": "Microsoft.Storage.StorageAccounts"}, [("eventgrid/operations", 4, "use")]),
    ("eventgrid:SystemTopic", {"topicType": "Microsoft.ContainerRegistry.Registries"}, []),
    ("keyvault:Vault", {}, [("vault/operations", 0.03, "use")]),
    (
        "operationalinsights:Workspace",
        {"retentionInDays": 91, "workspaceCapping": {"dailyQuotaGb": 1}},
        [("logs/ingestion", 30, "use"), ("logs/retention", 60, "use")],
    ),
    (
        "operationalinsights:Workspace",
        {"retentionInDays": 30, "workspaceCapping": {"dailyQuotaGb": -1}},
        [("logs/ingestion", 40, "use"), ("logs/retention", 0, "use")],
    ),
    ("monitor:MetricAlert", {"scopes": ["a", "b"], "criteria": {"allOf": [1, 2, 3]}}, [("monitor/metric-series", 6, "idle")]),
    ("monitor:ScheduledQueryRule", {"evaluationFrequency": "PT5M"}, [("monitor/log-rule-5", 1, "idle")]),
    ("monitor:ScheduledQueryRule", {"evaluationFrequency": "PT1H"}, [("monitor/log-rule-15", 1, "idle")]),
    ("monitor:ScheduledQueryRule", {"evaluationFrequency": "PT1M"}, [("monitor/log-rule-1", 1, "idle")]),
    ("network:NatGateway", {}, [("network/nat-gateway", HOURS, "idle"), ("network/nat-gateway-data", 7, "use")]),
    ("network:PublicIPAddress", {}, [("network/public-address", HOURS, "idle")]),
    (
        "network:PrivateEndpoint",
        {"privateLinkServiceConnections": [{"groupIds": ["dfs"]}]},
        [("network/private-endpoint", HOURS, "idle"), ("network/private-endpoint-data", 70, "use")],
    ),
    (
        "network:PrivateEndpoint",
        {"privateLinkServiceConnections": [{"groupIds": ["vault"]}]},
        [("network/private-endpoint", HOURS, "idle")],
    ),
    ("privatedns:PrivateZone", {}, [("network/private-dns-zone", 1, "idle")]),
    ("core/v1:Service", {"spec": {"type": "ClusterIP", "ports": [1]}}, []),
    (
        "core/v1:Service",
        {"spec": {"type": "LoadBalancer", "ports": [1, 2]}},
        [("network/load-balancer-rule", 2 * HOURS, "idle"), ("network/public-address", HOURS, "idle")],
    ),
    (
        "core/v1:Service",
        {
            "metadata": {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}},
            "spec": {"type": "LoadBalancer", "ports": [1]},
        },
        [("network/load-balancer-rule", HOURS, "idle")],
    ),
]


def token(kind: str) -> str:
    return f"kubernetes:{kind}" if "/" in kind else f"azure-native:{kind}"


@pytest.mark.parametrize(("kind", "inputs", "expected"), CASES, ids=[f"{kind}-{n}" for n, (kind, *_) in enumerate(CASES)])
def test_a_meter_counts_what_the_resource_declares_and_the_month_is_assumed_to_hold(kind, inputs, expected):
    found = [(one.meter, one.quantity, str(one.when)) for one in METERS[token(kind)](inputs, USAGE)]
    assert found == [(meter, pytest.approx(quantity), when) for meter, quantity, when in expected]


def test_every_meter_has_a_case():
    assert {token(kind) for kind, *_ in CASES} == set(METERS)


def test_no_kind_is_both_priced_and_free_or_without_a_price():
    tables = [set(METERS), set(FREE), set(UNPRICED)]
    assert sum(map(len, tables)) == len(set.union(*tables))
