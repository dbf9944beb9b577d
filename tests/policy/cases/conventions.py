"""Cases of the conventions, made for every kind that they are asked of."""

from __future__ import annotations

from policy.rules.kinds import AZURE, located, tagged
from tests.policy.cases.around import TAGS
from tests.policy.cases.break_case import Cases, bad
from tests.policy.cases.compute import NODES, SCALE

PREFIX = "azure-native:"
COMPUTE, CLUSTER = f"{PREFIX}machinelearningservices:Compute", f"{PREFIX}containerservice:ManagedCluster"
POOL, BUS = f"{PREFIX}containerservice:AgentPool", f"{PREFIX}eventhub:Namespace"
WITHOUT_OWNER = {name: text for name, text in TAGS.items() if name != "owner"}
LARGE = ("Standard_D64ds_v5", "", 4)

TAG_CASES = Cases(bad("tags", {}, WITHOUT_OWNER, {**TAGS, "owner": " "}, {**TAGS, "workload": 7}, "dev"))
REGION_CASES = Cases(
    bad("location", "eastus", "", 7, "west"),
    passes=({"location": "West Europe"}, {"location": "global"}, {"location": "WESTEUROPE"}),
    absent="passes",
)
CAP_CASES: dict[str, Cases] = {
    COMPUTE: Cases(
        bad(f"{NODES}.vmSize", *LARGE)
        + bad(f"{SCALE}.maxNodeCount", 9, also=("amlc-max-nodes",))
        + bad(f"{SCALE}.minNodeCount", 1, also=("amlc-min-zero",))
    ),
    CLUSTER: Cases(
        bad("agentPoolProfiles[0].vmSize", *LARGE) + bad("agentPoolProfiles[0].maxCount", 11, None, also=("aks-autoscale",))
    ),
    POOL: Cases(bad("vmSize", *LARGE) + bad("maxCount", 11, also=("aks-autoscale",))),
    BUS: Cases(bad("sku.capacity", 0, 11, "1"), passes=({"sku.capacity": 10},)),
}


def name_cases() -> dict[str, Cases]:
    """Return the cases of names, by kind."""
    found: dict[str, Cases] = {}
    for kind, known in AZURE.items():
        if known.prefixes:
            # A lake that is not named as one is no lake, and what is no lake needs no directories.
            found[f"{PREFIX}{kind}"] = Cases(bad(known.named, "x-forecasting", "", 7))
    return found


TAGGED, LOCATED = tagged(), located()
