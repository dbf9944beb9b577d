"""One more period of sales for a stack's own panel, so that new data can be shown arriving: `python -m local.flow.next_period OUT`.

Each series that sold in the panel's last period sells again in the next one: a Poisson draw around its mean at the last four
like periods of its season (four same weekdays for daily data). Covariates repeat those of one season before.
`OUT --broken` breaks rows of it, so that a file can be shown that must be refused.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import FourPartError
from data_ops.storage import commit_info, locate, rows, table
from data_ops.summary import FEATURES, SUMMARY, Summary
from local.flow.scenarios.broken_rows import broken
from ml_pipelines.forecasting.panel import Panel

LIKE_PERIODS = 4


class PanelAbsentError(FourPartError):
    """There is no panel yet that could go on."""


def next_period(panel: Panel) -> pa.Table:
    """Sales of the period after the panel's last: columns date, store, item, sales and the covariates; the same panel gives the same.

    Raises:
        PanelAbsentError: when no series is alive at the panel's end.
    """
    back = [panel.periods - panel.season * times for times in range(1, LIKE_PERIODS + 1) if panel.season * times <= panel.periods]
    known = np.isfinite(panel.y[:, back])
    counted = np.maximum(known.sum(axis=1), 1)
    mean = np.where(known, panel.y[:, back], 0).sum(axis=1) / counted
    alive = np.flatnonzero(known.any(axis=1) & np.isfinite(panel.y[:, -1]))
    if not len(alive):
        raise _absent("no series has a sale in the last period")
    ds = panel.dates(panel.periods, 1)[0]
    rng = np.random.default_rng(int(ds.astype(np.int64)))
    columns: dict[str, Any] = {
        "date": [str(ds).replace("T", " ")] * len(alive),
        "store": [panel.stores[index] for index in alive],
        "item": [panel.items[index] for index in alive],
        "sales": rng.poisson(np.maximum(mean[alive], 0)).astype(np.float64),
    }
    columns |= {name: cells[alive, back[0]].astype(np.float64) for name, cells in panel.covariates.items()}
    return pa.table(columns)


def main() -> int:
    """Read the newest silver features and write the period after their last to the file named; one JSON line tells which."""
    try:
        opened = table(locate(FEATURES))
        summary = Summary.of(commit_info(locate(FEATURES), opened.version())[SUMMARY])
        made = next_period(Panel.of_features(rows(opened), frequency=summary.frequency, season=summary.season))
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    made = broken(made) if "--broken" in sys.argv[2:] else made
    out = Path(sys.argv[1])
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    pq.write_table(made, draft)
    draft.replace(out)
    sys.stdout.write(json.dumps({"file": str(out), "rows": made.num_rows, "date": made["date"][0].as_py()}) + "\n")
    return 0


def _absent(given: str) -> PanelAbsentError:
    return PanelAbsentError(
        "There is no panel that could go on.",
        given=given,
        allowed="silver features with sales in their last period",
        remedy="Run `make up` first.",
    )


if __name__ == "__main__":
    sys.exit(main())
