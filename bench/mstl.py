# /// script
# requires-python = ">=3.12,<3.13"
# dependencies = ["numpy>=2.5", "statsforecast==2.1.1"]
# ///
"""MSTL with AutoETS on its trend, a local model of statsforecast, as an anchor.

A script with an environment of its own, since statsforecast wants an older pandas: `uv run --script bench/mstl.py IN OUT`
reads `y` (n, t), `horizon` and `season` from the npz file IN and writes `point` (n, horizon) to OUT.
Source: Bandara, Hyndman and Bergmeir, "MSTL: A Seasonal-Trend Decomposition Algorithm for Time Series with Multiple Seasonal
Patterns" (2021).
"""

from __future__ import annotations

import sys

import numpy as np
from statsforecast.models import MSTL, AutoETS

YEAR = 364
"""Whole weeks, so that days of the year keep their weekday."""


def main() -> int:
    """Forecast each series by itself."""
    with np.load(sys.argv[1]) as given:
        y, horizon, season = given["y"].astype(np.float64), int(given["horizon"]), int(given["season"])
    points = [
        MSTL(season_length=[season, YEAR], trend_forecaster=AutoETS(model="ZZN")).forecast(y=one[np.isfinite(one)], h=horizon)
        for one in y
    ]
    np.savez(sys.argv[2], point=np.maximum(np.stack([point["mean"] for point in points]), 0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
