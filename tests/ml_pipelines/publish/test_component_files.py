"""A component file that Azure ML would take and run wrong is refused before anything is sent."""

import re

import pytest

from ml_pipelines.publishing import literals
from ml_pipelines.publishing.command_lines import check_command
from ml_pipelines.publishing.component_files import ComponentRefusedError, read_steps
from ml_pipelines.publishing.snapshot import snapshot


def test_the_files_of_the_repository_pass():
    steps = read_steps()
    assert set(steps) == {"prepare", "split", "fit", "train", "evaluate", "compare", "register", "package"}
    for step in steps.values():
        check_command(step, snapshot().files)


def test_what_depends_on_more_than_its_inputs_is_never_reused():
    reused = {name for name, step in read_steps().items() if step.body["is_deterministic"]}
    assert reused == {"prepare", "split", "fit", "train", "evaluate"}


SPOILED = {
    "unknown key": (lambda body: body.update(foo=1), "foo"),
    "misspelt key of an input": (lambda body: body["inputs"]["horizon"].update(optinal=True), "optinal"),
    "missing key": (lambda body: body.pop("is_deterministic"), "is_deterministic"),
    "reuse not said plainly": (lambda body: body.update(is_deterministic="yes"), "reused"),
    "another kind": (lambda body: body.update(type="spark"), "another type"),
    "keys of another kind": (lambda body: body.update(type="parallel"), "command, environment"),
    "another name": (lambda body: body.update(name="forecast_x"), "another name"),
    "a floating environment": (lambda body: body.update(environment="azureml:other@latest"), "another environment"),
    "unknown type": (lambda body: body["inputs"]["gap"].update(type="int"), "unknown type"),
    "default of another type": (lambda body: body["inputs"]["horizon"].update(default="abc"), "an integer"),
    "boolean for an integer": (lambda body: body["inputs"]["horizon"].update(default=True), "an integer"),
    "default below its bound": (lambda body: body["inputs"]["horizon"].update(default=0), "at least 1"),
    "default for a folder": (lambda body: body["inputs"]["features"].update(default="x"), "no literal"),
    "literal as output": (lambda body: body["outputs"]["prepared"].update(type="string"), "no step can take"),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_a_spoiled_file_is_refused_by_name(spoil, fault):
    edit, told = SPOILED[fault]
    with pytest.raises(ComponentRefusedError, match=re.escape(told)) as refused:
        read_steps(spoil("prepare", edit))
    assert "prepare.yml" in refused.value.happened


PARALLEL = {
    "failed parts ignored": (lambda body: body.update(mini_batch_error_threshold=-1), "lets parts be lost"),
    "mini batches of bytes": (lambda body: body.update(mini_batch_size="10kb"), "another measure than files"),
    "mini batches of a folder in an input": (lambda body: body.update(input_data="${{inputs.parts}}/x"), "from no input"),
    "a minute for each by default": (lambda body: body["retry_settings"].pop("timeout"), "other members of retry_settings"),
    "results collected": (lambda body: body["task"].update(append_row_to="x"), "other members of task"),
    "a script that is not there": (lambda body: body["task"].update(entry_script="ml_pipelines/fit.py"), "no init, run"),
    "a script without entries": (lambda body: body["task"].update(entry_script="ml_pipelines/registry.py"), "no init, run"),
    "an undeclared output": (lambda body: body["task"].update(program_arguments="--x ${{outputs.x}}"), "does not declare"),
    "a floating environment": (lambda body: body["task"].update(environment="azureml:x@latest"), "another environment"),
    "a setting of the service": (lambda body: body.update(partition_keys=["store"]), "partition_keys"),
}


@pytest.mark.parametrize("fault", PARALLEL)
def test_a_parallel_step_that_would_lose_work_is_refused(spoil, fault):
    edit, told = PARALLEL[fault]
    with pytest.raises(ComponentRefusedError, match=re.escape(told)) as refused:
        check_command(read_steps(spoil("fit", edit))["fit"], snapshot().files)
    assert "fit.yml" in refused.value.happened


COMMANDS = {
    "undeclared input": (" --x ${{inputs.x}}", "does not declare"),
    "misspelt output": (" --prepared ${{output.prepared}}", "does not declare"),
    "optional input as if it were there": (" --again ${{inputs.horizon}}", "always there"),
}


@pytest.mark.parametrize("fault", COMMANDS)
def test_a_command_that_would_fail_in_a_run_is_refused(spoil, fault):
    more, told = COMMANDS[fault]
    steps = read_steps(spoil("prepare", lambda body: body.update(command=body["command"] + more)))
    with pytest.raises(ComponentRefusedError, match=told):
        check_command(steps["prepare"], snapshot().files)


def test_an_input_that_the_command_never_uses_is_refused(spoil):
    steps = read_steps(spoil("evaluate", lambda body: body["inputs"].update(more={"type": "string"})))
    with pytest.raises(ComponentRefusedError, match="never uses"):
        check_command(steps["evaluate"], snapshot().files)


def test_a_command_of_code_that_is_not_published_is_refused(spoil):
    def elsewhere(body):
        body.update(command=body["command"].replace("ml_pipelines.steps.train", "ml_pipelines.publishing.publication"))

    with pytest.raises(ComponentRefusedError, match="no module of the published code"):
        check_command(read_steps(spoil("train", elsewhere))["train"], snapshot().files)


@pytest.mark.parametrize(
    ("kind", "value", "wrong"),
    [
        ("integer", 3, ""),
        ("integer", "28", ""),
        ("integer", 3.5, "an integer"),
        ("number", "1e-3", ""),
        ("number", "x", "a number"),
        ("boolean", True, ""),
        ("boolean", "on", "a boolean"),
        ("string", 3, ""),
        ("uri_folder", "/tmp", "a folder, which no literal can be"),  # noqa: S108 - only a text
    ],
)
def test_literals_fit_their_types(kind, value, wrong):
    assert literals.fault(kind, value) == wrong
