"""`worse-model`: a worse recipe is published and trained on the newest silver; the gate keeps it out, and the publication goes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import FourPartError
from contracts.events import DataVersion, OwnEvent
from contracts.names import training_endpoint
from events.inbox import token
from events.routes import FEATURES_REGISTERED
from local.flow.commands import ML_PIPELINES, CommandFailedError, outputs_file, run
from local.flow.handler import state_of
from local.flow.publishing import publish_training
from local.flow.scenarios.scenario import Played, Scenario, See, Stage
from local.flow.scenarios.starts import Standing
from local.flow.training import Trained, wait_for_training
from local.lifecycle import ROOT
from local.progress import Step
from local.report.recorder import Recorded
from local.services.machine_learning.documents.models import Documents
from local.tokens import DEPLOYER

WORSE = '{"rungs": ["seasonal_naive"]}'
"""A recipe that repeats the last season and learns nothing."""


class UntrainedError(FourPartError):
    """There is nothing in silver that could be trained on."""


def play(stage: Stage) -> Played:
    """Publish, train, see it kept out, and go back."""
    cloud, outputs = stage.cloud, stage.outputs
    features = _newest(stage)
    with stage.progress.step("before") as step:
        before = Standing.of(cloud, outputs, step)
        step.detail = before.told
    good = default(stage)
    with restored(stage, good):
        with stage.progress.step("publish") as step:
            step.detail = f"a recipe of {WORSE}"
            made = _training(stage, "publish", "--recipe", WORSE)
            step.detail = f"default deployment {made['before']} -> {made['deployment']}"
        with stage.progress.step("training") as step:
            trained = wait_for_training(cloud, features, step, redrive(stage, features))
            step.detail = str(trained.decision["decision"])
    with stage.progress.step("after") as step:
        after = Standing.of(cloud, outputs, step)
        step.detail = after.told
    kept = trained.decision["decision"] == "keep"
    still = (before.models, before.releases, before.live) == (after.models, after.releases, after.live)
    back = default(stage)
    return Played(
        held=kept and still and back != made["deployment"],
        verdict="the gate kept the model out, and production stayed as it was" if kept and still else "it came through",
        rows=(
            ("published", f"recipe {WORSE} as {made['deployment']}, in the place of {good}"),
            ("trained", f"run {trained.run.run_id} on {features}, started by a redrive of its event"),
            ("stopped by", f"the gate, step compare: {trained.decision['decision']}"),
            *_figures(trained),
            *[("because" if index == 0 else "", text) for index, text in enumerate(broken(trained))],
            ("before", before.told),
            ("after", after.told),
            ("default", f"{back} again"),
        ),
        see=(See(command=stage.command("make status"), shows=f"keep ({features})"),),
    )


@contextmanager
def restored(stage: Stage, good: str) -> Iterator[None]:
    """Whatever ends the block, ctrl-C too: the deployment that was the default is it again afterwards."""
    try:
        yield
    finally:
        held = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with stage.progress.step("restore") as step:
                step.detail = _restore(stage, good, step)
        finally:
            signal.signal(signal.SIGINT, held)


def default(stage: Stage) -> str:
    """The training endpoint's default deployment, as the workspace's own store has it; empty without one."""
    endpoint = f"{stage.outputs.ml_workspace_id}/batchEndpoints/{training_endpoint(stage.outputs.ml_workspace)}"
    held = Documents(stage.cloud.store).get(endpoint)
    return str((held.properties.get("defaults") or {}).get("deploymentName", "")) if held else ""


def redrive(stage: Stage, features: DataVersion) -> str:
    """Train on a version again, as an operator would by `event-handler redrive`; returns the id that the run will have.

    Raises:
        CommandFailedError: when the handler still works on the version.
    """
    command = [sys.executable, "-m", "events.service", "redrive", FEATURES_REGISTERED, str(features)]
    environment = {"PATH": os.environ["PATH"], "HANDLER_STATE": str(state_of(stage.cloud))}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailedError(done.stderr.strip())
    attempt = int(done.stdout.partition(": attempt ")[2].split()[0])
    return token(FEATURES_REGISTERED, str(features), attempt)


def broken(trained: Trained) -> list[str]:
    """The rules that did not hold, in the gate's words."""
    return [str(reason["text"]) for reason in trained.decision["reasons"] if not reason["held"]]


def _restore(stage: Stage, good: str, step: Step) -> str:
    if default(stage) != good:
        return str(_training(stage, "rollback", good)["changes"][0])
    # A demonstration that was killed may have left its own recipe as the default.
    return publish_training(stage.cloud, stage.outputs, step).line


def _training(stage: Stage, command: str, *arguments: str) -> dict[str, str]:
    file = str(outputs_file(stage.cloud, stage.outputs))
    answer: dict[str, str] = run(stage.cloud, ML_PIPELINES, [command, file, *arguments], identity=DEPLOYER)
    return answer


def _figures(trained: Trained) -> list[tuple[str, str]]:
    """Its error against the champion's, with the bounds of the change."""
    figures = trained.decision.get("figures") or {}
    wape, champion = figures.get("wape"), figures.get("incumbent_wape")
    change = [figures.get(f"against_incumbent{part}") for part in ("", ".lower", ".upper")]
    if wape is None or champion is None or None in change:
        return []
    value, low, high = (f"{float(number or 0):+.1%}" for number in change)
    version = (trained.decision.get("incumbent") or {}).get("version")
    text = (
        f"{wape:.1%} against {champion:.1%} of demand {version}; error {value} (95 % interval {low} to {high}), below 0 was asked"
    )
    return [("WAPE", text)]


def _newest(stage: Stage) -> DataVersion:
    """The newest features that the bus tells of.

    Raises:
        UntrainedError: when it tells of none.
    """
    told = [event for _, event in Recorded.of(stage.cloud.state).events]
    found = [DataVersion.parse(event.dataversion) for event in told if event.type == OwnEvent.FEATURES_REGISTERED]
    if found:
        return max(found, key=lambda version: version.version)
    raise UntrainedError(
        "There is nothing to train on yet.",
        given=f"no {OwnEvent.FEATURES_REGISTERED} on the bus",
        allowed="a stack on which data became silver",
        remedy=stage.command("make up"),
    )


WORSE_MODEL = Scenario(
    name="worse-model",
    told="Someone publishes a worse recipe: a new version of the training pipeline whose model repeats the last season and\n"
    "learns nothing. It becomes the endpoint's default and trains on the newest silver. The gate must keep the model out,\n"
    "nothing may be registered or released; then the good publication is the default again.",
    play=play,
)
