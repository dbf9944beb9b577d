"""Container groups: one container that runs as a process, on a loopback address of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, override

from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, NameRule
from local.provider.wire import UNKNOWN, Properties
from local.services.containers.addresses import group_address
from local.services.containers.templates import of_group, refused

NOT_EMULATED = ("initContainers", "volumes", "dnsConfig", "extensions", "containerGroupProfile", "diagnostics")


def _group(endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    given = inputs.get("ipAddress")
    address = {"ipAddress": {**given, "ip": group_address(endpoints, resource_id)}} if given else {}
    return {**address, "provisioningState": "Succeeded"}


@dataclass(frozen=True, kw_only=True)
class GroupKind(Kind):
    """The kind, with what a group on this machine can't hold."""

    @override
    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse what Azure knows and this machine does not do, by the property's path."""
        return list(_refusals(inputs))


def _refusals(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in NOT_EMULATED:
        if inputs.get(name):
            yield name, f"'{name}' is not emulated on this machine."
    containers = inputs.get("containers")
    if isinstance(containers, list) and containers != [UNKNOWN] and all(isinstance(item, dict) for item in containers):
        yield from refused(of_group(inputs)["spec"])
    if inputs.get("osType") not in (None, UNKNOWN, "Linux"):
        yield "osType", "only 'Linux' is emulated on this machine."


GROUP = GroupKind(
    sdk_type="azure-native:containerinstance:ContainerGroup",
    arm_type="Microsoft.ContainerInstance/containerGroups",
    names=("containerGroupName",),
    rule=NameRule(
        pattern=r"[a-z0-9](?!.*--)([a-z0-9-]{0,61}[a-z0-9])?", words="1-63 lower-case letters, digits and single dashes"
    ),
    outputs=_group,
    replace=("osType", "sku", "ipAddress", "zones", "restartPolicy", "subnetIds"),
)
KINDS = (GROUP,)
