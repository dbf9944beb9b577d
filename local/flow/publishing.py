"""Publishes what runs on the platform, as a release pipeline would: with the stack's outputs, as the deployer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contracts.names import HANDLER
from contracts.outputs import PlatformOutputs
from local.flow.commands import DATA_OPS, ML_PIPELINES, outputs_file
from local.flow.handler import release_handler
from local.flow.readied import Readied
from local.progress import Step
from local.services.cloud import Cloud


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One published thing in one line, and what changed; no changes when it was there already."""

    told: str
    changes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The line with the number of changes."""
        return f"{self.told}: {f'{len(self.changes)} changes' if self.changes else 'unchanged'}"


def publish(cloud: Cloud, outputs: PlatformOutputs, stack: str, step: Step, commands: Readied | None = None) -> list[Publication]:
    """Publish jobs, pipeline and handler, beside each other; the same code and outputs make no write request."""
    with ThreadPoolExecutor() as pool:
        parts = [
            pool.submit(publish_jobs, cloud, outputs, step, commands),
            pool.submit(publish_training, cloud, outputs, step, commands),
            pool.submit(publish_handler, cloud, outputs, stack, step),
        ]
    made = [part.result() for part in parts]
    step.detail = "; ".join(publication.line for publication in made)
    return made


def publish_jobs(cloud: Cloud, outputs: PlatformOutputs, step: Step, commands: Readied | None = None) -> Publication:
    """Publish the job of `data_ops` to Databricks."""
    step.detail = "data_ops to Databricks"
    answer = (commands or Readied(cloud=cloud)).run(DATA_OPS, ["publish", str(outputs_file(cloud, outputs))])
    changes = (*(f"+ {name}" for name in answer["uploaded"]), *answer["changes"])
    return Publication(told=f"job {answer['job_id']}, release {answer['release']}", changes=changes)


def publish_training(cloud: Cloud, outputs: PlatformOutputs, step: Step, commands: Readied | None = None) -> Publication:
    """Publish the training pipeline to Azure ML."""
    step.detail = "ml_pipelines to Azure ML"
    answer = (commands or Readied(cloud=cloud)).run(ML_PIPELINES, ["publish", str(outputs_file(cloud, outputs))])
    return Publication(told=f"training {answer['deployment']}", changes=tuple(answer["changes"]))


def publish_handler(cloud: Cloud, outputs: PlatformOutputs, stack: str, step: Step) -> Publication:
    """Build the event handler's image and bring it onto the cluster."""
    digest, decision = release_handler(cloud, outputs, stack, step)
    changes = () if decision == "unchanged" else (f"{decision} {digest}",)
    return Publication(told=f"{HANDLER} {digest[:19]}", changes=changes)
