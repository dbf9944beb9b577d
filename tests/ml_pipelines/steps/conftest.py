"""A tracking store of MLflow's own in a folder, where every step finds it by its environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.ml_pipelines.steps.lane import Lane


@dataclass(frozen=True)
class Tracking:
    """The store and the experiment of a test."""

    client: MlflowClient
    experiment: str

    def run(self) -> str:
        """A new run, as a pipeline job has one."""
        return self.client.create_run(self.experiment).info.run_id


@pytest.fixture
def tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracking:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    client = MlflowClient()
    opened = Tracking(client, client.create_experiment("demand"))
    monkeypatch.setenv("AZUREML_ROOT_RUN_ID", opened.run())
    return opened


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """A folder with the files given by name."""

    def made(**contents: str) -> Path:
        folder = tmp_path / f"files-{len(list(tmp_path.iterdir()))}"
        for name, text in contents.items():
            (folder / "inner").mkdir(parents=True, exist_ok=True)
            (folder / "inner" / name).write_text(text)
        return folder

    return made


@pytest.fixture
def lane(tmp_path: Path, tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> Lane:
    return Lane(tmp_path / "lane", tracking, monkeypatch)
