"""The job step `report-failure`: says `mlops.dataset.failed`, with the reason that the failed task left in silver."""

from __future__ import annotations

import sys
from dataclasses import asdict

from contracts.events import Event, OwnEvent
from data_ops import JOB
from data_ops.access import AccessRefusedError
from data_ops.announce import event, publish
from data_ops.failures import Failure, latest
from data_ops.job_task import JobParameters

UNTOLD = "A task ended without leaving a reason; the output of the run has it."


def failed(parameters: JobParameters) -> Event:
    """The event of a failed run; a run that fails is one fact, another run of the same data another."""
    subject = str(parameters.source)
    fact = f"{subject}#{parameters.run_id}"
    return event(OwnEvent.DATASET_FAILED, subject, data=asdict(_reason(parameters)), parameters=parameters, fact=fact)


def _reason(parameters: JobParameters) -> Failure:
    """What the task left; when the lake does not let it be read, that is the reason."""
    subject = str(parameters.source)
    try:
        left = latest(parameters.run_id, subject)
    except AccessRefusedError as error:
        return Failure.of(parameters.run_id, "report-failure", parameters.source, error)
    return left or Failure(
        run_id=parameters.run_id,
        task="",
        data_version=subject,
        kind="Unknown",
        happened=UNTOLD,
        given="",
        allowed="",
        remedy=f"Look at run {parameters.run_id} of job {JOB}.",
    )


def main() -> None:
    """Entry point of the task."""
    told = failed(JobParameters.of(sys.argv[1:]))
    publish(told)
    sys.stdout.write(f"{told.type} {told.subject}: {told.data['happened']}\n")
