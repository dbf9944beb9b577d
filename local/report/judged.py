"""The forecasts that the gate judged, with where their errors lie: outputs of the training pipeline's steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local.services.cloud import Cloud
from local.services.machine_learning.jobs.models import Jobs
from ml_pipelines.steps.measured import ARRAYS, BREAKDOWN, CHALLENGER, PARTS
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import read

type Cells = NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """The forecasts (n, h) of the last periods `ds` of n series, and errors of the challenger by `series`, `store`, `item`.

    `by_horizon` is the error by method and period ahead. Versions that were trained before errors were broken down have none.
    """

    unique_ids: tuple[str, ...]
    ds: NDArray[np.datetime64]
    point: Cells
    lower: Cells
    upper: Cells
    breakdown: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, cloud: Cloud, run_id: str) -> Judged | None:
        """What a pipeline run judged, or None when it fitted nothing or its outputs are gone."""
        steps = Jobs(cloud.store).rows(run_id)
        if not {"prepare", "evaluate"} <= steps.keys():
            return None
        prepared, metrics = Path(steps["prepare"].outputs) / "prepared", Path(steps["evaluate"].outputs) / "metrics"
        return cls.read(prepared, metrics) if prepared.is_dir() and (metrics / ARRAYS).is_file() else None

    @classmethod
    def read(cls, folder: Path, metrics: Path) -> Judged:
        """Read the folders `prepared` and `metrics`."""
        prepared = Prepared.load(folder)
        first = prepared.cutoff + prepared.facts.gap
        with np.load(metrics / ARRAYS, allow_pickle=False) as held:
            point, lower, upper = (held[f"{CHALLENGER}.{part}"] for part in PARTS)
        return cls(
            unique_ids=tuple(prepared.panel.unique_ids),
            ds=prepared.panel.ds[first : first + prepared.window],
            point=point,
            lower=lower,
            upper=upper,
            breakdown=read(metrics, BREAKDOWN) if (metrics / BREAKDOWN).is_file() else {},
        )

    @property
    def errors(self) -> Mapping[str, float]:
        """WAPE of the challenger by series; a series without known sales is left out."""
        found = self.breakdown.get("series", {})
        return {name: figures["wape"] for name, figures in found.items() if figures["wape"] is not None}

    def by_horizon(self, methods: tuple[str, ...]) -> dict[str, tuple[float | None, ...]]:
        """Error of these methods by period ahead, as a share of what a period sells in the mean."""
        found = self.breakdown.get("horizon", {})
        return {name: tuple(found[name]) for name in methods if name in found}
