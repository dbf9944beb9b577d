"""The search for the recipe of `bench/orange_juice.py`: twelve rounds that end before its first one begins to be judged.

Every candidate is fitted anew in each of the rounds that know weeks 110 to 132 and forecast weeks 112 to 135, by one seed. No
sale after week 135 is read, which is what round 1 of the bench knows. Its last line is the best candidate.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace

from bench.forecast import orange_juice_panel
from bench.orange_juice import FIRST_WEEK, GAP, HORIZON, KNOWN_IN_ROUND_ONE, RECIPE, boosted, cutoffs, mape
from ml_pipelines.forecasting.recipe import Recipe

LAST_KNOWN_IN_FIRST = 110
BASE = replace(RECIPE, seeds=1)
CANDIDATES: dict[str, Recipe] = {
    "as chosen": BASE,
    "metric smape": replace(BASE, metric="smape"),
    "Poisson": replace(BASE, objective="poisson"),
    "faster": replace(BASE, rounds=250, learning_rate=0.05),
    "all rows, all features": replace(BASE, row_share=1.0, feature_share=0.8),
    "63 leaves": replace(BASE, leaves=63),
    "15 leaves": replace(BASE, leaves=15),
    "40 rows a leaf": replace(BASE, least_rows=40),
}


def main() -> int:
    """Print one line for each candidate."""
    options = argparse.ArgumentParser(prog="bench.search_orange_juice")
    options.add_argument("--every", type=int, default=1, help="take one round in so many")
    options.add_argument("--only", choices=tuple(CANDIDATES))
    chosen = options.parse_args()
    panel = orange_juice_panel()
    panel = replace(panel.until(KNOWN_IN_ROUND_ONE - FIRST_WEEK + 1), covariates=panel.covariates)
    at = cutoffs(LAST_KNOWN_IN_FIRST)[:: chosen.every]
    if at[-1] + GAP + HORIZON > panel.periods:
        msg = "a round of the search reads what round 1 of the bench does not know"
        raise AssertionError(msg)
    found = {}
    for name, recipe in CANDIDATES.items():
        if chosen.only in {None, name}:
            began = time.process_time()
            found[name], bias, rows = mape(panel, at, [boosted(panel, recipe, cutoff) for cutoff in at])
            seconds = time.process_time() - began
            sys.stdout.write(f"{name:26}{found[name]:8.2f}  bias {bias:6.3f}  {rows} rows  {seconds:.0f} CPU s\n")
            sys.stdout.flush()
    sys.stdout.write(json.dumps({"best": min(found, key=lambda name: found[name])}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
