"""Deleted vaults: they keep their name for a while, and come back only when a creation asks for it.

Source: "Azure Key Vault soft-delete overview" (learn.microsoft.com).
"""

from __future__ import annotations

import datetime as dt

from local.provider import errors
from local.provider.kinds.kind import at
from local.provider.wire import Properties
from local.resources import Resource
from local.subscription import Condition, Conditions

RETENTION_DAYS = 90
"""Azure's own number where `softDeleteRetentionInDays` is not given."""


def keep(conditions: Conditions, vault: Resource) -> None:
    """Note a vault that goes."""
    now = dt.datetime.now(dt.UTC)
    days = int(at(vault.properties, "properties.softDeleteRetentionInDays") or RETENTION_DAYS)
    told = {
        "vaultId": vault.id,
        "deletionDate": now.isoformat(),
        "scheduledPurgeDate": (now + dt.timedelta(days=days)).isoformat(),
        "purgeProtectionEnabled": bool(at(vault.properties, "properties.enablePurgeProtection")),
    }
    conditions.put(Condition.DELETED_VAULT, vault.name, told)


def admit(conditions: Conditions, inputs: Properties) -> None:
    """Let a new vault pass.

    Raises:
        ArmError: when a deleted one holds its name and it does not ask to recover it, or asks in vain.
    """
    name, recover = str(inputs["vaultName"]), at(inputs, "properties.createMode") == "recover"
    deleted = conditions.get(Condition.DELETED_VAULT, name) is not None
    if deleted and not recover:
        raise errors.vault_deleted(name)
    if recover and not deleted:
        raise errors.no_deleted_vault(name)


def recovered(conditions: Conditions, name: str) -> None:
    """A vault that stands is no deleted one."""
    conditions.remove(Condition.DELETED_VAULT, name)
