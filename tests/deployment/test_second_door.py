"""The commands for a subscription, on the local cloud: an empty one becomes a platform that answers an arriving file."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.roles import ROLES
from foundation.rights import RIGHTS
from local.services.cloud import Cloud
from tests.access import accessed
from tests.docs.blocks import README, ROOT, block_of, shape

COPIED = ("contracts", "deployment", "foundation", "images", "infra", "policy", "rollout", "release")

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A local cloud whose services run and that holds nothing yet."""
    folder = tmp_path_factory.mktemp("door") / "home"
    person = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        "LOCAL_CLOUD_HOME": str(folder),
    }
    subprocess.run([sys.executable, "-m", "local.cli", "up"], cwd=ROOT, env=person, check=True, capture_output=True)
    yield person
    subprocess.run(["make", "down"], cwd=ROOT, env=person, check=True, capture_output=True)
    assert not folder.exists()


def on(home: dict[str, str], *command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "local.cli", "run", "--", *command]
    return subprocess.run(whole, cwd=cwd, env=home, check=False, capture_output=True, text=True)


def answer(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def phases(text: str) -> list[str]:
    """What was done, in order; the state is moved by the first `bootstrap` alone, which may be another test's."""
    return [line for line in shape(text) if line.startswith("done ") and line != "done state"]


def test_preview_deploy_and_an_arriving_file_bring_an_empty_subscription_to_a_decision(home, tmp_path):
    checked = on(home, "make", "preflight")
    assert answer(checked)["findings"] == []
    asked = accessed(Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev"))
    assert [(line["principal"], line["status"]) for line in asked if line["path"] == "/subscriptions"] == [("deployer", 200)]
    assert any(line["service"] == "identity" and line["path"] == "/msi/token" for line in asked)
    begun = on(home, "make", "bootstrap")
    places = answer(begun)
    assert places["PULUMI_BACKEND_URL"] == "azblob://state?storage_account=stpmlopsforecastingdev"
    assert answer(on(home, "make", "bootstrap")) == places
    previewed = on(home, "make", "preview")
    planned = answer(previewed)
    assert planned["release"] is None
    assert planned["platform"]["create"] > 100
    deployed = on(home, "make", "deploy")
    made = answer(deployed)
    admitted = on(home, "make", "bootstrap")
    assert answer(admitted) == places
    first = begun.stderr[begun.stderr.index("  running foundation") :]
    said = "".join((first, *(done.stderr for done in (previewed, deployed, admitted))))
    assert phases(said) == phases(block_of(README, "  running foundation"))
    require_starter(home)
    require_door_of_agents(home)
    assert made["platform"] == planned["platform"]
    assert made["handler"]["decision"] == "released"

    again = answer(on(home, "make", "deploy"))
    assert set(again["platform"]) == {"same"}
    assert again["handler"]["decision"] == "unchanged"
    assert (again["jobs"]["changes"], again["training"]["changes"], again["image"]["built"]) == ([], [], False)
    assert set(answer(on(home, "make", "preview"))["release"]) == {"same"}

    audited = on(home, "make", "audit", f"RESULT={tmp_path / 'results'}")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    assert [line.split(":")[0] for line in audited.stdout.splitlines() if not line.startswith(" ")] == [
        "mlops-forecasting dev",
        "mlops-forecasting-release dev",
    ]
    assert len(list((tmp_path / "results").glob("*.junit.xml"))) == 2

    file = tmp_path / "sales.parquet"
    size = ("--stores", "2", "--items", "15", "--days", "400")
    assert answer(on(home, "data-ops", "generate", str(file), *size))["rows"] == 12000
    assert answer(on(home, "data-ops", "ingest", str(file)))["version"] == 1
    assert decided(home) in {"promote", "keep"}


def held(home: dict[str, str], kind: str, **wanted: str) -> Mapping[str, Any]:
    """The properties of the one declared resource of a kind that has these."""
    found = [item.properties for item in Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev").resources.of_type(kind)]
    (own,) = [item for item in found if all(item.get(name) == value for name, value in wanted.items())]
    return own


def test_the_foundation_trusts_its_own_connections_alone_and_asks_for_approval(home):
    places = answer(on(home, "make", "bootstrap"))
    connections = Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev").resources.of_type("azuredevops/ServiceEndpointAzureRM")
    own = [item.properties for item in connections if item.properties["serviceEndpointName"] == "mlops-forecasting-dev"]
    assert len({item["workloadIdentityFederationSubject"] for item in own}) == 2
    identity = "Microsoft.ManagedIdentity/userAssignedIdentities"
    for name, project in {"releases-dev": "releases", "code-dev": "code"}.items():
        trust = held(home, f"{identity}/federatedIdentityCredentials", federatedIdentityCredentialResourceName=name)
        assert trust["subject"] in {item["workloadIdentityFederationSubject"] for item in own}, project
    assert {item["servicePrincipalId"] for item in own} == {
        held(home, identity, resourceName="id-pipelines-mlops-forecasting-dev")["clientId"]
    }
    agent = held(home, identity, resourceName="id-pipelines-mlops-forecasting-dev")["principalId"]
    assert {right.role: right.condition for right in RIGHTS}.items() <= rights(home, agent).items()
    release = held(home, "azuredevops/BuildDefinition", name="release", projectId=own[0]["projectId"]) if own else {}
    assert release["repository"]["ymlPath"] == "pipelines/release-dev.yml"
    groups = Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev").resources.of_type("azuredevops/VariableGroup")
    told = [{item["name"]: item["value"] for item in group.properties["variables"]} for group in groups]
    expected = {"pulumiBackend": places["PULUMI_BACKEND_URL"], "pulumiSecretsProvider": places["PULUMI_SECRETS_PROVIDER"]}
    assert expected in told


def require_starter(home: dict[str, str]) -> None:
    """The event handler is a user of Azure DevOps who may start the pipeline `release`, and nothing else."""
    handler = held(home, "Microsoft.ManagedIdentity/userAssignedIdentities", resourceName="id-handler-mlops-forecasting-dev")
    user = held(home, "azuredevops/ServicePrincipalEntitlement", originId=handler["principalId"])
    group = held(home, "azuredevops/Group", displayName="release-starters")
    assert held(home, "azuredevops/GroupMembership", group=group["descriptor"])["members"] == [user["descriptor"]]
    whole = held(home, "azuredevops/ProjectPermissions", principal=group["descriptor"])
    assert whole["permissions"] == {"GENERIC_READ": "Allow"}
    one = held(home, "azuredevops/BuildDefinitionPermissions", principal=group["descriptor"])
    release = held(home, "azuredevops/BuildDefinition", name="release", projectId=whole["projectId"])
    assert one["projectId"] == release["projectId"]
    assert one["permissions"] == dict.fromkeys(("ViewBuildDefinition", "ViewBuilds", "QueueBuilds"), "Allow")


def require_door_of_agents(home: dict[str, str]) -> None:
    """The firewalls of state and key admit the subnet of the platform's agents, and nobody else."""
    pool = held(home, "Microsoft.DevOpsInfrastructure/pools", poolName="mdp-mlops-forecasting-dev")
    subnet = pool["fabricProfile"]["networkProfile"]["subnetId"]
    state = held(home, "Microsoft.Storage/storageAccounts", accountName="stpmlopsforecastingdev")["networkRuleSet"]
    key = held(home, "Microsoft.KeyVault/vaults", vaultName="kvpmlopsforecastingdev")["properties"]["networkAcls"]
    assert [rule["virtualNetworkResourceId"] for rule in state["virtualNetworkRules"]] == [subnet]
    assert [rule["id"] for rule in key["virtualNetworkRules"]] == [subnet]
    for rules in (state, key):
        assert (rules["ipRules"], rules["defaultAction"]) == ([], "Deny")


def rights(home: dict[str, str], principal: str) -> dict[str, str | None]:
    """Roles that a principal has on the subscription, with their conditions."""
    names = {guid: name for name, guid in ROLES.items()}
    assignments = Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev").resources.of_type("Microsoft.Authorization/roleAssignments")
    found = [item.properties for item in assignments if item.properties["principalId"] == principal]
    whole = [item for item in found if item["scope"].count("/") == 2]
    return {names.get(item["roleDefinitionId"].rpartition("/")[2], ""): item.get("condition") for item in whole}


def test_a_bootstrap_that_could_not_move_its_state_goes_on_from_there(home):
    beside = ROOT / "foundation" / ".first" / "prod"
    done = on(home, "env", "AZURE_STORAGE_DOMAIN=127.0.0.1:1", "make", "bootstrap", "STACK=prod")
    assert done.returncode == 2
    assert "could not be moved" in done.stderr
    assert "allowedAddresses" in done.stderr
    assert beside.is_dir()
    places = answer(on(home, "make", "bootstrap", "STACK=prod"))
    assert places["PULUMI_BACKEND_URL"].endswith("=stpmlopsforecasting")
    assert not beside.exists()


def decided(home: dict[str, str]) -> str:
    """The decision of the training that the file's arrival led to, waited for."""
    end = time.monotonic() + 240
    while time.monotonic() < end:
        told = subprocess.run(
            [sys.executable, "-m", "local.cli", "status", "--json"], cwd=ROOT, env=home, check=True, capture_output=True
        )
        trainings = json.loads(told.stdout)["trainings"]
        if trainings and trainings[0].get("decision"):
            return str(trainings[0]["decision"])
        time.sleep(1)
    raise AssertionError(Cloud.open(Path(home["LOCAL_CLOUD_HOME"]) / "dev").state)


def test_a_platform_that_breaks_a_policy_is_refused_by_rule_and_resource(home, tmp_path):
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("Pulumi*.yaml"), ROOT / "pyproject.toml"):
        shutil.copy(file, tmp_path)
    spoiled = tmp_path / "infra" / "components" / "storage_account.py"
    text, count = re.subn(r"TLS1_2", "TLS1_0", spoiled.read_text())
    spoiled.write_text(text)
    assert count
    spoiling = {**home, "PYTHONPATH": str(tmp_path)}
    done = on(spoiling, sys.executable, "-m", "deployment", "preview", "--stack", "dev", cwd=tmp_path)
    assert done.returncode == 2
    assert "st-tls12" in done.stderr
    assert "lake" in done.stderr


def test_an_audit_of_a_platform_that_was_never_applied_is_refused(home):
    done = on(home, "make", "audit", "STACK=prod")
    assert done.returncode == 2
    assert "no platform stack prod" in done.stderr
    assert "make deploy STACK=prod" in done.stderr


def test_a_stack_without_a_file_is_refused_in_four_parts(home):
    done = on(home, "make", "preview", "STACK=staging")
    assert done.returncode == 2
    assert "staging" in done.stderr
    assert "dev, prod" in done.stderr
