"""A pipeline that leaves a step without what it needs is refused before anything is sent."""

import copy

import pytest
import yaml

from ml_pipelines.graph import ON_SEVERAL_NODES, TIMEOUT_SECONDS, training_pipeline
from ml_pipelines.publishing.wiring import GraphRefusedError, check_wiring


@pytest.fixture(scope="session")
def pipeline(made):
    """The document of the repository's pipeline."""
    return yaml.safe_load(str(training_pipeline({step: made.component(step) for step in made.steps}, "1")))


@pytest.fixture(scope="session")
def several(in_parts):
    """The document of the pipeline on several nodes."""
    return yaml.safe_load(str(in_parts.pipeline({step: in_parts.component(step) for step in in_parts.steps})))


def test_the_pipeline_of_the_repository_passes(pipeline, made, several, in_parts):
    check_wiring(pipeline, made.steps)
    check_wiring(several, in_parts.steps)


def test_every_step_has_its_time_limit(several):
    limits = {name: node["limits"]["timeout"] for name, node in several["jobs"].items() if "limits" in node}
    assert limits == TIMEOUT_SECONDS
    assert several["jobs"].keys() - limits.keys() == {"fit"}
    assert several["jobs"]["fit"]["retry_settings"]["timeout"] == TIMEOUT_SECONDS["train"]


def test_on_several_nodes_a_parallel_step_fits_what_one_node_fits_alone(pipeline, several):
    assert several["jobs"].keys() - pipeline["jobs"].keys() == ON_SEVERAL_NODES
    fit, train = several["jobs"]["fit"], several["jobs"]["train"]
    assert (fit["type"], fit["resources"], fit["mini_batch_error_threshold"]) == ("parallel", {"instance_count": 3}, 0)
    assert fit["inputs"]["parts"]["path"] == "${{parent.jobs.split.outputs.parts}}"
    assert train["inputs"]["fitted"]["path"] == "${{parent.jobs.fit.outputs.fitted}}"
    rest = {name: node for name, node in several["jobs"].items() if name not in {*ON_SEVERAL_NODES, "train"}}
    assert rest == {name: node for name, node in pipeline["jobs"].items() if name != "train"}


def test_the_pipeline_names_exact_versions_of_its_steps(pipeline, made):
    assert {name: node["component"]["version"] for name, node in pipeline["jobs"].items()} == made.versions


SPOILED = {
    "unbound input": (lambda jobs, _: jobs["train"]["inputs"].pop("prepared"), "train has inputs that nothing is bound to"),
    "unknown input": (lambda jobs, _: jobs["train"]["inputs"].update(x="1"), "inputs that it does not have"),
    "literal of another type": (lambda jobs, _: jobs["prepare"]["inputs"].update(delta_version="abc"), "does not fit"),
    "literal below its bound": (lambda jobs, _: jobs["prepare"]["inputs"].update(delta_version=-1), "does not fit"),
    "unknown input of the pipeline": (
        lambda jobs, _: jobs["train"]["inputs"].update(model_name="${{parent.inputs.nobody}}"),
        "train.model_name is bound to what does not fit",
    ),
    "text for an integer": (
        lambda jobs, _: jobs["prepare"]["inputs"].update(delta_version="${{parent.inputs.model_name}}"),
        "prepare.delta_version is bound to what does not fit",
    ),
    "an output that is not there": (
        lambda jobs, _: jobs["train"]["inputs"].update(prepared="${{parent.jobs.prepare.outputs.panel}}"),
        "train.prepared is bound to what does not fit",
    ),
    "optional for required": (
        lambda _, inputs: inputs["delta_version"].update(optional=True),
        "may be absent",
    ),
    "default of another type": (lambda _, inputs: inputs["horizon"].update(default="abc"), "default of the pipeline's input"),
    "input for nobody": (lambda _, inputs: inputs.update(more={"type": "string"}), "bound to no step"),
    "missing step": (lambda jobs, _: jobs.pop("package"), "one step for each component file"),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_spoiled_pipeline_is_refused(pipeline, made, fault):
    edit, told = SPOILED[fault]
    spoiled = copy.deepcopy(pipeline)
    edit(spoiled["jobs"], spoiled["inputs"])
    with pytest.raises(GraphRefusedError, match=told):
        check_wiring(spoiled, made.steps)
