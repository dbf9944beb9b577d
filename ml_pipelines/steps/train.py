"""Step `train`: fit the ladder, unless the registry holds a version of the same configuration and content."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.gate.evidence import TooShort
from ml_pipelines.steps import trained
from ml_pipelines.steps.fitted_part import FittedParts
from ml_pipelines.steps.needless import needless
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, run


def train(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `model`.

    Raises:
        FourPartError: when the recipe is refused, a registered version has no valid role, or fitted parts are not all there.
    """
    prepared, recipe = Prepared.load(given.prepared), Recipe.of(given.recipe)
    reason = needless(given.model_name, prepared, recipe)
    if reason is None:
        return {"fitted": True, **asdict(_fit(given, prepared, recipe))}
    if isinstance(reason, TooShort):
        trained.save_too_short(given.model, reason)
    else:
        trained.save_unchanged(given.model, reason)
    return {"fitted": False, **asdict(reason)}


def _fit(given: argparse.Namespace, prepared: Prepared, recipe: Recipe) -> trained.Trained:
    from ml_pipelines.forecasting.artefact import save_artefact
    from ml_pipelines.forecasting.training import train as fit

    facts = prepared.facts
    configuration = trained.configuration(recipe.hash, facts.horizon, facts.gap)
    parts = FittedParts.of(given.fitted, prepared, recipe) if given.fitted else None
    made = fit(prepared.panel, recipe, facts.horizon, facts.gap, facts.origins, parts)
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
    parser.add_argument("--fitted", type=Path, help="parts that other nodes fitted; without it all is fitted here")
    return run(train, parser, words)


if __name__ == "__main__":
    sys.exit(main())
