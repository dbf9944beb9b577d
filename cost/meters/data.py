"""Storage, events, secrets and logs: little while nothing happens, and then by what flows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cost.metered import Metered, When
from cost.usage import Usage

FREE_RETENTION_DAYS = 31
"""Log Analytics keeps what it takes in so long without a charge (learn.microsoft.com/azure/azure-monitor/logs/cost-logs)."""

DAYS = 30.0
FREE_OPERATIONS = 100.0
"""Thousands of Event Grid operations a month without a charge (azure.microsoft.com/pricing/details/event-grid)."""

OPERATIONS_PER_EVENT = 2
"""Event Grid counts the event's coming in and each delivery of it."""


def storage_account(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """What lies in the account, hot; the lake is the one with a hierarchical namespace."""
    held = usage.data.lake_gb if inputs.get("isHnsEnabled") else usage.data.ml_storage_gb
    yield Metered(meter=f"blob/hot/{inputs['sku']['name']}", quantity=held, when=When.USE)


def event_hubs(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """Throughput units, at their smallest number, and the events that come in."""
    tier = inputs["sku"]["name"].lower()
    yield Metered(meter=f"eventhubs/{tier}-unit", quantity=float(inputs["sku"].get("capacity", 1)))
    yield Metered(meter=f"eventhubs/{tier}-ingress", quantity=usage.data.events_thousands / 1000, when=When.USE)


def system_topic(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """Operations above the free ones; counted at the lake's topic, where nearly all events arise."""
    if "storage" in str(inputs.get("topicType", "")).lower():
        counted = max(0.0, usage.data.events_thousands * OPERATIONS_PER_EVENT - FREE_OPERATIONS)
        yield Metered(meter="eventgrid/operations", quantity=counted / 100, when=When.USE)


def vault(_: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """Reads of secrets and certificates: some for every start of a run or release."""
    yield Metered(meter="vault/operations", quantity=usage.training.runs / 1000, when=When.USE)


def log_workspace(inputs: Mapping[str, Any], usage: Usage) -> Iterator[Metered]:
    """What logs take in, up to the cap, and what is kept longer than is free."""
    cap = float(inputs.get("workspaceCapping", {}).get("dailyQuotaGb", 0)) * DAYS
    taken = min(usage.data.logs_gb, cap) if cap > 0 else usage.data.logs_gb
    yield Metered(meter="logs/ingestion", quantity=taken, when=When.USE)
    longer = max(0.0, float(inputs.get("retentionInDays", FREE_RETENTION_DAYS)) - FREE_RETENTION_DAYS) / DAYS
    yield Metered(meter="logs/retention", quantity=taken * longer, when=When.USE)
