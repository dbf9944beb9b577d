"""The step `package` with a registry: run as in a job, in the published code, its image built, told and not built again."""

import gc
import json
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from local.services.registry.models import ARM_TYPE
from local.services.registry.pulled import pull
from local.tokens import SUBSCRIPTION
from ml_pipelines.forecasting.artefact import load_artefact
from ml_pipelines.publishing.snapshot import snapshot
from ml_pipelines.registry import Registry, Role
from ml_pipelines.steps import imaged
from tests.local.services.conftest import Site, make_site
from tests.ml_pipelines.steps.lane import DAYS, QUICK, told

pytestmark = pytest.mark.flow
REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.ContainerRegistry/registries/crtest"

GONE = REGISTRY.replace("crtest", "crgone")


@pytest.fixture
def site(tmp_path):
    made = make_site(tmp_path / "state")
    made.add(ARM_TYPE, REGISTRY, loginServer=f"127.0.0.1:{made.cloud.endpoints.registry}", location="westeurope")
    for name in ("identity", "arm", "registry"):
        made.start(name)
    yield made
    made.stop()


@dataclass
class Packaging:
    """A run up to `register`, and its last step as a process in the published code."""

    site: Site
    where: Path
    version: int
    code: Path
    words: list[str]

    def step(self, registry: str = REGISTRY) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ml_pipelines.steps.package", *self.words, f"--registry={registry}"]
        variables = {**os.environ, **self.site.environment()}
        return subprocess.run(command, cwd=self.code, env=variables, capture_output=True, text=True, check=False)


BEFORE = ("prepare", "train", "evaluate", "compare", "register")


def begun(lane, version):
    """The folder of a run whose steps before `package` have ended."""
    where = lane.start()
    for name in BEFORE:
        assert lane.step(name, where, version, *([QUICK] if name == "train" else [])) == 0
    return where


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """What is published with the pipeline."""
    return snapshot().write(tmp_path_factory.mktemp("published") / "code")


@pytest.fixture
def packaging(site, lane, code):
    version = lane.arrive(-DAYS, 0)
    where = begun(lane, version)
    return Packaging(site=site, where=where, version=version, code=code, words=lane.words("package", where, version))


@pytest.fixture
def unfinished(site, lane, code, monkeypatch):
    """The data version of a model whose image could not be built when it was registered."""
    monkeypatch.setattr(imaged, "SOURCES", code)
    for name, text in site.environment().items():
        monkeypatch.setenv(name, text)
    version = lane.arrive(-DAYS, 0)
    assert lane.step("package", begun(lane, version), version, f"--registry={GONE}") == 2
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # the registry's client leaves a connection open
        yield version
        gc.collect()


def pushes(site):
    rows = site.cloud.store.rows("select body from events where source = ? order by seq", REGISTRY)
    return [json.loads(row["body"])["data"]["target"]["digest"] for row in rows]


def test_the_image_of_a_registered_version_is_built_once_and_told_to_the_run(site, packaging, tracking):
    before = len(pushes(site))
    for _ in range(2):
        done = packaging.step()
        assert done.returncode == 0, done.stderr
    image = told(packaging.where, "packaged")["image"]
    assert pushes(site)[before:] == [image["digest"]]
    (made,) = Registry("demand").versions()
    tags = tracking.client.get_run(made.run_id).data.tags
    assert (tags["image.digest"], tags["image.reference"]) == (image["digest"], image["reference"])
    pulled = pull(site.cloud, image["reference"], "deployer")
    asked = [sys.executable, "-c", "from ml_pipelines.steps import trained; print(trained.code())"]
    revision = subprocess.run(asked, cwd=packaging.code, capture_output=True, text=True, check=True).stdout.strip()
    assert pulled.labels == {
        "mlops.model": "demand",
        "mlops.model-version": "1",
        "mlops.data-version": f"silver/features@{packaging.version}",
        "mlops.run": made.run_id,
        "org.opencontainers.image.revision": revision,
    }
    assert load_artefact(pulled.folder / "model").content_hash == made.tags["content_hash"]
    assert json.loads((pulled.folder / "model.json").read_text()) == {
        "model": "demand",
        "version": "1",
        "data_version": f"silver/features@{packaging.version}",
        "run": made.run_id,
        "revision": revision,
    }
    command = [*pulled.argv[:1], "-W", "error", "-c", "import scoring.__main__, scoring.score"]
    done = subprocess.run(command, cwd=pulled.folder, env=dict(pulled.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_code_that_lacks_what_the_image_needs_ends_the_step_after_its_forecasts(packaging, lane, tmp_path):
    lacking = shutil.copytree(packaging.code, tmp_path / "lacking")
    (lacking / "scoring" / "requirements.txt").unlink()
    done = replace(packaging, code=lacking).step()
    assert done.returncode == 2
    assert "scoring/requirements.txt" in done.stderr
    assert "publish the pipeline again" in done.stderr
    assert (lane.folder / "forecasts" / "demand" / "1" / "current.json").is_file()
    assert not (packaging.where / "packaged").exists()


def test_a_registry_that_is_gone_ends_the_step_and_tags_no_image(packaging, tracking):
    done = packaging.step(registry=GONE)
    assert done.returncode == 2
    assert "registries/crgone" in done.stderr
    (made,) = Registry("demand").versions()
    assert "image.digest" not in tracking.client.get_run(made.run_id).data.tags


@pytest.mark.parametrize("forecasts", ["published", "lost"])
def test_a_training_that_is_tried_again_finishes_a_version_without_image_and_the_next_one_leaves_it(
    site, lane, unfinished, tracking, forecasts
):
    if forecasts == "lost":
        shutil.rmtree(lane.folder / "forecasts")
    where = begun(lane, unfinished)
    finished = []
    for _ in range(2):
        assert lane.step("package", where, unfinished, f"--registry={REGISTRY}") == 0
        finished.append(told(where, "packaged")["finished"])
    first, second = finished
    assert second is None
    assert pushes(site) == [first["image"]["digest"]]
    (made,) = Registry("demand").versions()
    assert (first["version"], first["refreshed"]) == ("1", forecasts == "lost")
    pulled = pull(site.cloud, first["image"]["reference"], "deployer")
    labels = [pulled.labels[f"mlops.{name}"] for name in ("model-version", "data-version", "run")]
    assert labels == ["1", f"silver/features@{unfinished}", made.run_id]
    for run in (made.run_id, os.environ["AZUREML_ROOT_RUN_ID"]):
        assert tracking.client.get_run(run).data.tags["image.digest"] == first["image"]["digest"]


def test_a_version_that_was_put_away_is_not_finished(lane, unfinished):
    registry = Registry("demand")
    registry.set_role(registry.versions()[0], Role.REJECTED)
    where = begun(lane, unfinished)
    assert lane.step("package", where, unfinished, f"--registry={REGISTRY}") == 0
    assert told(where, "packaged")["finished"] is None


def test_a_version_that_is_older_than_the_champion_is_not_finished(lane, unfinished):
    newer = lane.arrive(0, 1)
    assert newer > unfinished
    assert told(lane.pipeline(newer), "decision")["decision"] == "refresh"
    registry = Registry("demand")
    registry.set_role(registry.version("2"), Role.CHAMPION)
    where = begun(lane, newer)
    assert lane.step("package", where, newer, f"--registry={REGISTRY}") == 0
    assert told(where, "packaged")["finished"] is None
    assert registry.version("1").role is Role.CHALLENGER
