"""The champion's forecasts follow newer data without being trained again, by a pointer that moves last."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ml_pipelines.forecast_files import current, pointed
from ml_pipelines.registry import Registry, Role
from tests.ml_pipelines.steps.lane import DAYS, LAST, SERIES, told

WORSE = {"train": ['--recipe={"rungs": ["seasonal_naive"]}']}


@pytest.fixture
def crowned(lane):
    """Version 1 in production."""
    lane.pipeline(lane.arrive(-DAYS, 0))
    registry = Registry("demand")
    registry.set_role(registry.versions()[0], Role.CHAMPION)
    return lane


def url(lane):
    return str(lane.folder / "forecasts")


def test_newer_data_moves_the_champions_forecasts_though_nothing_is_registered(crowned):
    before, _ = current(url(crowned), "demand", "1")
    version = crowned.arrive(0, 1)
    where = crowned.pipeline(version, more=WORSE)
    packaged = told(where, "packaged")
    assert (packaged["decision"], packaged["packaged"]) == ("keep", False)
    assert {name: packaged["refreshed"][name] for name in ("version", "refreshed", "recalibrated", "current")} == {
        "version": "1",
        "refreshed": True,
        "recalibrated": True,
        "current": True,
    }
    after, manifest = current(url(crowned), "demand", "1")
    assert after.ds[0] == before.ds[0] + np.timedelta64(1, "D")
    assert after.ds[0].astype("datetime64[D]") == LAST + np.timedelta64(2, "D")
    assert after.point.shape == (SERIES, 28)
    assert (manifest["data_version"], manifest["rung"]) == (f"silver/features@{version}", "multiplicative_level")
    assert len(Registry("demand").versions()) == 1


def test_the_pointer_neither_moves_for_the_same_data_version_nor_back_to_an_older_one(crowned):
    first = crowned.arrive(0, 1)
    second = crowned.arrive(1, 2)
    crowned.pipeline(second, more=WORSE)
    before = pointed(url(crowned), "demand", "1")
    assert before.data_version == f"silver/features@{second}"
    for version in (second, first):
        packaged = told(crowned.pipeline(version, more=WORSE), "packaged")
        assert packaged["refreshed"]["reason"] == f"its forecasts are from silver/features@{second}"
    assert pointed(url(crowned), "demand", "1") == before


def test_without_a_champion_nothing_is_refreshed(lane):
    assert told(lane.pipeline(lane.arrive(-DAYS, 0)), "packaged")["refreshed"] is None


def test_lost_files_of_the_champion_are_told_with_what_to_do(crowned, tracking, capsys):
    run = tracking.client.get_run(Registry("demand").versions()[0].run_id)
    shutil.rmtree(Path(run.info.artifact_uri.removeprefix("file://"), "model"))
    where = crowned.start()
    version = crowned.arrive(0, 1)
    assert crowned.step("prepare", where, version) == 0
    (where / "registered").mkdir()
    (where / "registered" / "registered.json").write_text(json.dumps({"registered": False, "decision": "keep"}))
    assert crowned.step("package", where, version) == 2
    assert "The files of a registered version can't be had" in capsys.readouterr().err


def test_a_champion_of_other_sources_forecasts_by_them(crowned, tracking):
    run = tracking.client.get_run(Registry("demand").versions()[0].run_id)
    folder = Path(run.info.artifact_uri.removeprefix("file://"), "model")
    with zipfile.ZipFile(folder / "code.zip") as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist()}
    name = "ml_pipelines/forecasting/multiplicative_level.py"
    sources[name] = sources[name].replace("return (level[:, None] *", "return (2 * level[:, None] *")
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        for path, text in sources.items():
            archive.writestr(path, text)
    facts = json.loads((folder / "trained.json").read_text())
    (folder / "trained.json").write_text(json.dumps(facts | {"code": "another"}))
    before, _ = current(url(crowned), "demand", "1")
    where = crowned.pipeline(crowned.arrive(0, 1), more=WORSE)
    assert told(where, "packaged")["refreshed"]["refreshed"]
    after, _ = current(url(crowned), "demand", "1")
    assert 1.8 < np.median(after.point[:, :-1] / before.point[:, 1:]) < 2.2
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        for path, text in sources.items():
            archive.writestr(path, "raise SystemExit('too old')" if path.endswith("steps/ahead.py") else text)
    packaged = told(crowned.pipeline(crowned.arrive(1, 2), more=WORSE), "packaged")
    assert packaged["refreshed"]["reason"] == "its sources say: too old"
