"""The job step `report-failure`: says `mlops.dataset.failed`, with the reason that the failed task left in silver."""

from __future__ import annotations

import sys
from dataclasses import asdict

from contracts.events import Event, OwnEvent
from data_ops import JOB
from data_ops.announce import event, publish
from data_ops.failures import Failure, latest
from data_ops.job_task import JobParameters

UNTOLD = "A task ended without leaving a reason; the output of the run has it."


def failed(parameters: JobParameters) -> Event:
    """The event of a failed run; a run that fails is one fact, another run of the same data another."""
    subject = str(parameters.source)
    reason = latest(parameters.run_id, subject) or Failure(
        run_id=parameters.run_id,
        task="",
        data_version=subject,
        kind="Unknown",
        happened=UNTOLD,
        given="",
        allowed="",
        remedy=f"Look at run {parameters.run_id} of job {JOB}.",
    )
    fact = f"{subject}#{parameters.run_id}"
    return event(OwnEvent.DATASET_FAILED, subject, data=asdict(reason), parameters=parameters, fact=fact)


def main() -> None:
    """Entry point of the task."""
    told = failed(JobParameters.of(sys.argv[1:]))
    publish(told)
    sys.stdout.write(f"{told.type} {told.subject}: {told.data['happened']}\n")
