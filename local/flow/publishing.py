"""Publishes the jobs as a release pipeline would: `data-ops publish` with the stack's outputs, as the deployer."""

from __future__ import annotations

from contracts.outputs import PlatformOutputs
from local.flow.commands import data_ops
from local.progress import Step
from local.services.cloud import Cloud
from local.tokens import DEPLOYER


def publish(cloud: Cloud, outputs: PlatformOutputs, step: Step) -> None:
    """Publish what changed; the same code and outputs make no write request."""
    step.detail = "data_ops to Databricks"
    file = cloud.state / "outputs.json"
    file.write_text(outputs.json())
    answer = data_ops(cloud, ["publish", str(file)], identity=DEPLOYER)
    written = len(answer["uploaded"]) + len(answer["changes"])
    step.detail = f"job {answer['job_id']}, release {answer['release']}: {f'{written} writes' if written else 'unchanged'}"
