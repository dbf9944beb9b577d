"""The forecasts that the gate judged, with what was sold: outputs of the training pipeline's steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local.services.cloud import Cloud
from local.services.machine_learning.jobs.models import Jobs
from ml_pipelines.steps.measured import ARRAYS, CHALLENGER
from ml_pipelines.steps.prepared import Prepared

type Cells = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """The last periods of n series: `y` (n, h) is NaN where no sale is known, `points` holds (n, h) by method."""

    unique_ids: tuple[str, ...]
    ds: NDArray[np.datetime64]
    y: Cells
    points: Mapping[str, Cells]
    lower: Cells
    upper: Cells
    horizon: int

    @classmethod
    def of(cls, cloud: Cloud, run_id: str) -> Judged | None:
        """What a pipeline run judged, or None when it fitted nothing or its outputs are gone."""
        steps = Jobs(cloud.store).rows(run_id)
        if not {"prepare", "evaluate"} <= steps.keys():
            return None
        prepared, arrays = Path(steps["prepare"].outputs) / "prepared", Path(steps["evaluate"].outputs) / "metrics" / ARRAYS
        return cls.read(prepared, arrays) if prepared.is_dir() and arrays.is_file() else None

    @classmethod
    def read(cls, folder: Path, arrays: Path) -> Judged:
        """Read the folder `prepared` of one step and the file of forecasts of the other."""
        prepared = Prepared.load(folder)
        first = prepared.cutoff + prepared.facts.gap
        with np.load(arrays, allow_pickle=False) as held:
            found = {name: held[name] for name in held.files}
        point, lower, upper = (found.pop(f"{CHALLENGER}.{part}") for part in ("point", "lower", "upper"))
        return cls(
            unique_ids=tuple(prepared.panel.unique_ids),
            horizon=prepared.facts.horizon,
            ds=prepared.panel.ds[first : first + prepared.window],
            y=prepared.actuals(prepared.cutoff),
            points={CHALLENGER: point, **found},
            lower=lower,
            upper=upper,
        )

    @property
    def errors(self) -> dict[str, float]:
        """WAPE of the challenger by series; a series without known sales is left out."""
        found = _wape(self.y, self.points[CHALLENGER], axis=1)
        return {name: float(value) for name, value in zip(self.unique_ids, found, strict=True) if np.isfinite(value)}

    def by_horizon(self, methods: tuple[str, ...]) -> dict[str, tuple[float | None, ...]]:
        """Absolute error of all series by period ahead, over all origins, as a share of what a period sells in the mean.

        A share of the period's own sales would tell of days when all is shut, and of nothing else. None without sales.
        """
        found = {name: _absolute(self.y, self.points[name], axis=0) for name in methods if name in self.points}
        mean = float(np.nansum(self.y, dtype=np.float64)) / self.y.shape[1]
        ahead = {name: values.reshape(-1, self.horizon).mean(axis=0) for name, values in found.items()}
        return {name: tuple(float(v) / mean if mean > 0 else None for v in values) for name, values in ahead.items()}


def _wape(y: Cells, point: Cells, axis: int) -> Cells:
    """NaN where nothing was sold."""
    error = _absolute(y, point, axis)
    sold = np.where(np.isfinite(y) & np.isfinite(point), y, 0).sum(axis=axis, dtype=np.float64)
    return np.divide(error, sold, out=np.full_like(error, np.nan), where=sold > 0)


def _absolute(y: Cells, point: Cells, axis: int) -> Cells:
    """Sums of absolute errors along an axis, unknown sales left out."""
    known = np.isfinite(y) & np.isfinite(point)
    return np.where(known, np.abs(point - y), 0).sum(axis=axis, dtype=np.float64)
