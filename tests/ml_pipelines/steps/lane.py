"""A lake, a tracking store and the six steps in their order, on a small panel."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.events import DataVersion
from data_ops import ingest as ingestion, prepare as preparation
from data_ops.sources.generated import generate
from data_ops.storage import locate
from data_ops.summary import FEATURES
from ml_pipelines.steps import compare, evaluate, package, prepare, register, train

DAYS, SERIES = 500, 40
STEPS = {
    "prepare": (prepare.main, ("features", "delta-version", "prepared")),
    "train": (train.main, ("prepared", "model-name", "model")),
    "evaluate": (evaluate.main, ("prepared", "model", "metrics")),
    "compare": (compare.main, ("prepared", "model", "metrics", "model-name", "decision")),
    "register": (register.main, ("model", "decision", "model-name", "registered")),
    "package": (package.main, ("prepared", "model", "registered", "forecasts-url", "model-name", "packaged")),
}
SALES = generate(stores=4, items=10, days=DAYS + 3).sales
DATES = SALES["date"].to_numpy().astype("datetime64[D]")
LAST = np.unique(DATES)[DAYS - 1]
QUICK = '--recipe={"rungs": ["seasonal_naive", "multiplicative_level"]}'


class Lane:
    """One lake, one tracking store, and a folder for each training run."""

    def __init__(self, folder: Path, tracking, monkeypatch) -> None:
        self.folder, self.tracking, self.monkeypatch = folder, tracking, monkeypatch
        self.runs = 0
        for name in ("bronze", "silver"):
            (folder / name).mkdir(parents=True)

    def arrive(self, first: int, last: int) -> int:
        """Days from `first` to `last` after the panel's first `DAYS` come into silver; the version of its features."""
        age = (DATES - LAST).astype(np.int64)
        return self.take(f"{last}.parquet", SALES.filter(pa.array((age > first) & (age <= last))))

    def take(self, name: str, rows: pa.Table) -> int:
        """Rows come into silver as a file of this name; the version of its features."""
        for container in ("bronze", "silver"):
            self.monkeypatch.setenv(f"{container.upper()}_URL", str(self.folder / container))
        file = self.folder / name
        pq.write_table(rows, file)
        arrived = ingestion.ingest(file)
        summary = preparation.prepare(DataVersion(table=arrived.table, version=arrived.version))
        assert summary is not None
        return summary.silver[FEATURES]

    def pipeline(self, version: int, *, run: str = "", more: dict[str, list[str]] | None = None) -> Path:
        """All steps, in this process, as one run; returns the folder of the run."""
        where = self.start(run)
        for name in STEPS:
            quick = [QUICK] if name == "train" else []
            assert self.step(name, where, version, *quick, *((more or {}).get(name, []))) == 0, name
        return where

    def start(self, run: str = "") -> Path:
        self.runs += 1
        self.monkeypatch.setenv("AZUREML_ROOT_RUN_ID", run or self.tracking.run())
        return self.folder / f"run-{self.runs}"

    def words(self, name: str, where: Path, version: int) -> list[str]:
        given = {
            "features": locate(FEATURES),
            "delta-version": str(version),
            "model-name": "demand",
            "forecasts-url": str(self.folder / "forecasts"),
        }
        return [f"--{word}={given.get(word, where / word)}" for word in STEPS[name][1]]

    def step(self, name: str, where: Path, version: int, *more: str) -> int:
        return STEPS[name][0]([*self.words(name, where, version), *more])


def told(where, folder):
    name = {"decision": "decision.json", "registered": "registered.json", "packaged": "packaged.json"}[folder]
    return json.loads((where / folder / name).read_text())
