"""Latency of `GET /forecast/{store}/{item}` at 50 requests a second, beside a bare Starlette route under the same load.

Open loop: requests are sent when they are due, whether earlier ones are answered or not, over ten kept connections; a
latency counts from the moment the request was due. 500 series, 28 periods.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np

from contracts.events import DataVersion
from ml_pipelines.forecast_files import Forecasts, Place, publish
from ml_pipelines.forecasting.artefact import save_artefact
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import train

ROOT = Path(__file__).parents[1]
RATE, SECONDS, WARM = 50, 20, 100
SERIES, HORIZON = 500, 28
READY_SECONDS = 30.0
DAY = np.timedelta64(86_400, "s")
BARE = (
    "import sys, uvicorn\n"
    "from starlette.applications import Starlette\n"
    "from starlette.responses import Response\n"
    "from starlette.routing import Route\n"
    "async def answer(request):\n"
    "    return Response(b'{}', media_type='application/json')\n"
    "app = Starlette(routes=[Route('/ready', answer), Route('/forecast/{store}/{item}', answer)])\n"
    "uvicorn.run(app, host='127.0.0.1', port=int(sys.argv[1]), log_level='warning', access_log=False)\n"
)


def main() -> int:
    """Run both servers one after the other and print the table."""
    sys.stdout.write(f"{'server':16}{'p50 ms':>9}{'p99 ms':>9}{'worst ms':>10}{'answers':>9}\n")
    with tempfile.TemporaryDirectory(prefix="scoring-") as folder:
        _image(Path(folder))
        for name, command in (("bare route", ["-c", BARE]), ("scoring", ["-m", "scoring"])):
            latencies = _measured(Path(folder), command)
            p50, p99, worst = (1000 * float(np.quantile(latencies, share)) for share in (0.5, 0.99, 1.0))
            sys.stdout.write(f"{name:16}{p50:>9.2f}{p99:>9.2f}{worst:>10.2f}{len(latencies):>9}\n")
    return 0


def _measured(folder: Path, command: list[str]) -> list[float]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "IMAGE_DIGEST": f"sha256:{'0' * 64}",
        "RELEASE": "qa",
        "FORECASTS_URL": str(folder / "forecasts"),
        "LOGS_URL": str(folder / "logs"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen([sys.executable, *command, str(port)], cwd=folder, env=environment)  # noqa: S603 - our own
    try:
        return asyncio.run(_asked(f"http://127.0.0.1:{port}"))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


async def _asked(url: str) -> list[float]:
    """Seconds from due to answered, of all requests after the warm-up."""
    async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=10)) as client:
        await _ready(client)
        began, found = time.perf_counter(), [0.0] * (WARM + RATE * SECONDS)

        async def ask(number: int) -> None:
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            (await client.get(f"/forecast/{number % 10}/i{number % SERIES}")).raise_for_status()
            found[number] = time.perf_counter() - due

        await asyncio.gather(*(ask(number) for number in range(len(found))))
    return found[WARM:]


async def _ready(client: httpx.AsyncClient) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        try:
            if (await client.get("/ready")).is_success:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
    msg = "the server did not become ready"
    raise TimeoutError(msg)


def _image(folder: Path) -> None:
    """The working directory of an image, and its published forecasts."""
    names = [(str(index % 10), f"i{index}") for index in range(SERIES)]
    rng = np.random.default_rng(1)
    panel = Panel(
        unique_ids=tuple("_".join(name) for name in names),
        stores=tuple(store for store, _ in names),
        items=tuple(item for _, item in names),
        ds=np.datetime64("2025-01-01", "s") + np.arange(120) * DAY,
        y=rng.poisson(5, (SERIES, 120)).astype(np.float32),
        covariates={},
        frequency="daily",
        season=7,
    )
    made = train(panel, Recipe.of('{"rungs": ["seasonal_naive"]}'), HORIZON, 0)
    version = DataVersion(table="silver/features", version=1)
    save_artefact(folder / "model", made, data_version=str(version), content_hash="bench")
    facts = {"model": "demand", "version": "1", "data_version": str(version), "run": "bench", "revision": "bench"}
    (folder / "model.json").write_text(json.dumps(facts))
    point = rng.gamma(5, 1, (SERIES, HORIZON)).astype(np.float32)
    ds = panel.dates(panel.periods, HORIZON)
    forecasts = Forecasts(
        unique_ids=np.array(panel.unique_ids), ds=ds, point=point, lower=point * np.float32(0.5), upper=point * np.float32(2)
    )
    publish(str(folder / "forecasts"), Place(model="demand", version="1", data_version=version), forecasts, {})


if __name__ == "__main__":
    sys.exit(main())
