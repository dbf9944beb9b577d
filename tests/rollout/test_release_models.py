"""Roles of versions in an Azure ML registry, by MLflow's own client with the azureml plugin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.services.machine_learning.mlflow.conftest import Lab, lab as lab  # noqa: PLC0414 - a fixture is used by its name

pytestmark = pytest.mark.flow
ROOT = Path(__file__).parents[2]
SCRIPT = """
import os
from contracts.images import Built
from rollout.models import Models
client.create_registered_model("demand")
for role in ("champion", "challenger", "champion"):
    client.create_model_version("demand", sys.argv[2], sys.argv[1], tags={"role": role})
models = Models(tracking_uri=os.environ.pop("MLFLOW_TRACKING_URI"))
def built(number):
    return Built(model="demand", model_version=number, data_version="silver/panel@1", run="r", revision="a")
told["champions"] = [models.is_champion(built(number)) for number in "123"]
told["retired"] = models.crown(models.releasable(built("2")))
told["again"] = models.crown(models.releasable(built("2")))
told["roles"] = [models.version(built(number)).role for number in "123"]
models.reject(models.version(built("2")), "x" * 900)
told["tags"] = dict(models.version(built("2")).tags)
"""


def test_a_version_is_crowned_and_those_before_it_retired_by_the_address_alone(lab: Lab):
    told = lab.client(SCRIPT, (run := lab.run_with_artifact()), lab.source(run), PYTHONPATH=str(ROOT))
    assert told["champions"] == [True, False, True]
    assert sorted(told["retired"]) == ["1", "3"]
    assert told["again"] == []
    assert told["roles"] == ["retired", "champion", "retired"]
    assert told["tags"] == {"role": "rejected", "rejected.reason": "x" * 500}
