"""The table of the workbook's panels: what people look at first, as queries of the logs.

Names of tables and columns are those of "Azure Monitor Logs table reference" (learn.microsoft.com).
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.names import NAMESPACE


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A title, a query, and how its answer is shown: `timechart` or `table`."""

    title: str
    query: str
    shown: str = "timechart"


HOURLY = "bin(TimeGenerated, 1h)"

TABLE: tuple[Panel, ...] = (
    Panel(
        title="Preparation: runs of Databricks by what happened",
        query=f"DatabricksJobs | summarize count() by ActionName, {HOURLY}",
    ),
    Panel(
        title="Training: jobs of Azure ML by event",
        query=f"AmlComputeJobEvent | summarize count() by EventType, {HOURLY}",
    ),
    Panel(
        title="Images: pushes and pulls",
        query=f"ContainerRegistryRepositoryEvents | summarize count() by OperationName, {HOURLY}",
    ),
    Panel(
        title="Lake and ML storage: requests that were refused",
        query=f"StorageBlobLogs | where StatusCode >= 400 | summarize count() by strcat(AccountName, ' ', StatusText), {HOURLY}",
    ),
    Panel(
        title="Vault: requests by status",
        query=f"AZKVAuditLogs | summarize count() by tostring(HttpStatusCode), {HOURLY}",
    ),
    Panel(
        title="Scoring and event handler: last lines of their logs",
        query=(
            f"ContainerLogV2 | where PodNamespace == '{NAMESPACE}' | project TimeGenerated, PodName, LogMessage"
            " | order by TimeGenerated desc | take 200"
        ),
        shown="table",
    ),
)
