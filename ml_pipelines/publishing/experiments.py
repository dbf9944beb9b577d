"""One-off runs of the published graph with other settings of the recipe: judged as any training, never registered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure.ai.ml import Input, MLClient
from azure.ai.ml.constants import AssetTypes, InputOutputModes
from azure.ai.ml.entities import PipelineJob, PipelineJobSettings
from azure.core.exceptions import AzureError

from contracts.errors import FourPartError
from contracts.events import DataVersion
from contracts.names import MODEL, SILVER, training_endpoint
from contracts.outputs import PlatformOutputs
from ml_pipelines.forecasting.metrics import FIGURES
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.graph import NAME as PIPELINE
from ml_pipelines.publishing.catalogue import Catalogue
from ml_pipelines.publishing.definition import SETTINGS
from ml_pipelines.publishing.workspace import workspace

EXPERIMENT = f"{MODEL}-experiments"


class SettingRefusedError(FourPartError):
    """An option `--set` that is no setting of a recipe."""


class ExperimentRefusedError(FourPartError):
    """A run that can't be submitted or listed."""


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A run that was started: its name, its recipe as JSON, and the data version that it trains on."""

    run: str
    recipe: str
    data_version: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One experiment beside others; figures are None until its step `compare` has told them."""

    run: str
    recipe: str
    data_version: str
    status: str
    decision: str
    figures: Mapping[str, float | None]


def recipe(settings: Sequence[str]) -> str:
    """JSON of a recipe's settings from words like `rounds=200`, values read as JSON where they are.

    Raises:
        SettingRefusedError: for a word without `=`.
        RecipeRefusedError: for settings that make no recipe.
    """
    found = dict[str, Any]()
    for word in settings:
        name, there, value = word.partition("=")
        if not there or not name:
            raise SettingRefusedError(
                "A setting can't be read.",
                given=word,
                allowed="NAME=VALUE, as in rounds=200",
                remedy="Write it as --set rounds=200.",
            )
        found[name] = _value(value)
    told = json.dumps(found, sort_keys=True)
    Recipe.of(told)
    return told


def submit(outputs: PlatformOutputs, settings: Sequence[str], version: DataVersion) -> Submitted:
    """Start the default deployment's pipeline on a version of the features; its step `register` registers nothing.

    Raises:
        SettingRefusedError, RecipeRefusedError: for settings that make no recipe.
        ExperimentRefusedError: when nothing is published, or Azure ML can't be reached or refuses.
    """
    told = recipe(settings)
    try:
        made = workspace(outputs).jobs.create_or_update(_job(workspace(outputs), outputs, told, version))
    except AzureError as error:
        raise _refused("submitted", outputs, str(error)) from error
    return Submitted(run=str(made.name), recipe=told, data_version=str(version))


def listed(outputs: PlatformOutputs) -> list[Row]:
    """All experiments of the workspace, the newest first.

    Raises:
        ExperimentRefusedError: when Azure ML can't be reached or refuses.
    """
    client = workspace(outputs)
    try:
        jobs = [client.jobs.get(str(job.name)) for job in client.jobs.list() if (job.tags or {}).get("experiment")]
    except AzureError as error:
        raise _refused("listed", outputs, str(error)) from error
    jobs.sort(key=lambda job: str(job.creation_context.created_at if job.creation_context else ""), reverse=True)
    return [_row(job) for job in jobs]


def table(rows: Sequence[Row]) -> str:
    """The experiments side by side, one a line."""
    heads = f"{'run':34}{'status':12}{'decision':19}" + "".join(f"{name:>16}" for name in FIGURES) + "  data and recipe\n"
    return heads + "".join(
        f"{row.run:34}{row.status:12}{row.decision:19}"
        + "".join(f"{'' if row.figures[name] is None else f'{row.figures[name]:.4f}':>16}" for name in FIGURES)
        + f"  {row.data_version} {row.recipe}\n"
        for row in rows
    )


def _job(client: MLClient, outputs: PlatformOutputs, told: str, version: DataVersion) -> PipelineJob:
    features = f"{outputs.silver_url.rstrip('/')}/{version.table.removeprefix(f'{SILVER}/')}"
    return PipelineJob(
        component=_published(client, outputs),
        experiment_name=EXPERIMENT,
        display_name=f"experiment on {version}",
        tags={"experiment": told, "experiment.data_version": str(version)},
        inputs={
            "features": Input(type=AssetTypes.URI_FOLDER, path=features, mode=InputOutputModes.DIRECT),
            "delta_version": version.version,
            "forecasts_url": outputs.forecasts_url,
            "recipe": told,
            "experiment": told,
        },
        settings=PipelineJobSettings(default_compute=SETTINGS["default_compute"]),
    )


def _published(client: MLClient, outputs: PlatformOutputs) -> str:
    """The id of the pipeline component that the endpoint's default deployment runs."""
    catalogue = Catalogue(client)
    default = catalogue.default(training_endpoint(outputs.ml_workspace))
    found = catalogue.component(PIPELINE, default.removeprefix("v")) if default else None
    if found is None or not found.id:
        raise _refused("submitted", outputs, f"default deployment {default or 'none'}, which is no publication of ours")
    return str(found.id)


def _row(job: Any) -> Row:
    tags = dict(job.tags or {})
    return Row(
        run=str(job.name),
        recipe=tags.get("experiment", ""),
        data_version=tags.get("experiment.data_version", ""),
        status=str(job.status),
        decision=tags.get("decision", ""),
        figures={name: float(tags[f"metric.{name}"]) if f"metric.{name}" in tags else None for name in FIGURES},
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _refused(what: str, outputs: PlatformOutputs, given: str) -> ExperimentRefusedError:
    return ExperimentRefusedError(
        f"An experiment can't be {what}.",
        given=f"{outputs.ml_workspace_id}: {given}",
        allowed="a workspace that this identity may write to, with a published training pipeline",
        remedy="Check the login and its role on the workspace; publish with `python -m ml_pipelines publish`.",
    )
