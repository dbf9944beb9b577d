"""The step `package` with a registry: run as in a job, in the published code, its image built, told and not built again."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.services.registry.models import ARM_TYPE
from local.services.registry.pulled import pull
from local.tokens import SUBSCRIPTION
from ml_pipelines.forecasting.artefact import load_artefact
from ml_pipelines.publishing.snapshot import snapshot
from ml_pipelines.registry import Registry
from tests.local.services.conftest import Site, make_site
from tests.ml_pipelines.steps.lane import DAYS, QUICK, told

pytestmark = pytest.mark.flow
REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.ContainerRegistry/registries/crtest"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = make_site(tmp_path_factory.mktemp("package") / "state")
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


@pytest.fixture
def packaging(site, lane, tmp_path):
    version = lane.arrive(-DAYS, 0)
    where = lane.start()
    for name in ("prepare", "train", "evaluate", "compare", "register"):
        assert lane.step(name, where, version, *([QUICK] if name == "train" else [])) == 0
    words = lane.words("package", where, version)
    return Packaging(site=site, where=where, version=version, code=snapshot().write(tmp_path / "code"), words=words)


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
    assert pulled.labels == {
        "mlops.model": "demand",
        "mlops.model-version": "1",
        "mlops.data-version": f"silver/features@{packaging.version}",
        "mlops.run": made.run_id,
        "org.opencontainers.image.revision": made.tags["code"],
    }
    assert load_artefact(pulled.folder / "model").content_hash == made.tags["content_hash"]
    assert json.loads((pulled.folder / "model.json").read_text()) == {
        "model": "demand",
        "version": "1",
        "data_version": f"silver/features@{packaging.version}",
        "run": made.run_id,
        "revision": made.tags["code"],
    }
    command = [*pulled.argv[:1], "-W", "error", "-c", "import scoring.__main__, scoring.score"]
    done = subprocess.run(command, cwd=pulled.folder, env=dict(pulled.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_code_that_lacks_what_the_image_needs_ends_the_step_after_its_forecasts(packaging, lane):
    (packaging.code / "scoring" / "requirements.txt").unlink()
    done = packaging.step()
    assert done.returncode == 2
    assert "scoring/requirements.txt" in done.stderr
    assert "publish the pipeline again" in done.stderr
    assert (lane.folder / "forecasts" / "demand" / "1" / "current.json").is_file()
    assert not (packaging.where / "packaged").exists()


def test_a_registry_that_is_gone_ends_the_step_and_tags_no_image(packaging, tracking):
    done = packaging.step(registry=REGISTRY.replace("crtest", "crgone"))
    assert done.returncode == 2
    assert "registries/crgone" in done.stderr
    (made,) = Registry("demand").versions()
    assert "image.digest" not in tracking.client.get_run(made.run_id).data.tags
