"""Fit one recipe at several cutoffs of one panel: run with the sources that the recipe belongs to.

`compare` starts it in the registered model's own sources, since a recipe is its code as much as its parameters.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, run

OUT = "refitted.npz"


def refitted(prepared: Prepared, overrides: str, rung: str, cutoffs: list[int]) -> list[NDArray[np.float32]]:
    """Point forecasts (n, window) of a recipe fitted at each cutoff."""
    from ml_pipelines.forecasting.recipe import Recipe
    from ml_pipelines.forecasting.training import refit

    recipe = Recipe.of(overrides)
    facts = prepared.facts
    return [refit(prepared.panel, recipe, rung, cutoff, facts.horizon, facts.gap, facts.origins) for cutoff in cutoffs]


def load(folder: Path, cutoffs: list[int]) -> list[NDArray[np.float32]]:
    """What the process left."""
    with np.load(folder / OUT, allow_pickle=False) as arrays:
        return [arrays[str(cutoff)] for cutoff in cutoffs]


def step(given: argparse.Namespace) -> dict[str, Any]:
    """Write one array for each cutoff."""
    points = refitted(Prepared.load(given.prepared), given.recipe, given.rung, given.cutoff)
    given.out.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {str(cutoff): point for cutoff, point in zip(given.cutoff, points, strict=True)}
    np.savez(given.out / OUT, **arrays)
    return {"cutoffs": given.cutoff}


def main(words: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = arguments("refit", folders=("prepared", "out"), texts=("rung",))
    parser.add_argument("--recipe", default="")
    parser.add_argument("--cutoff", type=int, action="append", required=True)
    return run(step, parser, words)


if __name__ == "__main__":
    sys.exit(main())
