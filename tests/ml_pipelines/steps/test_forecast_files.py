"""Published forecasts: whole behind their pointer, checked by hash, never set back to older data."""

import json
from typing import Any

import numpy as np
import pytest

from contracts.events import DataVersion
from ml_pipelines import forecast_files
from ml_pipelines.forecast_files import Forecasts, ForecastsDamagedError, ForecastsMissingError, Place, current, publish


def place(version=3, number="1"):
    return Place(model="demand", version=number, data_version=DataVersion(table="silver/features", version=version))


def forecasts(level=1.0):
    point = np.arange(6, dtype=np.float32).reshape(2, 3) + level
    ds = np.array(["2026-01-01", "2026-01-02", "2026-01-03"], dtype="datetime64[s]")
    return Forecasts(unique_ids=np.array(["1_1", "1_2"]), ds=ds, point=point, lower=point - 1, upper=point + 1)


def pointer(root, number="1"):
    return json.loads((root / "demand" / number / "current.json").read_text())


def test_what_is_published_is_what_the_pointer_leads_to(tmp_path):
    made = publish(str(tmp_path), place(), forecasts(), {"horizon": 3})
    found, manifest = current(str(tmp_path), "demand", "1")
    for name in ("unique_ids", "ds", "point", "lower", "upper"):
        np.testing.assert_array_equal(getattr(found, name), getattr(forecasts(), name))
    assert (manifest["data_version"], manifest["horizon"], manifest["files"]["forecasts.npz"]["sha256"]) == (
        "silver/features@3",
        3,
        made.sha256,
    )
    assert (made.folder, made.current) == ("demand/1/silver/features@3", True)


def test_publishing_again_gives_the_same_bytes(tmp_path):
    first = publish(str(tmp_path), place(), forecasts(), {})
    before = pointer(tmp_path)
    assert publish(str(tmp_path), place(), forecasts(), {}) == first
    assert pointer(tmp_path) == before


def test_newer_data_move_the_pointer_and_older_data_do_not(tmp_path):
    publish(str(tmp_path), place(3), forecasts(), {})
    assert publish(str(tmp_path), place(4), forecasts(2.0), {}).current
    assert not publish(str(tmp_path), place(2), forecasts(9.0), {}).current
    assert current(str(tmp_path), "demand", "1")[0].point[0, 0] == 2.0


def test_each_model_version_has_a_pointer_of_its_own(tmp_path):
    publish(str(tmp_path), place(3, "1"), forecasts(1.0), {})
    publish(str(tmp_path), place(3, "2"), forecasts(5.0), {})
    assert [current(str(tmp_path), "demand", number)[0].point[0, 0] for number in ("1", "2")] == [1.0, 5.0]


@pytest.mark.parametrize("reached", ["forecasts.npz", "manifest.json", "current.json"])
def test_a_publication_that_stops_half_way_leaves_the_old_forecasts(tmp_path, monkeypatch, reached):
    publish(str(tmp_path), place(3), forecasts(1.0), {})
    put = forecast_files.obstore.put

    def stop(store, path, content):
        if path.endswith(reached):
            raise KeyboardInterrupt
        return put(store, path, content)

    monkeypatch.setattr(forecast_files.obstore, "put", stop)
    with pytest.raises(KeyboardInterrupt):
        publish(str(tmp_path), place(4), forecasts(2.0), {})
    monkeypatch.undo()
    found, manifest = current(str(tmp_path), "demand", "1")
    assert (found.point[0, 0], manifest["data_version"]) == (1.0, "silver/features@3")


@pytest.mark.parametrize("name", ["forecasts.npz", "manifest.json"])
def test_a_changed_file_is_refused(tmp_path, name):
    made = publish(str(tmp_path), place(), forecasts(), {})
    file = tmp_path / made.folder / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ForecastsDamagedError, match=name):
        current(str(tmp_path), "demand", "1")


def test_a_pointer_to_another_models_forecasts_is_refused(tmp_path):
    publish(str(tmp_path), place(3, "1"), forecasts(), {})
    (tmp_path / "demand" / "2").mkdir()
    (tmp_path / "demand" / "2" / "current.json").write_text((tmp_path / "demand" / "1" / "current.json").read_text())
    with pytest.raises(ForecastsDamagedError, match="demand version 1"):
        current(str(tmp_path), "demand", "2")


def test_missing_forecasts_are_told(tmp_path):
    with pytest.raises(ForecastsMissingError, match=r"demand/1/current\.json"):
        current(str(tmp_path), "demand", "1")
    made = publish(str(tmp_path), place(), forecasts(), {})
    (tmp_path / made.folder / "forecasts.npz").unlink()
    with pytest.raises(ForecastsMissingError, match="features@3"):
        current(str(tmp_path), "demand", "1")


def test_pickled_arrays_are_refused():
    out = forecast_files.io.BytesIO()
    arrays: dict[str, Any] = {name: np.array([{}], dtype=object) for name in Forecasts.__dataclass_fields__}
    np.savez(out, **arrays)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Forecasts.of(out.getvalue())
