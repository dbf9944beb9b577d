"""Whether there is anything to fit: not where the history is too short, or where the registry holds the same model."""

from __future__ import annotations

from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import least_periods
from ml_pipelines.gate.evidence import TooShort, Unchanged
from ml_pipelines.registry import Registry, twin
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared


def needless(model_name: str, prepared: Prepared, recipe: Recipe) -> TooShort | Unchanged | None:
    """Why nothing is to be fitted; None when something is.

    Raises:
        RoleMissingError: when a registered version has no valid role.
    """
    facts = prepared.facts
    short = TooShort(periods=prepared.panel.periods, least=least_periods(facts.horizon, facts.gap, facts.origins))
    if short.periods < short.least:
        return short
    same = twin(Registry(model_name).versions(), trained.configuration(recipe.hash, facts.horizon, facts.gap), facts.content_hash)
    return Unchanged(model=same.model, version=same.number, role=same.role) if same else None
