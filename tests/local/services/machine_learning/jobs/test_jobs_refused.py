"""What does not fit is refused by name when the job is put, before anything is recorded."""

from __future__ import annotations

import pytest

from local.services.arm.errors import ArmError

TEXT = {"type": "string"}
LAKE = {"type": "uri_folder", "mode": "direct"}


def literal(**values):
    return {name: {"jobInputType": "literal", "value": value} for name, value in values.items()}


@pytest.fixture
def pipeline(stage):
    """A pipeline with one input of each kind, which its step takes."""
    inputs = {"word": TEXT, "number": {"type": "integer"}, "lake": {"type": "uri_folder"}}
    step = stage.component("echo ${{inputs.word}}", {"word": TEXT, "number": {"type": "integer"}, "lake": LAKE})
    bound = {name: {"value": f"${{{{parent.inputs.{name}}}}}", "job_input_type": "literal"} for name in inputs}
    return stage.pipeline({"only": {"type": "command", "componentId": step, "inputs": bound}}, inputs)


@pytest.fixture
def lake():
    return {"lake": {"jobInputType": "uri_folder", "mode": "Direct", "uri": "abfss://silver@lake.dfs.core.windows.net/t"}}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"word": "a"}, "not given: number"),
        ({"word": "a", "number": "3", "other": "1"}, "no inputs other"),
        ({"word": "a", "number": "three"}, "'number' is of type integer; its value is 'three'"),
        ({"word": "a", "number": "3", "lake": "abfss://x"}, "'lake' is of type uri_folder"),
    ],
)
def test_inputs_that_do_not_fit_are_named(stage, pipeline, lake, given, says):
    refusal = stage.refused(pipeline, {**lake, **literal(**given)})
    assert (refusal.status, refusal.code) == (400, "UserError")
    assert says in refusal.message


def test_a_missing_component_or_cluster_is_named(stage, pipeline, lake):
    given = {**lake, **literal(word="a", number="3")}
    gone = stage.refused(pipeline.replace("/pipeline/", "/gone/"), given)
    assert (gone.status, gone.code) == (404, "ResourceNotFound")
    assert "components/gone" in gone.message
    assert (
        "the compute 'gpu' does not exist" in stage.refused(pipeline, given, settings={"default_compute": "azureml:gpu"}).message
    )
    assert "no compute is given" in stage.refused(pipeline, given, settings={"default_compute": ""}).message


def test_a_name_is_given_once(stage):
    stage.submit("job", stage.one("true"))
    with pytest.raises(ArmError) as refusal:
        stage.submit("job", stage.one("false"))
    assert (refusal.value.status, refusal.value.code) == (409, "Conflict")
    assert len(stage.runs.children("job")) == 1


def test_what_is_not_emulated_is_named(stage):
    mounted = stage.component("true", {"lake": {"type": "uri_folder"}})
    node = {"lake": {"value": "abfss://silver@lake.dfs.core.windows.net/t", "job_input_type": "literal"}}
    pipeline = stage.pipeline({"only": {"type": "command", "componentId": mounted, "inputs": node}})
    assert "another mode than direct" in stage.refused(pipeline).message
    assert (
        "resources of the pipeline's step 'only'"
        in stage.refused(stage.one("true", node={"resources": {"instance_count": 2}})).message
    )
    assert "settings default_datastore" in stage.refused(stage.one("true"), settings={"default_datastore": "x"}).message
    assert stage.refused(stage.one("true"), jobType="Command").status == 501


def test_a_step_that_names_two_storage_accounts_is_refused(stage):
    urls = {name: {"value": f"abfss://c@{name}.dfs.core.windows.net/t"} for name in ("one", "two")}
    step = stage.component("true", {"one": TEXT, "two": TEXT})
    pipeline = stage.pipeline({"only": {"type": "command", "componentId": step, "inputs": urls}})
    assert "two storage accounts in the step 'only' (one, two)" in stage.refused(pipeline).message


def test_steps_that_wait_for_each_other_or_for_nothing_are_refused(stage):
    step = stage.component("true", {"from": {"type": "uri_folder"}})

    def node(source):
        return {
            "type": "command",
            "componentId": step,
            "inputs": {"from": {"value": f"${{{{parent.jobs.{source}.outputs.out}}}}"}},
        }

    assert "wait for each other" in stage.refused(stage.pipeline({"a": node("b"), "b": node("a")})).message
    assert "'gone.out', which is not there" in stage.refused(stage.pipeline({"a": node("gone")})).message
