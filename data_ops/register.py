"""The job step `register`: says that a dataset and its features are there, once silver holds both.

It knows only what silver's own commits say, so it can be repeated, and a run that another has overtaken says nothing:
the later run speaks for the rows of both.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

from contracts.errors import FourPartError
from contracts.events import DataVersion, Event, OwnEvent
from data_ops.announce import event, publish
from data_ops.job_task import JobParameters, reasons_kept
from data_ops.summary import FEATURES, PANEL, overtaken, summary_of


class NotPreparedError(FourPartError):
    """Nothing in silver was made from the bronze version."""


def registered(parameters: JobParameters) -> list[Event]:
    """`mlops.dataset.registered` and `mlops.features.registered`; none when a later version is in silver.

    Raises:
        NotPreparedError: when the version has not been prepared.
    """
    summary = summary_of(parameters.source)
    if summary is None:
        if overtaken(parameters.source):
            return []
        raise NotPreparedError(
            "Silver holds nothing that was made from this data.",
            given=str(parameters.source),
            allowed="a bronze version that the task `prepare` has finished",
            remedy="Run the job again from its first task.",
        )
    data = asdict(summary)
    kinds = {OwnEvent.DATASET_REGISTERED: PANEL, OwnEvent.FEATURES_REGISTERED: FEATURES}
    subjects = {kind: str(DataVersion(table=name, version=summary.silver[name])) for kind, name in kinds.items()}
    return [event(kind, subject, data=data, parameters=parameters) for kind, subject in subjects.items()]


def main() -> None:
    """Entry point of the task."""
    parameters = JobParameters.of(sys.argv[1:])
    with reasons_kept("register", parameters):
        events = registered(parameters)
        publish(*events)
    told = "\n".join(f"{item.type} {item.subject}" for item in events)
    sys.stdout.write(f"{told or f'{parameters.source} has been overtaken by a later version'}\n")
