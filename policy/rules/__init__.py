"""The rules of the pack, by resource kind."""

from __future__ import annotations

from pulumi_policy import Policy

from . import (
    authorization,
    cluster,
    companions,
    container_instances,
    container_registry,
    conventions,
    databricks,
    event_grid,
    event_hubs,
    key_vault,
    machine_learning,
    namespaces,
    network,
    node_pools,
    release,
    storage,
    telemetry,
    whole,
    workloads,
)
from .rule import Rule, policy
from .stack_rule import StackRule, stack_policy
from .upkeep import waivers_current
from .waivers import WAIVERS

RULES_BY_SUBJECT: dict[str, tuple[Rule, ...]] = {
    "Storage": storage.RULES,
    "Key Vault": key_vault.RULES,
    "Container Registry": container_registry.RULES,
    "Event Hubs": event_hubs.RULES,
    "Event Grid": event_grid.RULES,
    "Databricks": databricks.RULES,
    "Azure Machine Learning": machine_learning.RULES,
    "Container Instances": container_instances.RULES,
    "Kubernetes clusters": (*cluster.RULES, *node_pools.RULES),
    "Network": network.RULES,
    "Telemetry and cost": telemetry.RULES,
    "Roles and identities": authorization.RULES,
    "Conventions": conventions.RULES,
    "Workloads on Kubernetes": (*workloads.RULES, *namespaces.RULES),
}
"""Rules on single resources, by the headings of the generated page."""

_ON_STACKS: dict[str, tuple[StackRule, ...]] = {
    "What stands beside a resource": companions.RULES,
    "The stack as a whole": whole.RULES,
    "A release as a whole": release.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in RULES_BY_SUBJECT.values() for rule in rules)
"""Every rule on single resources."""

_JUDGED = (*RULES, *(rule for rules in _ON_STACKS.values() for rule in rules))
STACK_RULES_BY_SUBJECT: dict[str, tuple[StackRule, ...]] = {**_ON_STACKS, "Waivers": (waivers_current(_JUDGED, WAIVERS),)}
"""Rules on whole stacks, by the headings of the generated page."""

STACK_RULES: tuple[StackRule, ...] = tuple(rule for rules in STACK_RULES_BY_SUBJECT.values() for rule in rules)
"""Every rule on whole stacks."""

POLICIES: list[Policy] = [*map(policy, RULES), *map(stack_policy, STACK_RULES)]
"""The same rules as the engine takes them."""
