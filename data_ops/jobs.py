"""The Databricks job `prepare-dataset`, defined here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from databricks.sdk.service.compute import ClusterSpec, DataSecurityMode, Kind, Library
from databricks.sdk.service.jobs import (
    JobCluster,
    JobParameterDefinition,
    JobSettings,
    PythonWheelTask,
    QueueSettings,
    RunIf,
    Task,
    TaskDependency,
)

from data_ops import JOB

DISTRIBUTION = "mlops_forecasting"
CLUSTER = "data"
PARAMETERS = ("table", "version", "causation", "traceparent")
TASK_SECONDS = {"prepare": 3600, "register": 600, "report-failure": 600}
JOB_SECONDS = 3 * TASK_SECONDS["prepare"]
RETRIES = 2
RETRY_MILLISECONDS = 5_000


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What the job's own cluster is made of; one node, since the engine is DuckDB."""

    spark_version: str = "17.3.x-scala2.13"
    node_type: str = "Standard_D4ds_v5"


def prepare_dataset(*, wheel: str, requirements: str, environment: Mapping[str, str], cluster: Cluster) -> JobSettings:
    """The job's settings; `wheel` and `requirements` are paths of files in a volume.

    The three tasks carry the same named parameters. `report-failure` runs when another task has failed for good.
    """
    libraries = [Library(requirements=requirements), Library(whl=wheel)]
    failed = RunIf.AT_LEAST_ONE_FAILED
    return JobSettings(
        name=JOB,
        description="Bronze at one version to silver: quarantine, calendar, panel, features.",
        max_concurrent_runs=1,
        queue=QueueSettings(enabled=True),
        timeout_seconds=JOB_SECONDS,
        parameters=[JobParameterDefinition(name=name, default="") for name in PARAMETERS],
        job_clusters=[JobCluster(job_cluster_key=CLUSTER, new_cluster=_cluster(cluster, environment))],
        tasks=[
            _task("prepare", libraries, retries=RETRIES),
            _task("register", libraries, after=("prepare",), retries=RETRIES),
            _task("report-failure", libraries, after=("prepare", "register"), run_if=failed),
        ],
    )


def _cluster(cluster: Cluster, environment: Mapping[str, str]) -> ClusterSpec:
    return ClusterSpec(
        spark_version=cluster.spark_version,
        node_type_id=cluster.node_type,
        is_single_node=True,
        kind=Kind.CLASSIC_PREVIEW,
        data_security_mode=DataSecurityMode.DATA_SECURITY_MODE_DEDICATED,
        spark_env_vars=dict(environment),
    )


def _task(
    name: str, libraries: list[Library], *, after: tuple[str, ...] = (), run_if: RunIf | None = None, retries: int | None = None
) -> Task:
    named = {parameter: f"{{{{job.parameters.{parameter}}}}}" for parameter in PARAMETERS}
    return Task(
        task_key=name,
        depends_on=[TaskDependency(task_key=key) for key in after] or None,
        run_if=run_if,
        job_cluster_key=CLUSTER,
        libraries=libraries,
        python_wheel_task=PythonWheelTask(
            package_name=DISTRIBUTION,
            entry_point=name,
            named_parameters={**named, "run-id": "{{job.run_id}}"},
        ),
        timeout_seconds=TASK_SECONDS[name],
        max_retries=retries,
        min_retry_interval_millis=RETRY_MILLISECONDS if retries else None,
    )
