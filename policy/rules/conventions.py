"""What every resource of a stack must satisfy: tags, name, region, size, and that the pack knows its kind."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_policy import Severity

from .checks import between, each, either, forbidden, on, one_of
from .cluster import CLUSTER
from .kinds import AZURE, is_known, located, tagged
from .node_pools import POOL
from .properties import Properties, read
from .rule import Check, Rule, Terms
from .sources import built_in, documentation, own, pol, psrule

TAGS = ("environment", "owner", "cost-center", "workload")
CAF = "https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices"
COMPUTE, BUS = "azure-native:machinelearningservices:Compute", "azure-native:eventhub:Namespace"
NODES = "properties.properties"


def _has_tags(tags: object) -> bool:
    if not isinstance(tags, Mapping):
        return False
    found = [tags.get(name) for name in TAGS]
    return all(isinstance(text, str) and text.strip() for text in found)


def _name(kind: str, named: str, prefixes: tuple[str, ...]) -> Check:
    def holds(value: object) -> bool:
        return isinstance(value, str) and value.startswith(prefixes)

    return on(kind, Check(named, holds, f"{named} = {' or '.join(prefixes)}..."))


def _regions(terms: Terms) -> tuple[Check, ...]:
    allowed = {str(region).lower() for region in terms["regions"]} | {"global"}

    def holds(value: object) -> bool:
        return value is None or (isinstance(value, str) and value.replace(" ", "").lower() in allowed)

    return (Check("location", holds, f"location = {' or '.join(sorted(allowed))}"),)


def _caps(terms: Terms) -> tuple[Check, ...]:
    sizes, nodes, units = terms["machineSizes"], terms["kubernetesNodes"], terms["throughputUnits"]
    return (
        on(COMPUTE, between(f"{NODES}.scaleSettings.maxNodeCount", 0, terms["trainingNodes"])),
        on(COMPUTE, between(f"{NODES}.scaleSettings.minNodeCount", 0, 0)),
        on(COMPUTE, one_of(f"{NODES}.vmSize", *sizes)),
        on(CLUSTER, either(between("agentPoolProfiles[].maxCount", 1, nodes), between("agentPoolProfiles[].count", 1, nodes))),
        on(CLUSTER, one_of("agentPoolProfiles[].vmSize", *sizes)),
        on(POOL, either(between("maxCount", 1, nodes), between("count", 1, nodes))),
        on(POOL, one_of("vmSize", *sizes)),
        on(BUS, between("sku.capacity", 1, units)),
    )


def _training_only(properties: Properties) -> bool:
    """Leave out computes that are no clusters: they have no nodes of their own."""
    kind = read(properties, "properties.computeType")
    return not isinstance(kind, str) or kind.casefold() == "amlcompute"


RULES = (
    Rule(
        id="tags-required",
        title="Every resource says whose it is",
        breach="Nobody can tell whose resource this is, what it is for and who pays.",
        kinds=tagged(),
        checks=(each("tags", _has_tags, f"tags = {', '.join(TAGS)}, none empty"),),
        severity=Severity.MEDIUM,
        source=psrule("Azure.Resource.RequiredTags", pol("871b6d14")),
        remedy="Give the resource the tags of its placement.",
        url=f"{CAF}/resource-tagging",
    ),
    Rule(
        id="naming",
        title="Names begin with their kind",
        breach="Nobody can tell from the name what the resource is, or the engine made a name up.",
        kinds=tuple(f"azure-native:{name}" for name, kind in AZURE.items() if kind.prefixes),
        checks=tuple(_name(f"azure-native:{name}", kind.named, kind.prefixes) for name, kind in AZURE.items() if kind.prefixes),
        severity=Severity.LOW,
        source=documentation("Cloud Adoption Framework: abbreviations", "PSRule Azure.*.Name"),
        remedy="Take the name from contracts.names.",
        url=f"{CAF}/resource-abbreviations",
    ),
    Rule(
        id="one-region",
        title="Everything stands in an allowed region",
        breach="Data leaves the region that it may lie in, or crosses regions for money.",
        kinds=located(),
        checks=_regions,
        severity=Severity.HIGH,
        source=psrule("Azure.Resource.AllowedRegions", pol("e56962a6")),
        remedy="Set location in Pulumi.<stack>.yaml to a region that policy/config.<stack>.json allows.",
        url="https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies",
        terms={"regions": {"type": "array", "items": {"type": "string"}, "default": ["westeurope"]}},
    ),
    Rule(
        id="cost-caps",
        title="Sizes stay within what the stack may cost",
        breach="The size, or the number that it may grow to, costs more than the stack is meant to.",
        kinds=(COMPUTE, CLUSTER, POOL, BUS),
        checks=_caps,
        severity=Severity.MEDIUM,
        source=built_in("7433c107", "Azure Well-Architected Framework, Cost Optimization"),
        remedy="Choose a smaller size in Pulumi.<stack>.yaml, or raise the cap in policy/config.<stack>.json on purpose.",
        url="https://learn.microsoft.com/azure/well-architected/cost-optimization/optimize-component-costs",
        applies=_training_only,
        terms={
            "machineSizes": {
                "type": "array",
                "items": {"type": "string"},
                "default": ["Standard_D2ds_v5", "Standard_D4ds_v5", "Standard_D8ds_v5", "Standard_NC4as_T4_v3"],
            },
            "trainingNodes": {"type": "number", "default": 8},
            "kubernetesNodes": {"type": "number", "default": 10},
            "throughputUnits": {"type": "number", "default": 10},
        },
    ),
    Rule(
        id="kinds-known",
        title="The pack knows every kind that is declared",
        breach="No rule judges this kind: a rename may have switched its rules off, or nobody has thought of it yet.",
        kinds=(),
        among=lambda kind: not is_known(kind),
        checks=(forbidden("a kind that stands in policy/rules/kinds.py"),),
        severity=Severity.HIGH,
        source=own("policy pack"),
        remedy="Add the kind to policy/rules/kinds.py, and rules for what can be misconfigured.",
        url="https://learn.microsoft.com/azure/azure-resource-manager/management/azure-services-resource-providers",
    ),
)
