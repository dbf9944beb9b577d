"""What is written is what is read, byte for byte the same each time, and nothing else is taken."""

from dataclasses import replace

import numpy as np
import pytest

from ml_pipelines.forecasting.artefact import ArtefactBrokenError, load_artefact, recalibrated, save_artefact
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.recipe import RUNGS, Recipe
from ml_pipelines.forecasting.training import train

FACTS = {"data_version": "silver/features@3", "content_hash": "abc"}


def saved(folder, panel, rung):
    trained = train(panel, Recipe(rounds=15, least_rows=20, rungs=(rung,)), 14, 1)
    save_artefact(folder, trained, **FACTS)
    return trained


@pytest.mark.parametrize("rung", RUNGS)
def test_a_stored_artefact_forecasts_as_the_trained_model_does(panel, tmp_path, rung):
    made = panel()
    trained = saved(tmp_path, made, rung)
    loaded = load_artefact(tmp_path)
    point = trained.forecaster.forecast(made, 225, 14, 1)
    found = loaded.forecast(made, 225)
    np.testing.assert_array_equal(found.point, point)
    np.testing.assert_array_equal(np.stack([found.lower, found.upper]), np.stack(trained.intervals.bounds(point)))
    assert (loaded.rung, loaded.cutoff, loaded.horizon, loaded.gap) == (rung, 225, 14, 1)
    assert (loaded.data_version, loaded.content_hash) == tuple(FACTS.values())


@pytest.mark.parametrize("rung", RUNGS)
def test_the_same_input_gives_the_same_bytes(panel, tmp_path, rung):
    for name in ("one", "two"):
        saved(tmp_path / name, panel(), rung)
    one, two = (
        {file.relative_to(place).as_posix(): file.read_bytes() for file in place.rglob("*") if file.is_file()}
        for place in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


@pytest.mark.parametrize("rung", RUNGS)
def test_a_changed_or_missing_file_is_refused(panel, tmp_path, rung):
    saved(tmp_path, panel(), rung)
    for file in sorted(file for file in tmp_path.rglob("*") if file.is_file()):
        content = file.read_bytes()
        if file.name != "manifest.json":
            file.write_bytes(content + b" ")
            with pytest.raises(ArtefactBrokenError, match="not those that were written"):
                load_artefact(tmp_path)
        file.unlink()
        with pytest.raises(ArtefactBrokenError):
            load_artefact(tmp_path)
        file.write_bytes(content)
    load_artefact(tmp_path)


def test_no_file_of_an_artefact_is_a_pickle(panel, tmp_path):
    saved(tmp_path, panel(), "lightgbm")
    for file in tmp_path.iterdir():
        file.read_text()


def test_a_panel_comes_back_and_pickled_arrays_are_refused(panel, tmp_path):
    made = panel(frequency="monthly", periods=40)
    made.save(tmp_path)
    loaded = Panel.load(tmp_path)
    np.testing.assert_array_equal(loaded.y, made.y)
    np.testing.assert_array_equal(loaded.ds, made.ds)
    np.testing.assert_array_equal(loaded.covariates["promo"], made.covariates["promo"])
    assert (loaded.unique_ids, loaded.stores, loaded.season) == (made.unique_ids, made.stores, made.season)
    np.savez(tmp_path / "panel.npz", y=np.array([{}], dtype=object), ds=np.array([1]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Panel.load(tmp_path)


def test_intervals_follow_what_is_sold_later_and_the_model_stays_as_it_was(panel, tmp_path):
    made = panel()
    saved(tmp_path, made, "multiplicative_level")
    loaded = load_artefact(tmp_path)
    rng = np.random.default_rng(2)
    y = made.y.copy()
    y[:, loaded.cutoff :] = rng.poisson(rng.gamma(1.0, y[:, loaded.cutoff :]))
    wilder = replace(made, y=y)
    known = wilder.until(loaded.cutoff + 15)
    fresh = recalibrated(loaded, known)
    assert fresh.forecaster is loaded.forecaster
    assert fresh.intervals != loaded.intervals

    def coverage(artefact):
        told = artefact.judged(wilder, loaded.cutoff, 1)
        sold = y[:, -14:]
        return ((told.lower <= sold) & (sold <= told.upper)).mean()

    assert coverage(loaded) < 0.8
    assert 0.88 <= coverage(fresh) <= 0.93


def test_without_a_whole_horizon_of_new_sales_intervals_stay(panel, tmp_path):
    made = panel()
    saved(tmp_path, made, "seasonal_naive")
    loaded = load_artefact(tmp_path)
    assert recalibrated(loaded, made.until(loaded.cutoff + 14)) is loaded
