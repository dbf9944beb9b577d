"""An image's working directory, published forecasts in a folder, and the service over real HTTP."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from contracts.events import DataVersion
from ml_pipelines.forecast_files import Forecasts, Place, publish
from ml_pipelines.forecasting.artefact import save_artefact
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import train

ROOT = Path(__file__).parents[2]
DIGEST = f"sha256:{'ab' * 32}"
SERIES, HORIZON = 6, 4


@dataclass
class Image:
    """What the image's working directory holds, and the storage beside it."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def forecasts(self) -> Path:
        return self.folder / "storage" / "forecasts"

    @property
    def logs(self) -> Path:
        return self.folder / "storage" / "logs"

    def environment(self, **more: str) -> dict[str, str]:
        given = {
            "IMAGE_DIGEST": DIGEST,
            "RELEASE": "qa",
            "FORECASTS_URL": str(self.forecasts),
            "LOGS_URL": str(self.logs),
            "HOST": "127.0.0.1",
            "REFRESH_SECONDS": "1",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
        }
        return {**{name: os.environ[name] for name in ("PATH", "HOME")}, **given, **more}

    def publish(self, version: int = 1, *, level: float = 5.0, model: str = "3") -> Forecasts:
        """Publish forecasts of all series at a level, from a data version."""
        made = forecasts(level)
        place = Place(model="demand", version=model, data_version=DataVersion(table="silver/features", version=version))
        publish(str(self.forecasts), place, made, {"horizon": HORIZON})
        return made

    @contextmanager
    def serve(self, verify: ssl.SSLContext | None = None, **more: str) -> Iterator[httpx.Client]:
        """Start the service and wait until it is alive; with `verify` it is called over HTTPS."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "scoring"]
        self.processes.append(subprocess.Popen(command, cwd=self.folder, env=self.environment(PORT=str(port), **more)))
        url = f"{'https' if verify else 'http'}://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=10, verify=verify or True) as client:
            until(lambda: _answers(client))
            yield client

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        self.processes.clear()


def forecasts(level: float) -> Forecasts:
    point = np.full((SERIES, HORIZON), level, dtype=np.float32)
    return Forecasts(
        unique_ids=np.array([f"{index % 2}_i{index}" for index in range(SERIES)]),
        ds=np.datetime64("2026-01-01", "s") + np.arange(HORIZON) * np.timedelta64(86_400, "s"),
        point=point,
        lower=point - 1,
        upper=point + 2,
    )


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.03)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/live").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def made_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of an image: a trained model and what it is."""
    folder = tmp_path_factory.mktemp("image")
    rng = np.random.default_rng(1)
    panel = Panel(
        unique_ids=tuple(f"{index % 2}_i{index}" for index in range(SERIES)),
        stores=tuple(str(index % 2) for index in range(SERIES)),
        items=tuple(f"i{index}" for index in range(SERIES)),
        ds=np.datetime64("2025-01-01", "s") + np.arange(120) * np.timedelta64(86_400, "s"),
        y=rng.poisson(5, (SERIES, 120)).astype(np.float32),
        covariates={},
        frequency="daily",
        season=7,
    )
    trained = train(panel, Recipe.of('{"rungs": ["seasonal_naive"]}'), HORIZON, 0)
    save_artefact(folder / "model", trained, data_version="silver/features@1", content_hash="c")
    facts = {"model": "demand", "version": "3", "data_version": "silver/features@1", "run": "r1", "revision": "abc"}
    (folder / "model.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def image(made_image: Path, tmp_path: Path) -> Iterator[Image]:
    own = Image(shutil.copytree(made_image, tmp_path / "app"))
    yield own
    own.stop()


@pytest.fixture(scope="module")
def service(made_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One service with forecasts, for tests that change nothing."""
    own = Image(shutil.copytree(made_image, tmp_path_factory.mktemp("service") / "app"))
    own.publish()
    with own.serve() as client:
        until(lambda: client.get("/ready").is_success)
        yield client
    own.stop()
