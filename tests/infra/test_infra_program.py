"""What the program declares for the stack files as they are."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import fields
from typing import Any

import pytest

from contracts.events import CONSUMER_GROUP, Hub
from contracts.outputs import PlatformOutputs
from deployment.declared.model import Declared
from deployment.declared.programs import OPENED, ROOT, declared, stack_values
from tests.infra.golden_list import STACKS, file_of, listing, written

UNTAGGED = {"BlobContainer", "BlobServiceProperties", "ManagementPolicy", "EventHub", "ConsumerGroup", "NamespaceNetworkRuleSet"}
UNTAGGED |= {"SystemTopicEventSubscription", "RoleAssignment", "FederatedIdentityCredential", "MaintenanceConfiguration"}
UNTAGGED |= {"PrivateDnsZoneGroup", "DiagnosticSetting", "DataCollectionRuleAssociation", "Budget", "DashboardDefinition"}


@pytest.mark.parametrize("stack", STACKS)
def test_declares_the_resources_of_the_golden_list(stack: str) -> None:
    assert written(listing(declared(stack))) == file_of(stack).read_text()


def test_a_private_stack_declares_all_of_a_public_one() -> None:
    public, private = (Counter((row["parent"], row["name"]) for row in listing(declared(stack))) for stack in STACKS)
    assert not public - private
    more = {"grafana", "grafana-monitoring-data-reader-metrics", "build-agents"}
    assert {parent if parent == "private-endpoints" else name for parent, name in private - public} == {
        "private-endpoints",
        *more,
    }


@pytest.mark.parametrize("stack", STACKS)
def test_exports_exactly_the_platform_outputs(stack: str) -> None:
    outputs = declared(stack).outputs
    assert set(outputs) == {item.name for item in fields(PlatformOutputs)}
    assert PlatformOutputs.of(outputs).stack == stack


def test_output_values_are_addresses_that_clients_take() -> None:
    outputs = PlatformOutputs.of(declared("dev").outputs)
    assert outputs.bronze_url == "abfss://bronze@dlsmlopsforecastingdev.dfs.core.windows.net"
    assert outputs.dead_letter_url == "abfss://dead-letter@stmlwmlopsforecastingdev.dfs.core.windows.net"
    assert outputs.events_bootstrap == "evh.servicebus.windows.net:9093"
    assert outputs.databricks_host == "https://adb-1.2.azuredatabricks.net"
    assert outputs.identities["data"]["client_id"] == "client-data"
    assert outputs.environment("handler")["AZURE_CLIENT_ID"] == "client-handler"


def test_no_output_is_empty() -> None:
    outputs = declared("dev").outputs
    assert all(outputs.values()), outputs
    assert all(all(identity.values()) for identity in outputs["identities"].values())


@pytest.mark.parametrize("stack", STACKS)
def test_every_taggable_resource_has_the_four_tags(stack: str) -> None:
    for resource in declared(stack).azure():
        if resource.type.rpartition(":")[2] not in UNTAGGED:
            assert set(resource.inputs["tags"]) == {"environment", "owner", "cost-center", "workload"}, resource.urn


def test_every_hub_exists_once_with_the_handlers_consumer_group() -> None:
    program = declared("dev")
    assert sorted(hub.inputs["eventHubName"] for hub in program.of("eventhub:EventHub")) == sorted(Hub)
    groups = [(group.inputs["eventHubName"], group.inputs["consumerGroupName"]) for group in program.of("eventhub:ConsumerGroup")]
    assert sorted(groups) == [(hub, CONSUMER_GROUP) for hub in sorted(Hub)]


def test_resources_hang_under_components_and_components_under_the_stack() -> None:
    program = declared("dev")
    components = {item.name for item in program.resources if item.type.startswith("mlops-forecasting:")}
    for resource in program.azure():
        assert resource.parent in components or resource.type.endswith(":ResourceGroup"), resource.urn


def test_the_workspace_waits_for_the_roles_of_its_identity() -> None:
    workspace = declared("dev").one("machinelearningservices:Workspace")
    waited = [urn for urn in workspace.dependencies if "RoleAssignment::workspace-" in urn]
    assert len(waited) == 3, workspace.dependencies


def test_a_service_account_may_act_as_its_own_identity_and_no_other() -> None:
    given = {
        item.inputs["subject"]: (item.inputs["resourceName"], item.inputs["issuer"], item.inputs["audiences"])
        for item in declared("dev").of("managedidentity:FederatedIdentityCredential")
    }
    issuer, audiences = "https://oidc.example/", ["api://AzureADTokenExchange"]
    assert given == {
        "system:serviceaccount:forecasting:scoring": ("id-scoring-mlops-forecasting-dev", issuer, audiences),
        "system:serviceaccount:forecasting:event-handler": ("id-handler-mlops-forecasting-dev", issuer, audiences),
    }


def test_the_autoscaler_may_change_the_node_count() -> None:
    wanted = ["agentPoolProfiles[0].count", "agentPoolProfiles[1].count"]
    assert declared("dev").one("containerservice:ManagedCluster").ignores == wanted


WANTED: list[tuple[str, str, Any]] = [
    ("storage:StorageAccount", "minimumTlsVersion", "TLS1_2"),
    ("storage:StorageAccount", "enableHttpsTrafficOnly", True),
    ("storage:StorageAccount", "allowBlobPublicAccess", False),
    ("storage:StorageAccount", "allowSharedKeyAccess", False),
    ("storage:StorageAccount", "allowCrossTenantReplication", False),
    ("storage:StorageAccount", "isLocalUserEnabled", False),
    ("storage:StorageAccount", "isSftpEnabled", False),
    ("storage:StorageAccount", "networkRuleSet.defaultAction", "Deny"),
    ("storage:StorageAccount", "networkRuleSet.bypass", "AzureServices"),
    ("storage:BlobContainer", "publicAccess", "None"),
    ("storage:BlobServiceProperties", "deleteRetentionPolicy.enabled", True),
    ("storage:BlobServiceProperties", "containerDeleteRetentionPolicy.enabled", True),
    ("keyvault:Vault", "properties.enableRbacAuthorization", True),
    ("keyvault:Vault", "properties.enableSoftDelete", True),
    ("keyvault:Vault", "properties.networkAcls.defaultAction", "Deny"),
    ("containerregistry:Registry", "adminUserEnabled", False),
    ("containerregistry:Registry", "anonymousPullEnabled", False),
    ("eventhub:Namespace", "disableLocalAuth", True),
    ("eventhub:Namespace", "minimumTlsVersion", "1.2"),
    ("eventhub:Namespace", "sku.name", "Standard"),
    ("eventhub:NamespaceNetworkRuleSet", "defaultAction", "Deny"),
    ("eventhub:NamespaceNetworkRuleSet", "trustedServiceAccessEnabled", True),
    ("eventgrid:SystemTopic", "identity.type", "SystemAssigned"),
    ("databricks:Workspace", "sku.name", "premium"),
    ("databricks:Workspace", "parameters.enableNoPublicIp.value", True),
    ("databricks:AccessConnector", "identity.type", "SystemAssigned"),
    ("machinelearningservices:Workspace", "imageBuildCompute", "cpu"),
    ("machinelearningservices:Workspace", "allowPublicAccessWhenBehindVnet", False),
    ("machinelearningservices:Workspace", "identity.type", "UserAssigned"),
    ("machinelearningservices:Workspace", "systemDatastoresAuthMode", "Identity"),
    ("machinelearningservices:Compute", "properties.disableLocalAuth", True),
    ("machinelearningservices:Compute", "properties.properties.remoteLoginPortPublicAccess", "Disabled"),
    ("machinelearningservices:Compute", "properties.properties.scaleSettings.minNodeCount", 0),
    ("machinelearningservices:Compute", "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown", "PT10M"),
    ("containerservice:ManagedCluster", "enableRBAC", True),
    ("containerservice:ManagedCluster", "disableLocalAccounts", True),
    ("containerservice:ManagedCluster", "aadProfile.managed", True),
    ("containerservice:ManagedCluster", "aadProfile.enableAzureRBAC", True),
    ("containerservice:ManagedCluster", "oidcIssuerProfile.enabled", True),
    ("containerservice:ManagedCluster", "securityProfile.workloadIdentity.enabled", True),
    ("containerservice:ManagedCluster", "networkProfile.networkPolicy", "cilium"),
    ("containerservice:ManagedCluster", "autoUpgradeProfile.upgradeChannel", "stable"),
    ("applicationinsights:Component", "disableLocalAuth", True),
    ("applicationinsights:Component", "disableIpMasking", False),
    ("operationalinsights:Workspace", "features.disableLocalAuth", True),
]


@pytest.mark.parametrize(("token", "path", "wanted"), WANTED, ids=str)
@pytest.mark.parametrize("stack", STACKS)
def test_dangerous_defaults_are_set_to_safe_values(stack: str, token: str, path: str, wanted: object) -> None:
    resources = declared(stack).of(token)
    assert resources
    assert [_at(resource, path) for resource in resources] == [wanted] * len(resources)


def test_purge_protection_is_true_or_absent_but_never_false() -> None:
    assert "enablePurgeProtection" not in declared("dev").one("keyvault:Vault").inputs["properties"]
    assert _at(declared("prod").one("keyvault:Vault"), "properties.enablePurgeProtection") is True


def test_a_vault_is_new_unless_the_settings_ask_for_a_deleted_one() -> None:
    vault = declared("dev").one("keyvault:Vault")
    assert (vault.inputs["properties"]["createMode"], vault.ignores) == ("default", ["properties.createMode"])
    recover = json.dumps({"vault": {**stack_values("dev")["vault"], "recover": True}})
    assert declared("dev", recover).one("keyvault:Vault").inputs["properties"]["createMode"] == "recover"


def test_only_the_lake_has_directories() -> None:
    accounts = declared("dev").of("storage:StorageAccount")
    assert {account.name: account.inputs["isHnsEnabled"] for account in accounts} == {"lake": True, "ml-storage": False}


def test_the_lake_never_deletes_by_age() -> None:
    (policy,) = [item for item in declared("dev").of("storage:ManagementPolicy") if item.name == "lake-lifecycle"]
    actions = [rule["definition"]["actions"]["baseBlob"] for rule in policy.inputs["policy"]["rules"]]
    assert actions == [{"tierToCool": {"daysAfterModificationGreaterThan": 30}}]


def test_an_allowed_address_opens_every_firewall_and_no_other_does() -> None:
    closed, opened = (declared("dev"), declared("dev", OPENED))
    firewalls = [
        ("storage:StorageAccount", "networkRuleSet.ipRules"),
        ("keyvault:Vault", "properties.networkAcls.ipRules"),
        ("eventhub:NamespaceNetworkRuleSet", "ipRules"),
    ]
    for token, path in firewalls:
        assert all(not _at(item, path) for item in closed.of(token))
        assert all("20.50.1.0/24" in json.dumps(_at(item, path)) for item in opened.of(token))
    cluster = "apiServerAccessProfile.authorizedIPRanges"
    assert _at(closed.one("containerservice:ManagedCluster"), cluster) == ["20.70.1.1/32"]
    assert _at(opened.one("containerservice:ManagedCluster"), cluster) == ["20.50.1.0/24", "20.60.1.1", "20.70.1.1/32"]


def test_a_premium_registry_alone_has_a_firewall() -> None:
    assert "networkRuleSet" not in declared("dev").one("containerregistry:Registry").inputs
    assert _at(declared("prod").one("containerregistry:Registry"), "networkRuleSet.defaultAction") == "Deny"


STATEFUL = {"StorageAccount", "BlobContainer", "Vault", "Registry", "Namespace", "Workspace"}


def test_what_no_program_can_make_again_is_protected_where_the_settings_say_so() -> None:
    protected = {item.type.rpartition(":")[2] for item in declared("prod").azure() if item.protected}
    assert protected == STATEFUL
    assert all(item.protected for item in declared("prod").azure() if item.type.rpartition(":")[2] in STATEFUL)
    assert not any(item.protected for item in declared("dev").azure())


def test_no_stack_is_named_in_the_code() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "infra").rglob("*.py"))
    assert not re.findall(r"""["'](?:dev|prod)["']""", code)


def test_the_program_reads_like_a_table_of_contents() -> None:
    assert len((ROOT / "infra" / "__main__.py").read_text().splitlines()) < 80


def _at(resource: Declared, path: str) -> Any:
    value: Any = resource.inputs
    for key in path.split("."):
        value = value.get(key)
    return value
