"""Parts fitted by the entry script of the parallel step make the very model that one node makes of the same recipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml_pipelines.forecasting.gradient_boosting import ComputeMissingError
from ml_pipelines.registry import Registry
from ml_pipelines.steps import fit, split
from tests.ml_pipelines.steps.lane import DAYS, told

ROOT = Path(__file__).parents[3]
RECIPE = '{"part_series": 8, "rounds": 8, "least_rows": 20}'
MORE = f"--recipe={RECIPE}"


@pytest.fixture
def prepared(lane):
    """The folder of a run whose step `prepare` has run, and the version of its data."""
    version = lane.arrive(-DAYS, 0)
    where = lane.start()
    assert lane.step("prepare", where, version) == 0
    return where, version


def cut(where, more=MORE):
    """The files of the parts."""
    words = [f"--prepared={where / 'prepared'}", f"--parts={where / 'parts'}", "--model-name=demand", more]
    assert split.main(words) == 0
    return sorted((where / "parts").iterdir())


def fitted(where, monkeypatch, files):
    """Run the entry script as a worker does: its own arguments among those of the service."""
    monkeypatch.setattr(sys, "argv", ["fit.py", f"--fitted={where / 'fitted'}", "--amlbi_pickle", "x"])
    fit.init()
    return fit.run([str(file) for file in files])


def files(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_several_nodes_make_the_artefact_that_one_makes(lane, prepared, monkeypatch):
    where, version = prepared
    parts = cut(where)
    assert [file.name for file in parts] == [f"part-{number:05d}.npz" for number in range(5)]
    assert fitted(where, monkeypatch, parts[3:]) == [file.name for file in parts[3:]]
    assert fitted(where, monkeypatch, parts[:3]) == [file.name for file in parts[:3]]
    assert lane.step("train", where, version, MORE, f"--fitted={where / 'fitted'}") == 0
    joined = files(where / "model")
    assert lane.step("train", where, version, MORE) == 0
    assert files(where / "model") == joined
    assert {f"artefact/part-{number:05d}/booster_0.txt" for number in range(5)} <= set(joined)


def test_a_model_in_parts_is_registered_forecasts_ahead_and_stands_as_the_incumbent(lane, prepared, monkeypatch):
    where, version = prepared
    fitted(where, monkeypatch, cut(where))
    assert lane.step("train", where, version, MORE, f"--fitted={where / 'fitted'}") == 0
    for name in ("evaluate", "compare", "register", "package"):
        assert lane.step(name, where, version) == 0, name
    assert told(where, "decision")["decision"] == "promote", told(where, "decision")["reasons"]
    assert (told(where, "packaged")["packaged"], len(Registry("demand").versions())) == (True, 1)
    newer = lane.arrive(0, 1)
    same = told(lane.pipeline(newer, more={"train": [MORE], "register": ["--experiment={}"]}), "decision")
    assert same["decision"] in {"refresh", "keep"}
    assert same["metrics"]["incumbent"].keys() >= {"wape", "coverage"}
    other = told(lane.pipeline(newer, more={"register": ["--experiment={}"]}), "decision")
    assert {reason["rule"] for reason in other["reasons"]} >= {"superior", "worthwhile"}
    assert other["incumbent"] == same["incumbent"] == {"version": "1", "role": "challenger"}


def test_where_the_registry_holds_the_model_nothing_is_cut_or_fitted(lane, prepared, monkeypatch):
    where, version = prepared
    for name, more in {"train": [MORE], "evaluate": [], "compare": [], "register": []}.items():
        assert lane.step(name, where, version, *more) == 0
    (only,) = cut(where)
    assert json.loads(only.read_text())["version"] == "1"
    assert fitted(where, monkeypatch, [only]) == ["needless.json"]
    assert not (where / "fitted").exists()
    assert lane.step("train", where, version, MORE, f"--fitted={where / 'fitted'}") == 0
    assert (where / "model" / "unchanged.json").exists()


@pytest.mark.parametrize("lost", ["part-00002", "part-00002/manifest.json", "part-00002/lightgbm/booster_0.txt"])
def test_a_part_that_is_not_all_there_is_refused(lane, prepared, monkeypatch, capsys, lost):
    where, version = prepared
    fitted(where, monkeypatch, cut(where))
    (where / "fitted" / lost).rename(where / "lost")
    assert lane.step("train", where, version, MORE, f"--fitted={where / 'fitted'}") == 2
    error = capsys.readouterr().err
    assert "can't be joined to one model" in error
    assert "given:   part-00002: " in error
    assert "allowed: 5 parts of one panel and recipe" in error
    assert "do:      Look at the log of the step `fit`" in error


def test_parts_of_another_recipe_are_refused(lane, prepared, monkeypatch, capsys):
    where, version = prepared
    fitted(where, monkeypatch, cut(where))
    other = MORE.replace('"rounds": 8', '"rounds": 9')
    assert lane.step("train", where, version, other, f"--fitted={where / 'fitted'}") == 2
    assert "part-00000: other data or another recipe" in capsys.readouterr().err


def test_the_entry_script_is_loaded_by_its_path_from_another_folder(prepared, tmp_path):
    where, _ = prepared
    script = ROOT / "ml_pipelines" / "steps" / "fit.py"
    code = (
        "import runpy, sys\n"
        f"sys.argv = ['fit.py', '--fitted={where / 'fitted'}']\n"
        f"entry = runpy.run_path({str(script)!r}, run_name='entry')\n"
        "entry['init']()\n"
        f"print(entry['run']([{str(cut(where)[0])!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['part-00000.npz']\n"
    assert (where / "fitted" / "part-00000" / "manifest.json").exists()


def test_a_part_that_can_not_be_fitted_says_why(prepared, monkeypatch):
    where, _ = prepared
    parts = cut(where, MORE.replace("}", ', "compute": "gpu"}'))
    with pytest.raises(ComputeMissingError, match="Leave `compute` out"):
        fitted(where, monkeypatch, parts[:1])
    assert not (where / "fitted" / "part-00000" / "manifest.json").exists()
