"""The pipelines are valid by Azure Pipelines' schema, and whatever they name is there."""

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml

from contracts.names import RELEASE_PIPELINE
from local.services.devops.pipelines_api import PARAMETERS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "pipelines"
FILES = [ROOT / "azure-pipelines.yml", *sorted(FOLDER.glob("*.yml"))]
SCHEMA = json.loads((resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "azure-pipelines.json").read_text())
PREDEFINED = re.compile(r"(Build|Agent|System|Pipeline)\.\w+|HOME")
RELEASES = sorted(FOLDER.glob("release-*.yml"))
STACKS = {file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml")}


def faults(content: dict) -> list[str]:
    """What the schema says against a file; a template of variables alone is judged as part of a pipeline."""
    whole = {**content, "steps": []} if set(content) == {"variables"} else content
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    return [error.message for error in validator.iter_errors(whole)]


def values(node: object, key: str) -> list[str]:
    """All texts under a key, anywhere."""
    if isinstance(node, dict):
        own = [node[key]] if isinstance(node.get(key), str) else []
        return own + [found for child in node.values() for found in values(child, key)]
    return [found for child in node for found in values(child, key)] if isinstance(node, list) else []


def loaded(file: Path) -> dict:
    return yaml.safe_load(file.read_text())


def verbs_and_options(text: str) -> tuple[set[str], set[str]]:
    calls = re.findall(r"\bmake ([a-z${][^\n#]*)", text)
    verbs = {call.split()[0] for call in calls if call[0].isalpha()} - {"verb"}
    return verbs, {option for call in calls for option in re.findall(r"\b([A-Z]+)=", call)}


def declared_in_makefile() -> tuple[set[str], set[str]]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)), set(re.findall(r"^([A-Z]+) \?=", makefile, re.MULTILINE))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_is_valid_by_the_schema_of_azure_pipelines(file):
    assert faults(loaded(file)) == []


def test_a_file_with_a_misspelt_key_is_not_valid():
    spoiled = loaded(FILES[0])
    spoiled["stages"][0]["job"] = spoiled["stages"][0].pop("jobs")
    assert faults(spoiled)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_template_is_there(file):
    named = values(loaded(file), "template")
    assert [name for name in named if not (file.parent / name).is_file()] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_make_verb_and_option_is_in_the_makefile(file):
    verbs, options = verbs_and_options(file.read_text())
    known_verbs, known_options = declared_in_makefile()
    assert verbs - known_verbs == set()
    assert options - known_options == set()


def test_the_verbs_that_a_stack_may_be_given_are_in_the_makefile():
    allowed = {parameter["name"]: parameter.get("values") for parameter in loaded(FOLDER / "stack.yml")["parameters"]}
    assert set(allowed["verb"]) <= declared_in_makefile()[0]
    assert set(allowed["stack"]) == STACKS
    for template in (entry for stage in loaded(FILES[0])["stages"] for entry in stage["jobs"] if "template" in entry):
        assert template["parameters"]["verb"] in allowed["verb"]
        assert template["parameters"]["stack"] in allowed["stack"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_variable_is_declared_or_azures_own(file):
    own = {entry["name"] for entry in loaded(FOLDER / "variables.yml")["variables"] if "name" in entry}
    page = (ROOT / "docs" / "infrastructure.md").read_text()
    named = re.findall(r"\$\(([A-Za-z][\w.]*(?:\$\{\{[^}]*\}\})?)\)", re.sub(r"\$\(az [^)]*\)", "", file.read_text()))
    resolved = {name.replace("${{ parameters.stack }}", stack) for name in named for stack in STACKS}
    unknown = {name for name in resolved if name not in own and not PREDEFINED.fullmatch(name) and f"`{name}`" not in page}
    assert unknown == set()


@pytest.mark.parametrize("key", ["environment", "azureSubscription", "group"])
def test_what_has_to_exist_in_azure_devops_is_on_the_page(key):
    page = (ROOT / "docs" / "infrastructure.md").read_text()
    named = {name for file in FILES for name in values(loaded(file), key)} - {"${{ parameters.environment }}", "string"}
    assert named, f"no {key} is named"
    resolved = {name.replace("${{ parameters.stack }}", stack) for name in named for stack in STACKS}
    assert {name for name in resolved if f"`{name}`" not in page} == set()


def test_there_is_a_release_pipeline_for_each_stack():
    assert {file.stem.partition("-")[2] for file in RELEASES} == STACKS
    assert {loaded(file)["extends"]["parameters"]["stack"] for file in RELEASES} == STACKS
    assert f"pipeline named `{RELEASE_PIPELINE}`" in (ROOT / "docs" / "infrastructure.md").read_text()


@pytest.mark.parametrize("file", RELEASES, ids=lambda file: file.name)
def test_a_release_takes_the_parameters_that_the_handler_sends_and_passes_them_on(file):
    taken = [parameter["name"] for parameter in loaded(file)["parameters"]]
    assert tuple(taken) == PARAMETERS
    passed = loaded(file)["extends"]["parameters"]
    assert {name: passed[name] for name in taken} == {name: f"${{{{ parameters.{name} }}}}" for name in taken}
    assert [parameter["name"] for parameter in loaded(FOLDER / "release.yml")["parameters"]] == ["stack", *taken]


def test_every_stack_is_audited_every_night_and_its_findings_are_shown_even_when_rules_are_broken():
    audits = sorted(FOLDER.glob("audit-*.yml"))
    assert {loaded(file)["extends"]["parameters"]["stack"] for file in audits} == STACKS
    assert all(loaded(file)["schedules"][0]["always"] == "true" for file in audits)
    (job,) = loaded(FOLDER / "audit.yml")["jobs"]
    assert job["steps"][-1]["template"] == "results.yml"
    assert [step["condition"] for step in loaded(FOLDER / "results.yml")["steps"]] == ["always()", "always()"]


def test_a_pull_request_shows_what_the_policies_find_in_what_the_programs_declare():
    check = loaded(FILES[0])["stages"][0]["jobs"][0]["steps"]
    assert "make check RESULT=$(Build.ArtifactStagingDirectory)" in values(check, "script")
    assert check[-1]["template"] == "pipelines/results.yml"


def test_production_comes_after_qa_and_one_release_at_a_time():
    stages = loaded(FOLDER / "release.yml")["stages"]
    assert [stage["stage"] for stage in stages] == ["qa", "production"]
    assert stages[1]["dependsOn"] == "qa"
    assert {stage["lockBehavior"] for stage in stages} == {"sequential"}
    assert ["UNTIL=qa" in command for stage in stages for command in values(stage, "command")] == [True, False]


def test_no_pipeline_holds_a_secret():
    words = re.compile(r"password|secret:|accountKey|connectionString|AZURE_STORAGE_KEY", re.IGNORECASE)
    assert [file.name for file in FILES if words.search(file.read_text())] == []
