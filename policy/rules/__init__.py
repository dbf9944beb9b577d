"""The rules of the pack, by resource kind."""

from __future__ import annotations

from pulumi_policy import Policy

from . import authorization, container_registry, event_grid, event_hubs, key_vault, kubernetes, machine_learning, storage
from .rule import Rule, policy

RULES: tuple[Rule, ...] = (
    *storage.RULES,
    *key_vault.RULES,
    *container_registry.RULES,
    *event_hubs.RULES,
    *event_grid.RULES,
    *machine_learning.RULES,
    *kubernetes.RULES,
    *authorization.RULES,
)
"""Every rule, in the order of the generated table."""

POLICIES: list[Policy] = [policy(rule) for rule in RULES]
"""The same rules as the engine takes them."""
