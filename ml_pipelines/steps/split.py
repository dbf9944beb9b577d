"""Step `split`: the panel is cut into the parts that the recipe asks for, one file each, for nodes to fit."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ml_pipelines.forecasting.partitions import partitions
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.steps.needless import needless
from ml_pipelines.steps.part import Part
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, run, write

NEEDLESS = "needless.json"
"""The only file where nothing is to be fitted: a parallel job without any file fails."""


def split(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `parts`.

    Raises:
        FourPartError: when the recipe is refused, or a registered version has no valid role.
    """
    prepared, recipe = Prepared.load(given.prepared), Recipe.of(given.recipe)
    if reason := needless(given.model_name, prepared, recipe):
        write(given.parts, NEEDLESS, asdict(reason))
        return {"parts": 0, **asdict(reason)}
    found = partitions(prepared.panel, recipe.part_series or len(prepared.panel.y))
    for number, rows in enumerate(found):
        Part(number=number, panel=prepared.panel.only(rows), facts=prepared.facts, recipe=given.recipe).save(given.parts)
    return {"parts": len(found), "series": len(prepared.panel.y), "largest": max(len(rows) for rows in found)}


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    parser = arguments("split", folders=("prepared", "parts"), texts=("model-name",))
    parser.add_argument("--recipe", default="")
    return run(split, parser, words)


if __name__ == "__main__":
    sys.exit(main())
