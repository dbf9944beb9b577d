"""`bad-data`: a file with too many broken rows arrives, is refused as a whole, and the same period in good order goes through."""

from __future__ import annotations

from contracts.events import DataVersion
from local.flow.closing import shown
from local.flow.outcome import Outcome
from local.flow.scenarios.scenario import Played, Scenario, See, Stage
from local.flow.scenarios.starts import SHORT, Standing, Starts, count
from local.flow.watch import ArrivalRefusedError, wait_for_silver
from local.report.recorder import FILE as EVENTS

FILE = "bad-period"


def play(stage: Stage) -> Played:
    """Ingest the broken file, see it refused and nothing moved; then ingest the good one."""
    cloud, outputs = stage.cloud, stage.outputs
    with stage.progress.step("before") as step:
        before = Standing.of(cloud, outputs, step)
        step.detail = before.told
    arrival = stage.arrive(FILE, broken=True)
    refusal = _refusal(stage, arrival.version)
    with stage.progress.step("after") as step:
        starts = count(cloud, arrival.version)
        after = Standing.of(cloud, outputs, step)
        out = stage.folder / f"{FILE}.quarantine.csv"
        held = stage.as_data_job("local.flow.scenarios.quarantine", arrival.file.name, str(out))
        step.detail = after.told
    outcome = stage.follow(stage.arrive())
    untouched = before == after and len(starts.databricks) == 1
    good = outcome.released.decision != "rejected"
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(held.items()))
    return Played(
        held=bool(refusal) and untouched and good,
        verdict="the file was refused, silver, model and production stayed as they were" if untouched else "something moved",
        rows=(
            ("arrived", f"{arrival.file.name}, {arrival.rows:,} rows, as {arrival.version}"),
            ("stopped by", f"checks of the job prepare-dataset: {refusal}; it told mlops.dataset.failed"),
            ("quarantine", f"{sum(map(int, held.values())):,} rows: {reasons}"),
            ("before", before.told),
            ("after", after.told),
            ("counted", _counted(starts, before, after)),
            ("then", _then(outcome)),
        ),
        see=(
            See(command=stage.command("make status"), shows="too many bad rows"),
            See(command=f"grep mlops.dataset.failed {shown(cloud.state / EVENTS)}", shows=f'"{arrival.version}"'),
            See(command=f"cat {shown(out)}", shows="sales is below zero"),
        ),
    )


def _refusal(stage: Stage, version: DataVersion) -> str:
    """Why the job refused the version; empty when it did not."""
    with stage.progress.step("refusal") as step:
        try:
            wait_for_silver(stage.cloud, version, step)
        except ArrivalRefusedError as refused:
            step.detail = f"{version} was refused: {refused.given}"
            return refused.given
        step.warn(f"{version} became silver")
        return ""


def _counted(starts: Starts, before: Standing, after: Standing) -> str:
    trained, released = after.trainings - before.trainings, after.releases - before.releases
    return f"{starts.told.split(', ')[0]}, {trained} Azure ML jobs, {released} releases started by it"


def _then(outcome: Outcome) -> str:
    decision, released = outcome.trained.decision["decision"], outcome.released
    return f"the same period in good order: {outcome.arrival.version}, {decision}, {released.decision} {released.digest[:SHORT]}"


BAD_DATA = Scenario(
    name="bad-data",
    told="A file arrives in which one row in eight is broken: negative, empty or unreadable sales, dates that are none, no store.\n"
    "More than 5 % make the job refuse it as a whole; its rows go to quarantine with reasons, and silver, the model and\n"
    "production must stay as they are. Then the same period arrives in good order, and the loop must go on.",
    play=play,
)
