"""The error of a perfect forecast on the generated panel: the means that its sales were drawn from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow.parquet as pq

from local.flow.arriving import GENERATED, Arrival, truth_file
from local.services.cloud import Cloud
from ml_pipelines.forecasting.metrics import measure


def oracle(cloud: Cloud, arrival: Arrival, horizon: int) -> Mapping[str, float]:
    """Metrics of the conditional mean over the last `horizon` days; none when the arrival was not generated here.

    A stockout is not known ahead, so it counts as an error of the mean, too.
    """
    truth = truth_file(cloud)
    if arrival.file != truth.with_name(f"{GENERATED}.parquet") or not truth.exists():
        return {}
    dates = pq.read_table(arrival.file, columns=["date"])["date"].to_numpy()
    sales = pq.read_table(arrival.file, columns=["sales"])["sales"].to_numpy().astype(np.float32)
    mean = pq.read_table(truth, columns=["mean"])["mean"].to_numpy().astype(np.float32)
    days = len(np.unique(dates))
    last = slice(days - horizon, days)
    return measure(sales.reshape(-1, days)[:, last], mean.reshape(-1, days)[:, last], None, None)
