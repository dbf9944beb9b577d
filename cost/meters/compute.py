"""Nodes: of the Kubernetes cluster all month, of training and preparation while a run lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cost.metered import HOURS, Metered, When
from cost.usage import Usage

MANAGED_OS_DISK = "disk/P10"
"""What AKS gives a node whose `osDiskType` is Managed and whose size is not stated: 128 GiB, premium."""

BUILD_CPUS = 2
"""vCPU of an ACR Tasks run by default."""


def cluster(inputs: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """The control plane's tier, and every pool at its smallest size."""
    tier = inputs.get("sku", {}).get("tier", "Free")
    if tier != "Free":
        yield Metered(meter=f"aks/{tier.lower()}-tier", quantity=HOURS)
    for pool in inputs.get("agentPoolProfiles", ()):
        yield from agent_pool(pool, _)


def agent_pool(pool: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """The nodes that stay when nothing is asked of them, with their disks."""
    nodes = pool.get("minCount") if pool.get("enableAutoScaling") else pool.get("count")
    number = float(nodes or 0)
    yield Metered(meter=f"vm/{pool['vmSize']}", quantity=number * HOURS)
    if pool.get("osDiskType") != "Ephemeral":
        yield Metered(meter=MANAGED_OS_DISK, quantity=number)


def training_cluster(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """Nodes that never leave; and on the cluster that the pipeline runs on, those of its runs."""
    properties = inputs["properties"].get("properties", {})
    size = f"vm/{properties['vmSize']}"
    least = float(properties.get("scaleSettings", {}).get("minNodeCount", 0))
    yield Metered(meter=size, quantity=least * HOURS)
    if str(inputs.get("computeName", "")).startswith("cpu"):
        yield Metered(meter=size, quantity=usage.training.runs * usage.training.node_minutes / 60, when=When.TRAINING)


def databricks(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """The job clusters that prepare data: their machines and Databricks' own units."""
    hours = usage.preparation.runs * usage.preparation.node_minutes / 60
    tier = inputs["sku"]["name"]
    yield Metered(meter=f"vm/{usage.preparation.node_size}", quantity=hours, when=When.USE)
    yield Metered(meter=f"databricks/{tier}-jobs", quantity=hours * usage.preparation.dbu_per_node_hour, when=When.USE)


def registry(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """The tier, and the builds of scoring images."""
    yield Metered(meter=f"registry/{inputs['sku']['name']}", quantity=1)
    seconds = usage.training.runs * usage.training.image_build_seconds * BUILD_CPUS
    yield Metered(meter="registry/build", quantity=seconds, when=When.TRAINING)


def build_pool(inputs: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """The registry's own build machines in the network."""
    yield Metered(meter=f"registry/pool-{inputs.get('tier', 'S1')}", quantity=float(inputs.get("count", 1)) * HOURS)
