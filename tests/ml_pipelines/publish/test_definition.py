"""Versions follow from what is published and from nothing else."""

import dataclasses
import shutil
import subprocess
import sys

import pytest

from ml_pipelines.forecasting.recipe import RecipeRefusedError
from ml_pipelines.publishing.command_lines import PLACEHOLDER
from ml_pipelines.publishing.component_files import read_steps
from ml_pipelines.publishing.definition import NodesRefusedError, define
from ml_pipelines.publishing.snapshot import PACKAGES, ROOT, Snapshot, snapshot


def versions(definition):
    return {**definition.versions, "pipeline": definition.version}


def test_the_same_sources_have_the_same_versions(made):
    assert versions(define()) == versions(made)
    assert made.deployment == f"v{made.version}"
    assert len(made.version) == 12


def test_another_command_is_another_component_and_another_pipeline(made, spoil):
    folder = spoil("compare", lambda body: body.update(description="Judges."))
    changed = versions(define(folder))
    assert {name for name, version in versions(made).items() if changed[name] != version} == {"compare", "pipeline"}


def test_another_recipe_is_another_pipeline_of_the_same_steps_and_a_faulty_one_is_refused(made):
    changed = define(recipe='{"rounds": 200}')
    assert (changed.versions, changed.version == made.version) == (made.versions, False)
    with pytest.raises(RecipeRefusedError, match="rounds"):
        define(recipe='{"rounds": "many"}')


def test_several_nodes_are_another_pipeline_with_two_more_steps(made, in_parts):
    assert in_parts.versions.keys() - made.versions.keys() == {"split", "fit"}
    assert {name: in_parts.versions[name] for name in made.versions} == made.versions
    assert in_parts.version != made.version != define(recipe=in_parts.recipe).version != in_parts.version
    assert define(recipe=in_parts.recipe, nodes=2).version != in_parts.version


@pytest.mark.parametrize(("nodes", "recipe"), [(2, ""), (0, '{"part_series": 10}'), (-1, "")])
def test_nodes_that_have_nothing_to_share_are_refused(nodes, recipe):
    with pytest.raises(NodesRefusedError, match="--recipe") as refused:
        define(recipe=recipe, nodes=nodes)
    assert refused.value.given.startswith(f"nodes {nodes}, part_series ")


def test_another_package_version_is_another_environment(made):
    pins = made.environment.pins
    newer = dataclasses.replace(made.environment, pins=(*pins[:-1], f"{pins[-1]}.post1"))
    assert newer.version != made.environment.version


def test_the_environment_is_the_locked_training_group_alone(made):
    pins = made.environment.conda["dependencies"][-1]["pip"]
    named = {pin.partition("==")[0]: pin for pin in pins}
    assert all("==" in pin for pin in pins)
    assert {"lightgbm", "mlflow-skinny", "azureml-mlflow", "deltalake", "obstore", "numpy", "azure-identity"} <= set(named)
    assert not {"azure-ai-ml", "pulumi", "duckdb", "pytest", "local-cloud"} & set(named)


def test_the_snapshot_holds_what_steps_run_and_nothing_of_publishing():
    files = snapshot().files
    assert {"contracts/errors.py", "data_ops/storage.py", "ml_pipelines/__init__.py"} <= set(files)
    assert {name.partition("/")[0] for name in files} == set(PACKAGES)
    assert {name for name in files if not name.endswith(".py")} == {"scoring/Dockerfile", "scoring/requirements.txt"}
    assert not [name for name in files if "publishing" in name or b"azure.ai.ml" in files[name]]


def test_the_image_of_a_snapshot_gets_the_locked_scoring_group_alone():
    named = {line.partition("==")[0] for line in snapshot().files["scoring/requirements.txt"].decode().splitlines()}
    assert {"starlette", "uvicorn", "orjson", "obstore", "lightgbm", "azure-identity"} <= named
    assert not {"mlflow-skinny", "deltalake", "azure-ai-ml", "confluent-kafka"} & named


@pytest.mark.parametrize("edit", ["content", "name"])
def test_another_file_is_another_snapshot(tmp_path, edit):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert snapshot(tmp_path).version == snapshot().version
    file = tmp_path / "contracts" / "names.py"
    if edit == "content":
        file.write_text(file.read_text() + "\n# more\n")
    else:
        file.rename(file.with_name("other.py"))
    assert snapshot(tmp_path).version != snapshot().version


def test_a_snapshot_is_written_as_it_was_read(tmp_path):
    files = {"a/b.py": b"1", "c.py": b"2"}
    Snapshot(files=files).write(tmp_path)
    assert {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*.py")} == files


@pytest.mark.parametrize("step", sorted(name for name, step in read_steps().items() if not step.parallel))
def test_a_step_takes_the_arguments_that_its_component_gives(step):
    command = read_steps()[step]
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"ml_pipelines.steps.{step}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = {f"--{name.partition('.')[2].replace('_', '-')}" for name in PLACEHOLDER.findall(command.command)}
    assert options | {"--help"} == {word for word in told.replace("[", " ").replace("]", " ").split() if word.startswith("--")}
