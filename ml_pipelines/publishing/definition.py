"""All that is published, with its versions, worked out from the work tree alone: equal sources give equal versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from azure.ai.ml import load_component
from azure.ai.ml.entities import Component, PipelineComponent

from contracts.errors import FourPartError
from ml_pipelines.forecasting.partitions import MOST_SERIES
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.graph import ON_SEVERAL_NODES, training_pipeline
from ml_pipelines.publishing.command_lines import check_command
from ml_pipelines.publishing.component_files import COMPONENTS, Step, read_steps
from ml_pipelines.publishing.environment import NAME as ENVIRONMENT, TrainingEnvironment, training_environment
from ml_pipelines.publishing.snapshot import Snapshot, digest, snapshot
from ml_pipelines.publishing.wiring import check_wiring


class NodesRefusedError(FourPartError):
    """A number of nodes that makes no sense of the recipe."""


SETTINGS = {"default_compute": "cpu"}
"""What the deployment hands to each run: the platform's CPU cluster."""
UNVERSIONED = "0"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a work tree publishes; `versions` are those of the components, by step; `recipe` is what runs get, "" the default.

    On more than one of the `nodes` the graph has its parallel step.
    """

    snapshot: Snapshot
    environment: TrainingEnvironment
    steps: Mapping[str, Step]
    versions: Mapping[str, str]
    version: str
    recipe: str = ""
    nodes: int = 1

    @property
    def deployment(self) -> str:
        """Name of the deployment; it starts with a letter, as Azure ML asks."""
        return f"v{self.version}"

    def component(self, step: str, code: Path | None = None) -> Component:
        """The component of a step, with the folder of its code where it is to be uploaded."""
        task = "task." if self.steps[step].parallel else ""
        exact: dict[str, Any] = {
            "version": self.versions[step],
            f"{task}environment": f"azureml:{ENVIRONMENT}:{self.environment.version}",
            "tags": {"sources": self.snapshot.version},
        }
        return _load(self.steps[step], exact | ({f"{task}code": str(code)} if code else {}))

    def pipeline(self, components: Mapping[str, Component]) -> PipelineComponent:
        """The pipeline over the components of its steps."""
        return training_pipeline(components, self.version, self.recipe, self.nodes)


def define(folder: Path = COMPONENTS, recipe: str = "", nodes: int = 1) -> Definition:
    """Read, check and version the work tree, with JSON of recipe settings other than the default.

    Raises:
        ComponentRefusedError: for a component file that would be published wrong.
        GraphRefusedError: for a pipeline that binds steps wrong.
        NodesRefusedError: for several nodes that have nothing to share.
        RecipeRefusedError: for settings that make no recipe.
        ReleaseBuildError: when the locked requirements can't be exported.
    """
    _check_nodes(nodes, Recipe.of(recipe))
    code, environment = snapshot(), training_environment()
    steps = {name: step for name, step in read_steps(folder).items() if nodes > 1 or name not in ON_SEVERAL_NODES}
    for step in steps.values():
        check_command(step, code.files)
    versions = {name: _version(step.body, environment.version, code.version) for name, step in steps.items()}
    wiring = _wiring(steps, recipe, nodes)
    check_wiring(wiring, steps)
    return Definition(
        snapshot=code,
        environment=environment,
        steps=steps,
        versions=versions,
        version=_version(wiring, versions, SETTINGS),
        recipe=recipe,
        nodes=nodes,
    )


def _check_nodes(nodes: int, recipe: Recipe) -> None:
    if nodes == 1 or (nodes > 1 and recipe.part_series):
        return
    raise NodesRefusedError(
        "The training can't be published on so many nodes.",
        given=f"nodes {nodes}, part_series {recipe.part_series}",
        allowed="1, or more nodes and a recipe in parts, which they share",
        remedy=f"""Add --recipe '{{"part_series": {MOST_SERIES}}}', or leave --nodes out.""",
    )


def _wiring(steps: Mapping[str, Step], recipe: str, nodes: int) -> dict[str, Any]:
    """The pipeline's document without its components and what it repeats of them, which counts by their own versions."""
    components = {name: _load(step, {"version": UNVERSIONED}) for name, step in steps.items()}
    document: dict[str, Any] = yaml.safe_load(str(training_pipeline(components, UNVERSIONED, recipe, nodes)))
    for node in document["jobs"].values():
        del node["component"]
        node.pop("task", None)
    return document


def _load(step: Step, exact: Mapping[str, Any]) -> Component:
    component: Component = load_component(step.file, params_override=[dict(exact)])
    return component


def _version(*parts: object) -> str:
    return digest(*(json.dumps(part, sort_keys=True).encode() for part in parts))
