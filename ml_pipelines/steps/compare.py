"""Step `compare`: the model against the registered one and the naive floor; says what shall become of it, and why."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_pipelines.gate.decide import decide
from ml_pipelines.gate.decision import Decision
from ml_pipelines.gate.evidence import Evidence, Unchanged
from ml_pipelines.registry import Registry, Version, artifacts, incumbent, root_run, twin
from ml_pipelines.steps import measured, trained
from ml_pipelines.steps.card import CARD, card
from ml_pipelines.steps.incumbents import Standing, standing
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, read, run, write

DECISION = "decision.json"
INCUMBENT = "incumbent"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A decision, the figures of every method, and what was trained; None when nothing was fitted."""

    decision: Decision
    metrics: Mapping[str, measured.Figures]
    facts: trained.Trained | None
    against: Version | None


def compare(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `decision`, with the card of a model that was fitted, and tell the pipeline run.

    Raises:
        FourPartError: when a registered version has no valid role, is gone or can't be fitted again.
    """
    registry = Registry(given.model_name)
    prepared = Prepared.load(given.prepared)
    judged = _judge(given, registry, prepared)
    given.decision.mkdir(parents=True, exist_ok=True)
    body = _body(given.model_name, judged, prepared)
    if judged.facts and judged.metrics:
        (given.decision / CARD).write_text(card(body, judged.facts, prepared, read(given.metrics, measured.BREAKDOWN)))
    _tell(judged, write(given.decision, DECISION, body))
    return {"decision": judged.decision.decision, "summary": judged.decision.summary, **judged.metrics.get("challenger", {})}


def _judge(given: argparse.Namespace, registry: Registry, prepared: Prepared) -> Judged:
    versions = registry.versions()
    if short := trained.too_short(given.model):
        return Judged(decision=decide(short), metrics={}, facts=None, against=incumbent(versions))
    told = trained.unchanged(given.model)
    facts = None if told else trained.facts(given.model)
    # A reused step `train` answers from when it ran, so the registry is asked again.
    same = registry.version(told.version) if told else _same(versions, facts)
    if same:
        subject = Unchanged(model=same.model, version=same.number, role=same.role)
        return Judged(decision=decide(subject), metrics={}, facts=facts, against=same)
    assert facts is not None  # noqa: S101 - one of the two files is there, or reading failed
    found = measured.load(given.metrics)
    against = incumbent(versions)
    held = standing(registry, against, facts, given.prepared, found.challenger.point) if against else None
    evidence = _evidence(found, prepared, facts, held)
    metrics = dict(found.metrics)
    if held:
        metrics[INCUMBENT] = measured.figures(evidence.y, held.forecast)
    return Judged(decision=decide(evidence), metrics=metrics, facts=facts, against=against)


def _same(versions: tuple[Version, ...], facts: trained.Trained | None) -> Version | None:
    return twin(versions, facts.configuration, facts.content_hash) if facts else None


def _evidence(found: measured.Measured, prepared: Prepared, facts: trained.Trained, held: Standing | None) -> Evidence:
    return Evidence(
        y=prepared.actuals(facts.cutoff),
        challenger=found.challenger,
        naive=found.naive,
        periods=facts.cutoff,
        series=len(prepared.panel.unique_ids),
        incumbent=held.forecast if held else None,
        same_recipe=held.same_recipe if held else False,
        origins=held.origins if held else (),
        stores=prepared.panel.stores,
        leaks=found.leaks,
    )


def _body(model: str, judged: Judged, prepared: Prepared) -> dict[str, Any]:
    facts, against = judged.facts, judged.against
    naive = measured.floor(judged.metrics) if judged.metrics else None
    return {
        **judged.decision.json(),
        "metrics": judged.metrics,
        "naive": naive,
        "model_name": model,
        "incumbent": {"version": against.number, "role": against.role} if against else None,
        "rung": facts.rung if facts else None,
        "recipe": facts.recipe if facts else None,
        "configuration": facts.configuration if facts else None,
        "horizon": prepared.facts.horizon,
        "origins": prepared.facts.origins,
        "gap": prepared.facts.gap,
        "data_version": prepared.facts.data_version,
        "content_hash": prepared.facts.content_hash,
    }


def _tell(judged: Judged, file: Path) -> None:
    """Log figures, tags and the file to the pipeline run, when there is one."""
    run_id = root_run()
    if not run_id:
        return
    from mlflow import MlflowClient
    from mlflow.entities import Metric, RunTag

    client = MlflowClient()
    now = int(time.time() * 1000)
    figures = _flat(judged.metrics)
    tags = {f"metric.{name}": f"{value:.6g}" for name, value in figures.items() if "." not in name}
    tags |= {"decision": judged.decision.decision, "decision.summary": judged.decision.summary}
    if file.name not in artifacts(client, run_id):
        client.log_artifact(run_id, str(file))
    metrics = [Metric(name, value, now, 0) for name, value in figures.items()]
    client.log_batch(run_id, metrics=metrics, tags=[RunTag(name, value) for name, value in tags.items()])


def _flat(metrics: Mapping[str, measured.Figures]) -> dict[str, float]:
    """Figures of the challenger by their names, those of the other methods as `<method>.<name>`."""
    found = {(method, name): value for method, figures in metrics.items() for name, value in figures.items() if value is not None}
    return {name if method == measured.CHALLENGER else f"{method}.{name}": value for (method, name), value in found.items()}


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    folders = ("prepared", "model", "metrics", "decision")
    return run(compare, arguments("compare", folders=folders, texts=("model-name",)), words)


if __name__ == "__main__":
    sys.exit(main())
