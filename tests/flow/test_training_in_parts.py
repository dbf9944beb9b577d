"""The graph on several nodes: its parallel step fits the parts of the panel, or fails the run with what to do."""

import pytest

from local.flow.commands import ML_PIPELINES, CommandFailedError, outputs_file, run
from local.flow.publishing import publish_training
from local.progress import Step
from local.services.machine_learning.runs import Runs, Status
from tests.flow.experiments import ended, experiment
from tests.local.flow.schema_check import checked

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def version(live_stack):
    """The version of the features that `make up` trained on."""
    return checked(live_stack.cloud.state)["data"]["features"].rpartition("@")[2]


@pytest.fixture(scope="module")
def on_two_nodes(live_stack):
    """The graph with its parallel step published, in parts of half the panel; the default one again afterwards."""
    outputs = str(outputs_file(live_stack.cloud, live_stack.outputs))
    recipe = '{"part_series": 20, "rounds": 20}'
    yield run(live_stack.cloud, ML_PIPELINES, ["publish", outputs, "--nodes", "2", "--recipe", recipe], identity="deployer")
    publish_training(live_stack.cloud, live_stack.outputs, Step("publish"))


def test_more_nodes_than_the_cluster_grows_to_are_refused_before_anything_is_published(live_stack):
    outputs = str(outputs_file(live_stack.cloud, live_stack.outputs))
    words = ["publish", outputs, "--nodes", "5", "--recipe", '{"part_series": 20}']
    with pytest.raises(CommandFailedError, match=r"given:   nodes 5\n  allowed: at most 4, as the cluster cpu grows to"):
        run(live_stack.cloud, ML_PIPELINES, words, identity="deployer")


def test_a_panel_in_parts_is_fitted_by_the_parallel_step_and_comes_to_a_decision(live_stack, version, on_two_nodes):
    assert "graph.jobs.fit.resources.instance_count: None -> 2" in on_two_nodes["changes"]
    experiment(live_stack, "in-parts", delta_version=version)
    runs, jobs = Runs(live_stack.cloud.store), live_stack.cloud.state / "machine_learning" / "jobs" / "in-parts"
    assert ended(live_stack, "in-parts", 240) is Status.COMPLETED, [step.error for step in runs.children("in-parts")]
    assert runs.texts("in-parts", "tag")["decision"] in {"promote", "keep"}
    log = (jobs / "fit" / "user_logs" / "std_log.txt").read_text().splitlines()
    assert sorted(log) == [f"mini batch part-0000{number}.npz: done" for number in range(2)]
    made = jobs / "train" / "outputs" / "model" / "artefact"
    assert {file.parent.name for file in made.rglob("booster_0.txt")} == {"part-00000", "part-00001"}


def test_a_part_that_can_not_be_fitted_fails_the_run_with_what_to_do(live_stack, version, on_two_nodes):
    assert on_two_nodes["changes"]
    experiment(live_stack, "part-fails", delta_version=version, recipe='{"part_series": 20, "compute": "gpu"}')
    assert ended(live_stack, "part-fails") is Status.FAILED
    errors = {step.name: step.error for step in Runs(live_stack.cloud.store).children("part-fails")}
    assert "The recipe asks for a GPU that LightGBM does not find" in errors["fit"]
    assert "do:      Leave `compute` out of the recipe" in errors["fit"]
    assert "mini_batch_error_threshold is 0" in errors["fit"]
