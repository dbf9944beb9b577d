"""The training pipeline: which step takes what from which; the only place that says so."""

# Annotations here are objects that the decorator reads, so they can't be strings.
from collections.abc import Callable, Mapping
from typing import Any

from azure.ai.ml import Input, dsl
from azure.ai.ml.entities import Component, PipelineComponent

from contracts.names import MODEL

NAME = "forecast_training"
TIMEOUT_SECONDS = {
    "prepare": 1800,
    "split": 1800,
    "train": 7200,
    "evaluate": 1800,
    "compare": 7200,
    "register": 900,
    "package": 3600,
}
"""A step that takes longer is stopped, and its run fails; the parallel step has a limit for each mini batch in its own file."""
ON_SEVERAL_NODES = frozenset({"split", "fit"})
"""Steps of the graph on several nodes alone."""

type Steps = Mapping[str, Callable[..., Any]]


def training_pipeline(steps: Mapping[str, Component], version: str, fixed: str = "", nodes: int = 1) -> PipelineComponent:
    """The pipeline over components of its steps, by step name; no service is asked.

    `features` is the URL of the Delta table of features and `delta_version` the version of it; `forecasts_url` is where
    `package` publishes; `registry` is the ARM id of the container registry, and without it there is no image. Horizon and
    gap follow from the panel's frequency when not given; `recipe` is for experiments, unless `fixed` publishes one: the
    JSON of recipe settings that every run gets which names no other. A run with an `experiment` registers nothing.
    With more than one of the `nodes` the panel's parts are fitted by a parallel step on them, and `train` joins their models.
    """
    run: Steps = steps  # components are called like functions, which their type does not say

    @dsl.pipeline(  # pyrefly: ignore[no-matching-overload]
        name=NAME, version=version, display_name="Demand forecast training"
    )
    def forecast_training(
        *,
        features: Input(type="uri_folder"),  # pyrefly: ignore[invalid-annotation]
        delta_version: Input(type="integer"),  # pyrefly: ignore[invalid-annotation]
        forecasts_url: Input(type="string"),  # pyrefly: ignore[invalid-annotation]
        model_name: Input(type="string") = MODEL,  # pyrefly: ignore[invalid-annotation]
        horizon: Input(type="integer", optional=True) = None,  # pyrefly: ignore[invalid-annotation]
        gap: Input(type="integer", optional=True) = None,  # pyrefly: ignore[invalid-annotation]
        recipe: Input(type="string", optional=not fixed) = fixed or None,  # pyrefly: ignore[invalid-annotation]
        registry: Input(type="string", optional=True) = None,  # pyrefly: ignore[invalid-annotation]
        experiment: Input(type="string", optional=True) = None,  # pyrefly: ignore[invalid-annotation]
    ) -> dict[str, Any]:
        prepare = run["prepare"](features=features, delta_version=delta_version, horizon=horizon, gap=gap)
        prepared = prepare.outputs.prepared
        fitted = None
        if nodes > 1:
            split = run["split"](prepared=prepared, model_name=model_name, recipe=recipe)
            fit = run["fit"](parts=split.outputs.parts)
            fit.resources = {"instance_count": nodes}
            fitted = fit.outputs.fitted
        train = run["train"](prepared=prepared, model_name=model_name, recipe=recipe, fitted=fitted)
        model = train.outputs.model
        evaluate = run["evaluate"](prepared=prepared, model=model)
        metrics = evaluate.outputs.metrics
        compare = run["compare"](prepared=prepared, model=model, metrics=metrics, model_name=model_name)
        decision = compare.outputs.decision
        register = run["register"](model=model, decision=decision, model_name=model_name, experiment=experiment)
        registered = register.outputs.registered
        package = run["package"](
            prepared=prepared,
            model=model,
            registered=registered,
            forecasts_url=forecasts_url,
            model_name=model_name,
            registry=registry,
        )
        return {"decision": decision, "registered": registered, "packaged": package.outputs.packaged}

    made: PipelineComponent = forecast_training().component
    for name, node in made.jobs.items():
        if name in TIMEOUT_SECONDS:
            node.set_limits(timeout=TIMEOUT_SECONDS[name])
    return made
