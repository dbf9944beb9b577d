"""The same answers behind an Azure ML host, which calls `init` once and `run` with each body."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scoring.predictor import Predictor
from scoring.requests import rows_in
from scoring.settings import Settings

_PREDICTORS: list[Predictor] = []


def init() -> None:
    """Load model and forecasts from the host's working directory and environment."""
    predictor = Predictor(Settings.of(os.environ), Path.cwd())
    predictor.refresher.refresh()
    predictor.log.start()
    _PREDICTORS[:] = [predictor]


def run(raw: str) -> dict[str, Any]:
    """Answer one body, as `POST /score` does."""
    return _PREDICTORS[0].score(rows_in(raw.encode()))
