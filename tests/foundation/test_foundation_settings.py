"""What the stack files of the foundation may say, and how a bad value is refused."""

import copy
from pathlib import Path

import pytest
import yaml

from contracts.errors import FourPartError
from contracts.names import foundation_names
from contracts.roles import DENIED
from foundation.components.login import no_giving
from foundation.settings import PROJECT, Settings

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "prod")


def values(stack: str, project: str = PROJECT, folder: str = "foundation") -> dict:
    config = yaml.safe_load((ROOT / folder / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{project}:"): value for key, value in config.items()}


def spoiled(path: str, value: object) -> dict:
    changed = copy.deepcopy(values("dev"))
    section, _, key = path.rpartition(".")
    (changed[section] if section else changed)[key] = value
    return changed


@pytest.mark.parametrize("stack", STACKS)
def test_reads_the_stack_files(stack):
    settings = Settings.of(values(stack))
    assert settings.environment == stack
    assert settings.tags["environment"] == stack


@pytest.mark.parametrize("stack", STACKS)
def test_foundation_and_platform_of_a_stack_are_of_one_workload(stack):
    platform = values(stack, "mlops-forecasting", ".")
    own = values(stack)
    shared = ("environment", "workload", "suffix", "location", "owner", "costCenter")
    assert [own[key] for key in shared] == [platform[key] for key in shared]


@pytest.mark.parametrize("stack", STACKS)
def test_the_project_of_the_releases_is_the_one_that_the_event_handler_asks(stack):
    url = values(stack, "mlops-forecasting-release", "release")["devopsUrl"]
    devops = Settings.of(values(stack)).devops
    assert url == f"{devops.url}/{devops.release_project}"
    assert values(stack, "mlops-forecasting", ".")["agents"]["organisation"] == devops.url


def test_one_stack_makes_the_pipeline_of_checks():
    assert [stack for stack in STACKS if Settings.of(values(stack)).devops.checks] == ["dev"]


def test_one_stack_lets_a_person_deploy_since_azure_gives_a_role_on_a_subscription_once():
    assert [stack for stack in STACKS if Settings.of(values(stack)).deploy_by_hand] == ["dev"]


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("environment", "Dev", "lower-case"),
        ("location", "West Europe", "region"),
        ("workload", "x" * 20, "3-24"),
        ("suffix", "a-b", "0-8"),
        ("allowedAddresses", ["10.0.0.1"], "public IPv4"),
        ("deployByHand", "yes", "true or false"),
        ("state.sku", "Standard_RAGRS", "Standard_ZRS"),
        ("state.keepDays", 6, "7 to 90"),
        ("state.purgeProtection", "yes", "true or false"),
        ("state.container", "state", "keepDays"),
        ("devops.organisation", "https://dev.azure.com/us", "letters"),
        ("devops.project", "a/b", "characters"),
        ("devops.repository", "", "characters"),
        ("devops.checks", 1, "true or false"),
        ("devops.approver", "us", "releaseApprovers"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(path, value, allowed):
    with pytest.raises(FourPartError) as refused:
        Settings.of(spoiled(path, value))
    assert allowed in str(refused.value)
    assert "allowed:" in str(refused.value)


def test_a_missing_section_is_refused():
    without = {key: value for key, value in values("dev").items() if key != "devops"}
    with pytest.raises(FourPartError, match="devops"):
        Settings.of(without)


def test_names_of_two_stacks_differ_and_fit_their_services():
    dev, prod = foundation_names(suffix="dev"), foundation_names()
    assert dev.state_account == "stpmlopsforecastingdev"
    assert not set(vars(dev).values()) & set(vars(prod).values())


def test_the_pipelines_may_give_no_role_that_gives_roles_or_owns():
    condition = no_giving()
    for role in ("Owner", "User Access Administrator", "Role Based Access Control Administrator"):
        assert condition.count(DENIED[role]) == 2
    assert "roleAssignments/write" in condition
    assert "roleAssignments/delete" in condition
