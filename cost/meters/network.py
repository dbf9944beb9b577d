"""Addresses, gateways, endpoints and zones, which cost by the hour whether they are used or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cost.metered import HOURS, Metered, When
from cost.usage import Usage


def public_address(_: Mapping[str, Any], __: Usage) -> Iterator[Metered]:
    """A static regional address."""
    yield Metered(meter="network/public-address", quantity=HOURS)


def nat_gateway(_: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """The gateway, and what leaves through it."""
    yield Metered(meter="network/nat-gateway", quantity=HOURS)
    yield Metered(meter="network/nat-gateway-data", quantity=usage.data.outbound_gb, when=When.USE)


def private_endpoint(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """An endpoint; data are counted at the lake's, through which nearly all of them pass."""
    yield Metered(meter="network/private-endpoint", quantity=HOURS)
    groups = [group for link in inputs.get("privateLinkServiceConnections", ()) for group in link.get("groupIds", ())]
    if groups == ["dfs"]:
        yield Metered(meter="network/private-endpoint-data", quantity=usage.data.private_gb, when=When.USE)


def private_zone(_: Mapping[str, Any], __: Usage) -> Iterator[Metered]:
    """A hosted zone."""
    yield Metered(meter="network/private-dns-zone", quantity=1)


def kubernetes_service(inputs: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """A Service that has an address of its own: a rule of the load balancer for each port, and a public address unless internal."""
    spec = inputs.get("spec", {})
    if spec.get("type") != "LoadBalancer":
        return
    yield Metered(meter="network/load-balancer-rule", quantity=HOURS * len(spec.get("ports", ())))
    internal = inputs.get("metadata", {}).get("annotations", {}).get("service.beta.kubernetes.io/azure-load-balancer-internal")
    if internal != "true":
        yield Metered(meter="network/public-address", quantity=HOURS)
