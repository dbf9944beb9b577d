"""How often each target started work, counted in the target's own store, and the versions that stand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from contracts.events import DataVersion, OwnEvent
from contracts.names import MODEL
from contracts.outputs import PlatformOutputs
from local.flow.outcome import Outcome
from local.flow.release import in_production
from local.progress import Step
from local.services.cloud import Cloud
from local.services.devops.models import Runs as Releases
from local.services.machine_learning.mlflow.models import Registry
from local.services.machine_learning.runs import Runs, Status

SHORT = 19
"""Characters of a digest that are shown."""


@dataclass(frozen=True, kw_only=True)
class Starts:
    """Runs by target, for one arrival: of the Databricks job, of Azure ML's pipeline, of the release pipeline.

    `failed` are those of Azure ML that ended without a decision, after each of which the handler makes one more attempt.
    """

    databricks: tuple[str, ...]
    machine_learning: tuple[str, ...]
    devops: tuple[str, ...]
    failed: tuple[str, ...]
    image: bool

    @property
    def once(self) -> bool:
        """Whether every stage ran exactly once; the release only where there was an image."""
        return (len(self.databricks), len(self.machine_learning), len(self.devops)) == (1, 1, int(self.image))

    @property
    def finished_once(self) -> bool:
        """Whether every stage came to its end exactly once, however many attempts the training took."""
        ended = tuple(run for run in self.machine_learning if run not in self.failed)
        return replace(self, machine_learning=ended).once

    @property
    def told(self) -> str:
        """All three in one line."""
        counted = {"Databricks run": self.databricks, "Azure ML job": self.machine_learning, "release run": self.devops}
        listed = ", ".join(f"{len(ids)} {name}{_plural(ids)}{_ids(ids)}" for name, ids in counted.items())
        return f"{listed}; {len(self.failed)} job failed and was attempted again" if self.failed else listed


def _plural(ids: tuple[str, ...]) -> str:
    return "" if len(ids) == 1 else "s"


def _ids(ids: tuple[str, ...]) -> str:
    return f" ({', '.join(found[:8] for found in ids)})" if ids else ""


def starts_of(cloud: Cloud, outcome: Outcome) -> Starts:
    """What an arrival that the loop closed on made the targets start."""
    features = outcome.registered[OwnEvent.FEATURES_REGISTERED].dataversion
    digest = str((outcome.trained.event.data.get("runTags") or {}).get("image.digest", ""))
    return count(cloud, outcome.arrival.version, features, digest)


def count(cloud: Cloud, bronze: DataVersion, features: str = "", digest: str = "") -> Starts:
    """Count by the key that each target's run carries: bronze version, features version, image digest."""
    rows, runs = cloud.store.rows("select run_id, parameters from databricks_runs order by run_id"), Runs(cloud.store)
    releases = [run for run in Releases(cloud.store).listed() if digest and run.parameters.get("digest") == digest]
    trainings = [run for run in runs.roots() if features and runs.texts(run.run_id, "tag").get("effect_key") == features]
    return Starts(
        databricks=tuple(str(row["run_id"]) for row in rows if json.loads(row["parameters"])["version"] == str(bronze.version)),
        machine_learning=tuple(run.run_id for run in trainings),
        devops=tuple(str(run.id) for run in releases),
        failed=tuple(run.run_id for run in trainings if run.status is Status.FAILED),
        image=bool(digest),
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What stands: commits of the panel and of the features, trainings, versions of the model, releases, the live digest."""

    silver: str
    trainings: int
    models: int
    releases: int
    live: str

    @classmethod
    def of(cls, cloud: Cloud, outputs: PlatformOutputs, step: Step) -> Standing:
        """Read the stores of the lake, Azure ML and Azure DevOps, and ask production.

        Raises:
            ReleaseFailedError: when production does not answer as the image that was released.
        """
        return cls(
            silver=f"panel@{_newest(cloud, 'panel')}, features@{_newest(cloud, 'features')}",
            trainings=len(Runs(cloud.store).roots()),
            models=len(Registry(cloud.store).versions(outputs.ml_workspace_id, MODEL)),
            releases=len(Releases(cloud.store).listed()),
            live=in_production(cloud, "", step).digest[:SHORT],
        )

    @property
    def told(self) -> str:
        """In one line."""
        live = self.live or "nothing"
        return f"silver {self.silver}; {self.models} model versions, {self.releases} releases, production {live}"


def _newest(cloud: Cloud, table: str) -> int:
    """The newest version of a silver table by its Delta log in the lake; -1 when there is none."""
    query = "select max(name) name from blobs where container = 'silver' and name like ?"
    row = cloud.store.row(query, f"{table}/_delta_log/{'_' * 20}.json")
    return int(row["name"].rpartition("/")[2].removesuffix(".json")) if row is not None and row["name"] else -1
