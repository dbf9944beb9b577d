"""All that is published, with its versions, worked out from the work tree alone: equal sources give equal versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from azure.ai.ml import load_component
from azure.ai.ml.entities import CommandComponent

from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.graph import training_pipeline
from ml_pipelines.publishing.command_lines import check_command
from ml_pipelines.publishing.component_files import COMPONENTS, Step, read_steps
from ml_pipelines.publishing.environment import NAME as ENVIRONMENT, TrainingEnvironment, training_environment
from ml_pipelines.publishing.snapshot import Snapshot, digest, snapshot
from ml_pipelines.publishing.wiring import check_wiring

SETTINGS = {"default_compute": "cpu"}
"""What the deployment hands to each run: the platform's CPU cluster."""
UNVERSIONED = "0"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a work tree publishes; `versions` are those of the components, by step; `recipe` is what runs get, "" the default."""

    snapshot: Snapshot
    environment: TrainingEnvironment
    steps: Mapping[str, Step]
    versions: Mapping[str, str]
    version: str
    recipe: str = ""

    @property
    def deployment(self) -> str:
        """Name of the deployment; it starts with a letter, as Azure ML asks."""
        return f"v{self.version}"

    def component(self, step: str, code: Path | None = None) -> CommandComponent:
        """The component of a step, with the folder of its code where it is to be uploaded."""
        exact: dict[str, Any] = {
            "version": self.versions[step],
            "environment": f"azureml:{ENVIRONMENT}:{self.environment.version}",
            "tags": {"sources": self.snapshot.version},
        }
        return _load(self.steps[step], exact | ({"code": str(code)} if code else {}))


def define(folder: Path = COMPONENTS, recipe: str = "") -> Definition:
    """Read, check and version the work tree, with JSON of recipe settings other than the default.

    Raises:
        ComponentRefusedError: for a component file that would be published wrong.
        GraphRefusedError: for a pipeline that binds steps wrong.
        RecipeRefusedError: for settings that make no recipe.
        ReleaseBuildError: when the locked requirements can't be exported.
    """
    Recipe.of(recipe)
    steps, code, environment = read_steps(folder), snapshot(), training_environment()
    for step in steps.values():
        check_command(step, code.files)
    versions = {name: _version(step.body, environment.version, code.version) for name, step in steps.items()}
    wiring = _wiring(steps, recipe)
    check_wiring(wiring, steps)
    version = _version(wiring, versions, SETTINGS)
    return Definition(snapshot=code, environment=environment, steps=steps, versions=versions, version=version, recipe=recipe)


def _wiring(steps: Mapping[str, Step], recipe: str) -> dict[str, Any]:
    """The pipeline's document without its components, which count by their own versions."""
    components = {name: _load(step, {"version": UNVERSIONED}) for name, step in steps.items()}
    document: dict[str, Any] = yaml.safe_load(str(training_pipeline(components, UNVERSIONED, recipe)))
    for node in document["jobs"].values():
        del node["component"]
    return document


def _load(step: Step, exact: Mapping[str, Any]) -> CommandComponent:
    return cast("CommandComponent", load_component(step.file, params_override=[dict(exact)]))


def _version(*parts: object) -> str:
    return digest(*(json.dumps(part, sort_keys=True).encode() for part in parts))
