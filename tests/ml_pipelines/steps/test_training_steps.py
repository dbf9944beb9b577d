"""The six steps in their order on a small panel: first training, the same again, newer data, a bad recipe, a lost role."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from data_ops.storage import locate
from ml_pipelines.forecast_files import current
from ml_pipelines.registry import Registry, Role
from tests.ml_pipelines.steps.lane import DAYS, LAST, SERIES, STEPS, told


def boosters(where):
    return [file for file in (where / "model").rglob("*") if file.is_file() and file.name != "unchanged.json"]


def test_the_first_training_promotes_a_challenger_and_publishes_its_forecasts(lane, tracking):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version)
    decision = told(where, "decision")
    assert decision["decision"] == "promote", decision["reasons"]
    assert {"challenger", "multiplicative_level", "seasonal_naive_7", "seasonal_naive_364", "series_median"} <= set(
        decision["metrics"]
    )
    assert decision["metrics"]["challenger"]["wape"] < decision["metrics"][decision["naive"]]["wape"]
    assert "coverage" in decision["metrics"]["challenger"]
    assert "coverage" not in decision["metrics"]["seasonal_naive_7"]
    (made,) = Registry("demand").versions()
    assert (made.role, made.tags["decision"], made.tags["data_version"]) == (
        Role.CHALLENGER,
        "promote",
        f"silver/features@{version}",
    )
    assert float(made.tags["metric.wape"]) == pytest.approx(decision["metrics"]["challenger"]["wape"], rel=1e-4)
    assert float(made.tags["naive.wape"]) == pytest.approx(decision["metrics"][decision["naive"]]["wape"], rel=1e-4)
    run = tracking.client.get_run(made.run_id)
    assert (run.data.tags["decision"], run.data.tags["model.version"]) == ("promote", "1")
    assert run.data.metrics["wape"] == pytest.approx(decision["metrics"]["challenger"]["wape"])
    assert json.loads(Path(tracking.client.download_artifacts(run.info.run_id, "decision.json")).read_text()) == decision
    card = Path(tracking.client.download_artifacts(run.info.run_id, "model/card.md")).read_text()
    assert card == (where / "decision" / "card.md").read_text()
    assert all(reason["text"] in card for reason in decision["reasons"])
    assert f"| challenger | {decision['metrics']['challenger']['wape']:.4f} |" in card
    sections = ("## Data", "## Recipe", "## Errors by decile", "## The worst stores", "## By period ahead", "## Limits")
    assert all(title in card for title in sections)
    assert [line.split(" | ")[0] for line in card.splitlines() if line.startswith("| 10 ")], "no tenth decile"
    forecasts, manifest = current(str(lane.folder / "forecasts"), "demand", "1")
    assert forecasts.point.shape == (SERIES, 28)
    assert np.isfinite(forecasts.point).all()
    assert (forecasts.lower <= forecasts.point).all()
    assert (forecasts.point <= forecasts.upper).all()
    assert forecasts.ds[0].astype("datetime64[D]") == LAST + np.timedelta64(1, "D")
    assert manifest["data_version"] == f"silver/features@{version}"


def test_without_a_registry_there_is_no_image_and_packaged_says_so(lane):
    packaged = told(lane.pipeline(lane.arrive(-DAYS, 0)), "packaged")
    assert (packaged["packaged"], packaged["image"]) == (True, None)


def test_the_same_content_ends_in_no_change_without_fitting(lane):
    version = lane.arrive(-DAYS, 0)
    lane.pipeline(version)
    again = lane.pipeline(version)
    decision = told(again, "decision")
    assert decision["decision"] == "no_change"
    assert boosters(again) == []
    assert (told(again, "registered")["registered"], told(again, "packaged")["packaged"]) == (False, False)
    assert len(Registry("demand").versions()) == 1


def test_a_reused_training_is_no_change_when_the_registry_holds_it_by_now(lane):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version)
    lane.start()
    assert lane.step("compare", where, version) == 0
    assert told(where, "decision")["decision"] == "no_change"


def test_the_same_content_as_a_rejected_version_is_kept_out(lane):
    version = lane.arrive(-DAYS, 0)
    lane.pipeline(version)
    registry = Registry("demand")
    registry.set_role(registry.versions()[0], Role.REJECTED)
    where = lane.pipeline(version)
    assert not (where / "decision" / "card.md").exists()
    decision = told(where, "decision")
    assert (decision["decision"], decision["reasons"][0]["held"]) == ("keep", False)
    assert "rejected" in decision["reasons"][0]["text"]


def test_one_more_day_is_refreshed_or_kept_for_a_reason(lane):
    lane.pipeline(lane.arrive(-DAYS, 0))
    version = lane.arrive(0, 1)
    decision = told(lane.pipeline(version), "decision")
    assert decision["decision"] in {"refresh", "keep"}
    broken = [reason["rule"] for reason in decision["reasons"] if not reason["held"]]
    assert (decision["decision"] == "keep") == bool(broken)
    assert decision["incumbent"] == {"version": "1", "role": "challenger"}
    assert decision["metrics"]["incumbent"]["wape"] > 0
    assert len(Registry("demand").versions()) == (2 if decision["decision"] == "refresh" else 1)


def test_a_lost_role_stops_training_with_what_to_do(lane, tracking, capsys):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version)
    tracking.client.delete_model_version_tag("demand", "1", "role")
    for name in ("train", "compare"):
        assert lane.step(name, where, version) == 2
        error = capsys.readouterr().err
        assert "demand version 1, tag role=''" in error
        assert "do:      Set the tag `role`" in error


def test_a_bad_recipe_is_kept_out_green(lane):
    version = lane.arrive(-DAYS, 0)
    lane.pipeline(version)
    where = lane.pipeline(version, more={"train": ['--recipe={"rounds": 1, "rungs": ["lightgbm"]}']})
    decision = told(where, "decision")
    assert decision["decision"] == "keep"
    assert [reason["rule"] for reason in decision["reasons"] if not reason["held"]]
    assert not told(where, "registered")["registered"]
    assert len(Registry("demand").versions()) == 1


def test_a_run_registers_one_version_however_often_its_step_is_tried(lane):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version)
    first = told(where, "registered")
    assert lane.step("register", where, version) == 0
    assert told(where, "registered") == first
    assert len(Registry("demand").versions()) == 1


def test_a_step_is_a_process_whose_last_line_is_its_summary(lane):
    version = lane.arrive(-DAYS, 0)
    where = lane.start()
    command = [sys.executable, "-m", "ml_pipelines.steps.prepare", *lane.words("prepare", where, version)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["series"], summary["periods"], summary["horizon"], summary["gap"]) == (SERIES, DAYS, 28, 0)
    refused = subprocess.run([*command, "--delta-version=99"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "There is no such table or version" in refused.stderr


@pytest.mark.parametrize("horizon", [250, 500])
def test_a_panel_too_short_to_fit_on_ends_in_insufficient_data_with_its_reason(lane, horizon):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version, more={"prepare": [f"--horizon={horizon}"]})
    decision = told(where, "decision")
    assert decision["decision"] == "insufficient_data"
    assert [reason["text"] for reason in decision["reasons"]] == [
        f"{DAYS} periods in all, {2 * horizon + 2:,} asked to fit a model and to judge it"
    ]
    assert not told(where, "registered")["registered"]
    assert not told(where, "packaged")["packaged"]


def test_a_long_horizon_ends_in_insufficient_data(lane):
    version = lane.arrive(-DAYS, 0)
    where = lane.pipeline(version, more={"prepare": ["--horizon=120"]})
    assert told(where, "decision")["decision"] == "insufficient_data"
    assert not told(where, "packaged")["packaged"]


def test_a_table_that_no_preparation_wrote_is_refused(lane, capsys):
    lane.arrive(-DAYS, 0)
    assert STEPS["prepare"][0]([f"--features={locate('bronze/sales')}", "--delta-version=1", f"--prepared={lane.start()}"]) == 2
    assert "does not say what was prepared" in capsys.readouterr().err


def test_another_recipe_is_compared_in_the_sources_of_the_registered_one(lane, tracking, capsys):
    version = lane.arrive(-DAYS, 0)
    lane.pipeline(version)
    made = Registry("demand").versions()[0]
    stored = Path(tracking.client.get_run(made.run_id).info.artifact_uri.removeprefix("file://")) / "model" / "code.zip"
    with zipfile.ZipFile(stored) as archive:
        sources = {name: archive.read(name) for name in archive.namelist()}
    told_cutoffs = b"import sys; raise SystemExit('the sources of version 1, ' + ' '.join(sys.argv[-3:]))"
    sources["ml_pipelines/steps/refit.py"] = told_cutoffs
    with zipfile.ZipFile(stored, "w") as archive:
        for name, content in sources.items():
            archive.writestr(name, content)
    where = lane.start()
    for name, more in {"prepare": [], "train": ['--recipe={"rungs": ["seasonal_naive"]}'], "evaluate": []}.items():
        assert lane.step(name, where, version, *more) == 0
    assert lane.step("compare", where, version) == 2
    cutoffs = " ".join(f"--cutoff={DAYS - back * 28}" for back in (1, 3, 4))
    assert f"demand version 1: the sources of version 1, {cutoffs}" in capsys.readouterr().err


def test_an_experiment_is_judged_and_never_registered(lane):
    where = lane.pipeline(lane.arrive(-DAYS, 0), more={"register": ["--experiment={}"]})
    assert told(where, "decision")["decision"] == "promote"
    assert (told(where, "registered")["registered"], told(where, "registered")["experiment"]) == (False, "{}")
    assert not told(where, "packaged")["packaged"]
    assert Registry("demand").versions() == ()
