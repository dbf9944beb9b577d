"""Step `train`: fit the ladder, unless the registry holds a version of the same configuration and content."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import least_periods
from ml_pipelines.gate.evidence import TooShort, Unchanged
from ml_pipelines.registry import Registry, twin
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, run


def train(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `model`.

    Raises:
        FourPartError: when the recipe is refused, or a registered version has no valid role.
    """
    prepared = Prepared.load(given.prepared)
    facts = prepared.facts
    recipe = Recipe.of(given.recipe)
    short = TooShort(periods=prepared.panel.periods, least=least_periods(facts.horizon, facts.gap, facts.origins))
    if short.periods < short.least:
        trained.save_too_short(given.model, short)
        return {"fitted": False, **asdict(short)}
    configuration = trained.configuration(recipe.hash, facts.horizon, facts.gap)
    same = twin(Registry(given.model_name).versions(), configuration, facts.content_hash)
    if same:
        found = Unchanged(model=same.model, version=same.number, role=same.role)
        trained.save_unchanged(given.model, found)
        return {"fitted": False, **asdict(found)}
    return {"fitted": True, **asdict(_fit(given, prepared, recipe, configuration))}


def _fit(given: argparse.Namespace, prepared: Prepared, recipe: Recipe, configuration: str) -> trained.Trained:
    from ml_pipelines.forecasting.artefact import save_artefact
    from ml_pipelines.forecasting.training import train as fit

    facts = prepared.facts
    made = fit(prepared.panel, recipe, facts.horizon, facts.gap, facts.origins)
    save_artefact(given.model / trained.ARTEFACT, made, data_version=facts.data_version, content_hash=facts.content_hash)
    told = trained.Trained(
        configuration=configuration,
        recipe=trained.recipe(configuration, made.rung),
        overrides=given.recipe,
        rung=made.rung,
        cutoff=prepared.cutoff,
        horizon=facts.horizon,
        gap=facts.gap,
        data_version=facts.data_version,
        content_hash=facts.content_hash,
        code=trained.save_code(given.model),
    )
    trained.save_facts(given.model, told)
    return told


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    parser = arguments("train", folders=("prepared", "model"), texts=("model-name",))
    parser.add_argument("--recipe", default="")
    return run(train, parser, words)


if __name__ == "__main__":
    sys.exit(main())
