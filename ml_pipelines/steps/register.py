"""Step `register`: a challenger that the gate lets through becomes a version; after any other decision nothing is done."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from contracts.errors import FourPartError
from ml_pipelines.forecasting.metrics import FIGURES
from ml_pipelines.gate.decision import Decision
from ml_pipelines.registry import Registry, Role, Tag, root_run
from ml_pipelines.steps import trained
from ml_pipelines.steps.card import CARD
from ml_pipelines.steps.measured import CHALLENGER
from ml_pipelines.steps.step import arguments, read, run, write

REGISTERED = "registered.json"
FACTS = ("configuration", "recipe", "rung", "cutoff", "horizon", "gap", "data_version", "content_hash", "code")


class NoRunError(FourPartError):
    """The step runs outside a run, whose artifacts the version's files would be."""


def register(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `registered`, and the version when the decision asks for one and the run is no experiment.

    Raises:
        DecisionRefusedError: when decision.json does not keep the contract.
        NoRunError: when no run is there to keep the files.
    """
    body = read(given.decision, "decision.json")
    decision = Decision.of(body)
    told = {"decision": decision.decision, "registered": decision.registers and not given.experiment}
    if given.experiment:
        told["experiment"] = given.experiment
    if told["registered"]:
        told |= _registered(given, decision, body)
    write(given.registered, REGISTERED, told)
    return told


def _registered(given: argparse.Namespace, decision: Decision, body: Mapping[str, Any]) -> dict[str, Any]:
    from mlflow import MlflowClient

    run_id = _run()
    facts = trained.facts(given.model)
    made = Registry(given.model_name).register(run_id, given.model, _tags(facts, decision, body), beside=(given.decision / CARD,))
    MlflowClient().set_tag(run_id, "model.version", made.number)
    return {"model": made.model, "version": made.number, "run_id": made.run_id, "role": made.role}


def _tags(facts: trained.Trained, decision: Decision, body: Mapping[str, Any]) -> dict[str, str]:
    told = asdict(facts)
    challenger, naive = body["metrics"][CHALLENGER], body["metrics"][body["naive"]]
    figures = {f"metric.{name}": challenger.get(name) for name in FIGURES} | {"naive.wape": naive.get("wape")}
    return {
        Tag.ROLE: Role.CHALLENGER,
        "decision": decision.decision,
        **{name: str(told[name]) for name in FACTS},
        **{name: f"{value:.6g}" for name, value in figures.items() if value is not None},
    }


def _run() -> str:
    found = root_run()
    if found:
        return found
    raise NoRunError(
        "There is no run to keep the model's files in.",
        given="AZUREML_ROOT_RUN_ID and MLFLOW_RUN_ID are not set",
        allowed="the id of a run of the tracking server",
        remedy="Run the step as part of the published pipeline, or set MLFLOW_RUN_ID.",
    )


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    parser = arguments("register", folders=("model", "decision", "registered"), texts=("model-name",))
    parser.add_argument("--experiment", default="", help="what a one-off run tries; with it nothing is registered")
    return run(register, parser, words)


if __name__ == "__main__":
    sys.exit(main())
