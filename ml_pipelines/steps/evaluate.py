"""Step `evaluate`: the model and the naive methods forecast the judged window, and all are measured."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from ml_pipelines.forecasting.artefact import Artefact, load_artefact
from ml_pipelines.forecasting.leaks import leaks
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.steps import measured, trained
from ml_pipelines.steps.naives import naives
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, run


def evaluate(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `metrics`; it stays empty when nothing was fitted."""
    given.metrics.mkdir(parents=True, exist_ok=True)
    if trained.unchanged(given.model) or trained.too_short(given.model):
        return {"evaluated": False}
    prepared = Prepared.load(given.prepared)
    y = prepared.actuals(prepared.cutoff)
    artefact = load_artefact(given.model / trained.ARTEFACT)
    challenger = artefact.judged(prepared.panel, prepared.cutoff, prepared.facts.origins)
    found = naives(prepared)
    metrics = {name: measured.figures(y, measured.without_bounds(point)) for name, point in found.items()}
    metrics[measured.CHALLENGER] = measured.figures(y, challenger)
    measured.save(given.metrics, metrics, challenger, found)
    measured.save_leaks(given.metrics, _leaks(prepared, artefact))
    measured.save_breakdown(given.metrics, prepared, challenger, found)
    return {"evaluated": True, **metrics[measured.CHALLENGER]}


def _leaks(prepared: Prepared, artefact: Artefact) -> tuple[str, ...]:
    cutoff, horizon, gap = prepared.cutoff, artefact.horizon, artefact.gap

    def forecast(panel: Panel) -> Cells:
        return artefact.forecaster.forecast(panel, cutoff, horizon, gap)

    return leaks(prepared.panel, cutoff, horizon, gap, forecast)


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    return run(evaluate, arguments("evaluate", folders=("prepared", "model", "metrics")), words)


if __name__ == "__main__":
    sys.exit(main())
