"""Managed pools of Azure DevOps and the Dev Center that they belong to; no agent is ever made."""

from __future__ import annotations

from typing import Any

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, rule
from local.provider.wire import Properties


def _ready(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    return {"provisioningState": "Succeeded"}


def _kind(token: str, arm: str, own: str, named: str, **more: Any) -> Kind:
    return Kind(sdk_type=f"azure-native:{token}", arm_type=arm, names=(own,), rule=rule(RULES[named]), outputs=_ready, **more)


KINDS = (
    _kind("devcenter:DevCenter", "Microsoft.DevCenter/devcenters", "devCenterName", "dev_center"),
    _kind("devcenter:Project", "Microsoft.DevCenter/projects", "projectName", "dev_center_project", replace=("devCenterId",)),
    _kind("devopsinfrastructure:Pool", "Microsoft.DevOpsInfrastructure/pools", "poolName", "devops_pool"),
)
