"""A component file that Azure ML would take and run wrong is refused before anything is sent."""

import re

import pytest

from ml_pipelines.publishing import literals
from ml_pipelines.publishing.command_lines import check_command
from ml_pipelines.publishing.component_files import ComponentRefusedError, read_steps
from ml_pipelines.publishing.snapshot import snapshot


def test_the_files_of_the_repository_pass():
    steps = read_steps()
    assert set(steps) == {"prepare", "train", "evaluate", "compare", "register", "package"}
    for step in steps.values():
        check_command(step, snapshot().files)


def test_what_depends_on_more_than_its_inputs_is_never_reused():
    reused = {name for name, step in read_steps().items() if step.body["is_deterministic"]}
    assert reused == {"prepare", "train", "evaluate"}


SPOILED = {
    "unknown key": (lambda body: body.update(foo=1), "foo"),
    "misspelt key of an input": (lambda body: body["inputs"]["horizon"].update(optinal=True), "optinal"),
    "missing key": (lambda body: body.pop("is_deterministic"), "is_deterministic"),
    "reuse not said plainly": (lambda body: body.update(is_deterministic="yes"), "reused"),
    "another kind": (lambda body: body.update(type="parallel"), "another type"),
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
