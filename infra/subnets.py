"""The table of subnets: what lives in each, how large it is, and which of Azure's services it is handed over to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Subnet(StrEnum):
    """Subnets of the platform's virtual network."""

    CLUSTER = "cluster"
    TRAINING = "training"
    DATABRICKS_HOST = "databricks-host"
    DATABRICKS_CONTAINER = "databricks-container"
    ENDPOINTS = "endpoints"
    QA = "qa"
    BUILDS = "builds"
    AGENTS = "agents"

    @property
    def full_name(self) -> str:
        """Name in the virtual network."""
        return f"snet-{self.value}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One subnet: bits of its prefix, and the service that alone may put things into it, if it is handed over."""

    subnet: Subnet
    prefix: int
    lives: str
    delegated: str | None = None


DATABRICKS = "Microsoft.Databricks/workspaces"
WIDE, NARROW = 24, 26
"""251 and 59 usable addresses: a Databricks cluster needs one of each subnet for a node, AKS one for a node and its surge."""

TABLE: tuple[Row, ...] = (
    Row(subnet=Subnet.CLUSTER, prefix=WIDE, lives="nodes of AKS; pods have addresses of an overlay"),
    Row(subnet=Subnet.TRAINING, prefix=WIDE, lives="nodes of the Azure ML clusters"),
    Row(subnet=Subnet.DATABRICKS_HOST, prefix=WIDE, lives="nodes of Databricks", delegated=DATABRICKS),
    Row(subnet=Subnet.DATABRICKS_CONTAINER, prefix=WIDE, lives="Spark containers of Databricks", delegated=DATABRICKS),
    Row(subnet=Subnet.ENDPOINTS, prefix=NARROW, lives="private endpoints"),
    Row(subnet=Subnet.QA, prefix=NARROW, lives="the image in QA", delegated="Microsoft.ContainerInstance/containerGroups"),
    Row(subnet=Subnet.BUILDS, prefix=NARROW, lives="the registry's build agents"),
    Row(subnet=Subnet.AGENTS, prefix=NARROW, lives="agents of Azure DevOps", delegated="Microsoft.DevOpsInfrastructure/pools"),
)
"""Widest first, so that each starts at a multiple of its size."""


def addressed(space: str) -> Mapping[Subnet, str]:
    """The range of each subnet in the address space of the virtual network, one after the other.

    Raises:
        ValueError: when the space is too small for the table.
    """
    return dict(_ranges(ipaddress.IPv4Network(space)))


def _ranges(space: ipaddress.IPv4Network) -> Iterator[tuple[Subnet, str]]:
    start = int(space.network_address)
    for row in TABLE:
        found = ipaddress.IPv4Network((start, row.prefix))
        if not found.subnet_of(space):
            msg = f"{space} has no room for the subnet {row.subnet}"
            raise ValueError(msg)
        yield row.subnet, str(found)
        start += found.num_addresses
