"""Preflight against the local cloud's Resource Manager: nothing in the way, and each planted problem with its fix."""

import gc
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from deployment.declared.programs import declared
from deployment.preflight.checks import CHECKS
from deployment.preflight.plan import NAMESPACES
from deployment.preflight.run import PreflightFailedError, preflight
from deployment.pulumi_stack import StackUnknownError
from local.provider.kinds import KINDS
from local.subscription import Condition, Conditions
from local.tokens import SUBSCRIPTION
from tests.local.services.conftest import make_site

ROOT = Path(__file__).parents[2]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mlops-forecasting"
LAKE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/dlsmlopsforecasting"

pytestmark = pytest.mark.flow


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    site = make_site(tmp_path_factory.mktemp("preflight") / "state")
    for name in ("identity", "arm"):
        site.start(name)
    yield site
    site.stop()


@pytest.fixture
def cloud(running, monkeypatch):
    """The site as this process's cloud; what a test plants goes with it."""
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    before = {item.id for item in running.cloud.resources.all()}
    conditions = Conditions(running.cloud.store)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        yield running
        gc.collect()
    for item in running.cloud.resources.all():
        if item.id not in before:
            running.cloud.resources.delete(item.id)
    for kind, name in PLANTED:
        conditions.remove(kind, name)


PLANTED = [
    (Condition.TAKEN, "crmlopsforecasting"),
    (Condition.DELETED_VAULT, "kv-mlops-forecasting"),
    (Condition.REGISTRATION, "Microsoft.Databricks"),
    (Condition.FEATURE, "EncryptionAtHost"),
    (Condition.CORES, "Microsoft.Compute/standardDDSv5Family"),
    (Condition.CORES, "Microsoft.MachineLearningServices/Standard NCASv3_T4 Family"),
]
FOUND = [
    (
        PLANTED[0],
        "AlreadyExists",
        "crmlopsforecasting: The name crmlopsforecasting is already taken.",
        "Choose another `workload`",
    ),
    (PLANTED[1], {"scheduledPurgeDate": "2027-02-01"}, "kv-mlops-forecasting, kept until 2027-02-01", "vault.recover: true"),
    (PLANTED[2], "NotRegistered", "Microsoft.Databricks: NotRegistered", "az provider register --namespace Microsoft.Databricks"),
    (PLANTED[3], "NotRegistered", "EncryptionAtHost: NotRegistered", "az feature register"),
    (PLANTED[4], 10, "30 of standardDDSv5Family asked for at most, 10 free of 10", "lower the most nodes"),
    (PLANTED[5], 0, "8 of Standard NCASv3_T4 Family asked for at most, 0 free of 0", "Quotas"),
]


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nothing_is_in_the_way_of_an_empty_subscription(stack):
    assert preflight(stack)["checks"] == [check.__name__ for check in CHECKS]


@pytest.mark.parametrize(("condition", "body", "given", "fix"), FOUND, ids=[name for (_, name), *_ in FOUND])
def test_a_planted_problem_is_found_alone_and_with_its_fix(cloud, condition, body, given, fix):
    kind, name = condition
    Conditions(cloud.cloud.store).put(kind, name, body)
    with pytest.raises(PreflightFailedError) as failed:
        preflight("prod")
    (finding,) = str(failed.value).split("\n\n")
    assert given in finding
    assert fix in finding.partition("do:")[2]


def test_a_topic_of_somebody_else_on_the_lake_is_found(cloud):
    theirs = "/subscriptions/s/resourceGroups/defender/providers/Microsoft.EventGrid/systemTopics/defender"
    cloud.add("Microsoft.EventGrid/systemTopics", theirs, source=LAKE)
    with pytest.raises(PreflightFailedError, match=f"{theirs} on {LAKE}"):
        preflight("prod")


def test_what_stands_in_the_stacks_own_group_is_in_nobodys_way(cloud):
    cloud.add("Microsoft.Resources/resourceGroups", GROUP)
    cloud.add("Microsoft.Storage/storageAccounts", LAKE)
    cluster = "Microsoft.ContainerService/managedClusters"
    cloud.add(cluster, f"{GROUP}/providers/{cluster}/aks-mlops-forecasting")
    topic = "Microsoft.EventGrid/systemTopics"
    cloud.add(topic, f"{GROUP}/providers/{topic}/egst-lake-mlops-forecasting", source=LAKE)
    Conditions(cloud.cloud.store).put(Condition.CORES, "Microsoft.Compute/standardDDSv5Family", 10)
    assert preflight("prod")["findings"] == []


def test_a_caller_without_rights_is_told_which_are_missing(cloud):
    done = _command("prod", cloud.environment("id-scoring"))
    assert done.returncode == 2
    assert "Microsoft.Authorization/roleAssignments/write" in done.stderr
    assert "failed  rights     3 findings" in done.stderr


def test_the_command_answers_in_json_and_tells_each_check(cloud):
    done = _command("dev", cloud.environment())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["subscription"] == SUBSCRIPTION
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["settings", *(check.__name__ for check in CHECKS)]


@pytest.mark.usefixtures("cloud")
def test_a_stack_without_a_file_is_refused_with_those_that_have_one():
    with pytest.raises(StackUnknownError, match="dev, prod"):
        preflight("staging")


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_provider_of_the_graph_is_asked_for(stack):
    used = {KINDS[item.type].arm_type.partition("/")[0] for item in declared(stack).azure()}
    assert used <= set(NAMESPACES)
    assert set(NAMESPACES) - used == {"Microsoft.Compute", "Microsoft.ContainerInstance"}


def _command(stack: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deployment", "preflight", "--stack", stack]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
