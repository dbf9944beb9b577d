"""Answers of the service, the same behind every host: the own server, and Azure ML's `init` and `run`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml_pipelines.forecasting.artefact import load_artefact
from scoring.board import Board, Page, unique_id
from scoring.logs import ScoringLog
from scoring.problems import not_ready, unknown_period, unknown_series
from scoring.refresh import Refresher
from scoring.requests import Asked
from scoring.settings import FACTS, MODEL, ModelFacts, Settings


class Predictor:
    """Forecasts of the image's own model version, and what every answer says of them."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Check the model in the image's working directory `folder`, and prepare to load its forecasts.

        Raises:
            SettingError: when the image does not say which model is in it.
            ArtefactBrokenError: when a file of the model is missing or changed.
        """
        self.settings = settings
        self.facts = ModelFacts.read(folder / FACTS)
        self.artefact = load_artefact(folder / MODEL)
        self.board = Board()
        self.log = ScoringLog(settings.logs_url, settings.digest, settings.name)
        self.refresher = Refresher(self.board, settings.forecasts_url, self.facts, settings.refresh_seconds)

    def start(self) -> None:
        """Load forecasts and write logs in the background."""
        self.log.start()
        self.refresher.start()

    def stop(self) -> None:
        """Stop both; what waits to be logged is written first."""
        self.refresher.stop()
        self.log.stop()

    def version(self) -> dict[str, str]:
        """What this process is; `data_version` is that of the forecasts in use, or of the model before they are loaded."""
        return self._identity(self.board.page) | {"release": self.settings.release, "revision": self.facts.revision}

    def forecast(self, store: str, item: str) -> dict[str, Any]:
        """All periods of a series.

        Raises:
            ProblemError: 503 before forecasts are loaded, 404 for an unknown series.
        """
        page = self.page()
        found = page.series(unique_id(store, item))
        if found is None:
            raise unknown_series(store, item)
        answer = self._identity(page) | {"unique_id": unique_id(store, item), "forecast": found}
        self._record("forecast", answer, [answer])
        return answer

    def score(self, rows: Sequence[Asked]) -> dict[str, Any]:
        """The periods that rows ask for, all from one published artefact.

        Raises:
            ProblemError: 503 before forecasts are loaded, 404 for an unknown series, 422 for an unknown period.
        """
        page = self.page()
        answered = [{"unique_id": unique_id(row.store, row.item), "forecast": self._asked(page, row)} for row in rows]
        answer = self._identity(page) | {"rows": answered}
        self._record("score", answer, answered)
        return answer

    def page(self) -> Page:
        """The forecasts in use.

        Raises:
            ProblemError: 503 when none are loaded.
        """
        page = self.board.page
        if page is None:
            raise not_ready(self.board.trouble)
        return page

    def _asked(self, page: Page, row: Asked) -> list[dict[str, Any]]:
        found = page.series(unique_id(row.store, row.item), row.ds)
        if found is not None:
            return found
        if row.ds is not None and unique_id(row.store, row.item) in page.rows:
            raise unknown_period(row.ds, page.ds[0], page.ds[-1])
        raise unknown_series(row.store, row.item)

    def _identity(self, page: Page | None) -> dict[str, Any]:
        return {
            "model": self.facts.model,
            "model_version": self.facts.version,
            "data_version": self.facts.data_version if page is None else page.data_version,
            "digest": self.settings.digest,
        }

    def _record(self, operation: str, answer: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
        told = {name: answer[name] for name in ("model", "model_version", "data_version", "digest")}
        shared = {"time": time.time(), "operation": operation, "release": self.settings.release, **told}
        for row in rows:
            self.log.add(shared | {"unique_id": row["unique_id"], "forecast": row["forecast"]})
