"""The tables of alarms: what is watched by a metric of Azure, by a query of the logs, and by metrics of the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.events import Hub
from contracts.names import HANDLER, NAMESPACE
from infra.parts import Part


@dataclass(frozen=True, kw_only=True)
class MetricAlarm:
    """Fires when a metric of a part is over (or, with `below`, under) its bound for `minutes`; severity as Azure counts, 0 worst.

    Names of metrics and dimensions are those of "Supported metrics with Azure Monitor" (learn.microsoft.com).
    """

    name: str
    part: Part
    metric: str
    aggregation: str
    bound: float
    severity: int
    means: str
    below: bool = False
    dimension: tuple[str, str] | None = None
    minutes: int = 15


@dataclass(frozen=True, kw_only=True)
class LogAlarm:
    """Fires when a query of the logs of the last `window` (ISO 8601) finds a row."""

    name: str
    query: str
    severity: int
    means: str
    window: str = "PT15M"


@dataclass(frozen=True, kw_only=True)
class ClusterAlarm:
    """Fires when what Prometheus measures is over (or, with `below`, under) its bound for `minutes`."""

    name: str
    measure: str
    bound: float
    severity: int
    means: str
    below: bool = False
    minutes: int = 5

    @property
    def expression(self) -> str:
        """The condition in the language of Prometheus."""
        return f"{self.measure} {'<' if self.below else '>'} {self.bound:g}"


LAG = r"event=lag .*records=(\d+)"
"""The line in which the event handler tells how many records it has not taken yet."""
MOST_BEHIND = 100

METRICS: tuple[MetricAlarm, ...] = (
    MetricAlarm(
        name="bus-throttled",
        part=Part.BUS,
        metric="ThrottledRequests",
        aggregation="Total",
        bound=0,
        severity=2,
        means="The namespace refuses requests: raise `events.throughputUnits`.",
    ),
    MetricAlarm(
        name="handler-gave-up",
        part=Part.BUS,
        metric="IncomingMessages",
        aggregation="Total",
        bound=0,
        severity=1,
        means="The event handler gave up on an event; the reason stands in its header.",
        dimension=("EntityName", Hub.DEAD_LETTER),
    ),
    *(
        MetricAlarm(
            name=f"{topic}-undelivered",
            part=topic,
            metric="DeadLetteredCount",
            aggregation="Total",
            bound=0,
            severity=1,
            means="Event Grid gave up on a delivery; the event lies in the container `dead-letter`.",
        )
        for topic in (Part.LAKE_TOPIC, Part.REGISTRY_TOPIC, Part.WORKSPACE_TOPIC)
    ),
    MetricAlarm(
        name="training-failed",
        part=Part.WORKSPACE,
        metric="Failed Runs",
        aggregation="Total",
        bound=0,
        severity=2,
        means="A run of Azure ML failed.",
    ),
    MetricAlarm(
        name="nodes-busy",
        part=Part.CLUSTER,
        metric="node_cpu_usage_percentage",
        aggregation="Average",
        bound=90,
        severity=2,
        means="Nodes of the cluster have no processor time left: raise `cluster.maxNodes`.",
    ),
    MetricAlarm(
        name="nodes-full",
        part=Part.CLUSTER,
        metric="node_memory_working_set_percentage",
        aggregation="Average",
        bound=90,
        severity=2,
        means="Nodes of the cluster have no memory left: raise `cluster.maxNodes`.",
    ),
    *(
        MetricAlarm(
            name=f"{part}-unavailable",
            part=part,
            metric="Availability",
            aggregation="Average",
            bound=99,
            below=True,
            severity=1,
            means="Requests fail by the service's own fault.",
        )
        for part in (Part.LAKE, Part.ML_STORAGE, Part.VAULT)
    ),
)

LOGS: tuple[LogAlarm, ...] = (
    LogAlarm(
        name="vault-refused",
        query="AZKVAuditLogs | where HttpStatusCode == 403",
        severity=2,
        means="Somebody asked the vault for what no role gives.",
    ),
    LogAlarm(
        name="certificate-expiring",
        query="AZKVAuditLogs | where OperationName == 'CertificateNearExpiryEventGridNotification'",
        severity=2,
        means="A certificate of the vault is near its end and was not renewed.",
        window="P1D",
    ),
    LogAlarm(
        name="handler-behind",
        # Event Hubs of the Standard tier counts no lag: the handler logs its own once a minute.
        query=(
            f"ContainerLogV2 | where ContainerName == '{HANDLER}'"
            f" | extend Behind = toint(extract(@'{LAG}', 1, tostring(LogMessage)))"
            f" | summarize Least = min(Behind) by bin(TimeGenerated, 15m) | where Least > {MOST_BEHIND}"
        ),
        severity=2,
        means="Events wait for longer than a quarter of an hour: the handler takes fewer than arrive.",
    ),
    LogAlarm(
        name="preparation-failed",
        query="DatabricksJobs | where ActionName == 'runFailed'",
        severity=2,
        means="A run of Databricks failed.",
    ),
)

CLUSTER: tuple[ClusterAlarm, ...] = (
    ClusterAlarm(
        name="scoring-fails",
        measure='sum(rate(scoring_requests_total{status=~"5.."}[5m])) / sum(rate(scoring_requests_total[5m]))',
        bound=0.01,
        severity=1,
        means="More than one answer in a hundred of the scoring service is an error of its own.",
    ),
    ClusterAlarm(
        name="scoring-slow",
        measure="histogram_quantile(0.99, sum by (le) (rate(scoring_seconds_bucket[5m])))",
        bound=0.25,
        severity=2,
        means="One answer in a hundred takes longer than a quarter of a second.",
    ),
    ClusterAlarm(
        name="handler-down",
        measure=f'kube_statefulset_status_replicas_ready{{namespace="{NAMESPACE}",statefulset="{HANDLER}"}}',
        bound=1,
        below=True,
        severity=1,
        means="No event handler is ready: events wait on the bus.",
    ),
    ClusterAlarm(
        name="node-not-ready",
        measure='kube_node_status_condition{condition="Ready",status="true"}',
        bound=1,
        below=True,
        severity=2,
        means="A node of the cluster is not ready.",
        minutes=10,
    ),
)
