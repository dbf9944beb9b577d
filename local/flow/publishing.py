"""Publishes what runs on the platform, as a release pipeline would: with the stack's outputs, as the deployer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts.outputs import PlatformOutputs
from local.flow.commands import ML_PIPELINES, data_ops, run
from local.progress import Step
from local.services.cloud import Cloud
from local.tokens import DEPLOYER


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One published thing in one line, and what changed; no changes when it was there already."""

    told: str
    changes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The line with the number of changes."""
        return f"{self.told}: {f'{len(self.changes)} changes' if self.changes else 'unchanged'}"


def publish(cloud: Cloud, outputs: PlatformOutputs, step: Step) -> list[Publication]:
    """Publish jobs and pipeline; the same code and outputs make no write request."""
    made = [publish_jobs(cloud, outputs, step), publish_training(cloud, outputs, step)]
    step.detail = "; ".join(publication.line for publication in made)
    return made


def publish_jobs(cloud: Cloud, outputs: PlatformOutputs, step: Step) -> Publication:
    """Publish the job of `data_ops` to Databricks."""
    step.detail = "data_ops to Databricks"
    answer = data_ops(cloud, ["publish", str(outputs_file(cloud, outputs))], identity=DEPLOYER)
    changes = (*(f"+ {name}" for name in answer["uploaded"]), *answer["changes"])
    return Publication(told=f"job {answer['job_id']}, release {answer['release']}", changes=changes)


def publish_training(cloud: Cloud, outputs: PlatformOutputs, step: Step) -> Publication:
    """Publish the training pipeline to Azure ML."""
    step.detail = "ml_pipelines to Azure ML"
    answer = run(cloud, ML_PIPELINES, ["publish", str(outputs_file(cloud, outputs))], identity=DEPLOYER)
    return Publication(told=f"training {answer['deployment']}", changes=tuple(answer["changes"]))


def outputs_file(cloud: Cloud, outputs: PlatformOutputs) -> Path:
    """Write the stack's outputs where a command can be pointed at them."""
    file = cloud.state / "outputs.json"
    file.write_text(outputs.json())
    return file
