"""Machine sizes and cores: what the region offers, and how many of them this subscription may still have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deployment.preflight.finding import Finding
from deployment.preflight.plan import cluster_nodes, training_nodes
from deployment.preflight.question import Question

COMPUTE, LEARNING = "Microsoft.Compute", "Microsoft.MachineLearningServices"
USAGES = {COMPUTE: "2024-07-01", LEARNING: "2024-10-01"}
"""API versions of the providers that count cores, each its own."""
CLUSTERS = "Microsoft.ContainerService/managedClusters"


@dataclass(frozen=True, kw_only=True)
class Size:
    """The family that a size is counted in, and its cores."""

    family: str
    cores: int


def quota(asked: Question) -> Iterator[Finding]:
    """Sizes that the region does not offer, and families of which there are too few cores.

    Nodes of a cluster that stands are among those counted already, so it asks for no more.
    """
    sizes = _offered(asked)
    stands = asked.stands(CLUSTERS, asked.settings.names.kubernetes)
    demands = {LEARNING: training_nodes(asked.settings), **({} if stands else {COMPUTE: cluster_nodes(asked.settings)})}
    for size in sorted({size for nodes in demands.values() for size in nodes} - sizes.keys()):
        yield Finding(
            check="quota",
            happened="The region does not offer a machine size to this subscription.",
            given=f"{size} in {asked.settings.location}",
            allowed=f"a size of `az vm list-skus --location {asked.settings.location}` without restrictions",
            fix="Change the size or `location` in Pulumi.<stack>.yaml.",
        )
    for provider, nodes in demands.items():
        yield from _short(asked, provider, [(sizes[size], count) for size, count in nodes.items() if size in sizes])


def _offered(asked: Question) -> Mapping[str, Size]:
    """Sizes without restrictions in the region."""
    found = asked.subscription.listed(
        f"/providers/{COMPUTE}/skus", "2021-07-01", **{"$filter": f"location eq '{asked.settings.location}'"}
    )
    usable = [item for item in found if item["resourceType"] == "virtualMachines" and not item.get("restrictions")]
    return {item["name"]: Size(family=item["family"], cores=_cores(item)) for item in usable}


def _cores(sku: Mapping[str, list[Mapping[str, str]]]) -> int:
    return next(int(item["value"]) for item in sku["capabilities"] if item["name"] == "vCPUs")


def _short(asked: Question, provider: str, nodes: Sequence[tuple[Size, int]]) -> Iterator[Finding]:
    wanted: dict[str, int] = {}
    for size, count in nodes:
        wanted[size.family] = wanted.get(size.family, 0) + size.cores * count
    location = asked.settings.location
    path = f"/providers/{provider}/locations/{location}/usages"
    told = {item["name"]["value"].lower(): item for item in asked.subscription.listed(path, USAGES[provider])}
    for family, cores in wanted.items():
        usage = told.get(family.lower(), {"currentValue": 0, "limit": 0})
        free = int(usage["limit"]) - int(usage["currentValue"])
        if cores > free:
            yield Finding(
                check="quota",
                happened=f"There are too few cores of a family for {provider.partition('.')[2]}.",
                given=f"{cores} of {family} asked for at most, {free} free of {usage['limit']} in {location}",
                allowed="as many free cores as all pools and clusters have at most",
                fix="Ask for more in the portal (Quotas), or lower the most nodes in Pulumi.<stack>.yaml.",
            )
