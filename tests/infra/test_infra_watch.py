"""What watches the platform: alarms that call somebody, logs that are kept, a budget that is told of."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from deployment.declared.clouds import id_of
from deployment.declared.programs import declared
from events.logs import record
from infra.alarms import CLUSTER, LAG, LOGS, METRICS
from infra.components.budget import NOTIFICATIONS
from infra.logs import CONTROL_PLANE, TABLE
from infra.panels import TABLE as PANELS
from infra.parts import NAMESPACES
from tests.infra.golden_list import STACKS

GROUP = id_of("monitor:ActionGroup", "ag-mlops-forecasting-dev")


def test_every_alarm_calls_the_people_and_ends_by_itself() -> None:
    program = declared("dev")
    metrics, queries = program.of("monitor:MetricAlert"), program.of("monitor:ScheduledQueryRule")
    assert sorted(item.name for item in metrics) == sorted(alarm.name for alarm in METRICS)
    assert sorted(item.name for item in queries) == sorted(alarm.name for alarm in LOGS)
    assert all(item.inputs["actions"] == [{"actionGroupId": GROUP}] for item in metrics)
    assert all(item.inputs["actions"] == {"actionGroups": [GROUP]} for item in queries)
    assert all(item.inputs["autoMitigate"] is True for item in (*metrics, *queries))
    rules = program.one("alertsmanagement:PrometheusRuleGroup").inputs["rules"]
    assert [rule["alert"] for rule in rules] == [alarm.name for alarm in CLUSTER]
    assert all(rule["actions"] == [{"actionGroupId": GROUP}] for rule in rules)
    assert program.one("alertsmanagement:SmartDetectorAlertRule").inputs["actionGroups"] == {"groupIds": [GROUP]}


def test_people_are_those_of_the_settings() -> None:
    receivers = declared("dev").one("monitor:ActionGroup").inputs["emailReceivers"]
    assert [item["emailAddress"] for item in receivers] == ["forecasting-team@example.com"]


def test_an_alarm_watches_the_part_that_has_its_metric() -> None:
    metrics = {item.name: item.inputs for item in declared("dev").of("monitor:MetricAlert")}
    kinds = {
        "Microsoft.Storage/storageAccounts": "storage:StorageAccount",
        "Microsoft.KeyVault/vaults": "keyvault:Vault",
        "Microsoft.EventHub/namespaces": "eventhub:Namespace",
        "Microsoft.MachineLearningServices/workspaces": "machinelearningservices:Workspace",
        "Microsoft.ContainerService/managedClusters": "containerservice:ManagedCluster",
        "Microsoft.EventGrid/systemTopics": "eventgrid:SystemTopic",
    }
    for alarm in METRICS:
        (scope,), (criterion,) = metrics[alarm.name]["scopes"], metrics[alarm.name]["criteria"]["allOf"]
        assert scope.startswith(id_of(kinds[NAMESPACES[alarm.part]], ""))
        assert criterion["metricNamespace"] == NAMESPACES[alarm.part]
        assert (criterion["operator"] == "LessThan") == alarm.below


def test_the_dead_letter_alarm_counts_the_hub_of_dead_letters_alone() -> None:
    (alarm,) = [item.inputs for item in declared("dev").of("monitor:MetricAlert") if item.name == "handler-gave-up"]
    assert alarm["criteria"]["allOf"][0]["dimensions"] == [
        {"name": "EntityName", "operator": "Include", "values": ["dead_letter"]}
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_every_part_writes_its_logs_into_the_one_workspace(stack: str) -> None:
    program = declared(stack)
    settings = {item.name: item.inputs for item in program.of("monitor:DiagnosticSetting")}
    workspace = program.one("operationalinsights:Workspace").inputs["workspaceName"]
    assert sorted(settings) == sorted(f"{row.part}-logs" for row in TABLE)
    assert {item["workspaceId"].rpartition("/")[2] for item in settings.values()} == {workspace}
    assert len({item["resourceUri"] for item in settings.values()}) == len(TABLE)
    assert settings["lake-logs"]["resourceUri"].endswith("/blobServices/default")
    assert [log["category"] for log in settings["cluster-logs"]["logs"]] == list(CONTROL_PLANE)
    assert all(log["enabled"] is True for item in settings.values() for log in item["logs"])


def test_the_cluster_sends_metrics_and_logs_where_its_rules_say() -> None:
    program = declared("prod")
    rules = {item.name: item.inputs for item in program.of("monitor:DataCollectionRule")}
    associations = {item.name: item.inputs for item in program.of("monitor:DataCollectionRuleAssociation")}
    cluster = program.one("containerservice:ManagedCluster").inputs
    for what, destination in (("prometheus", "monitoringAccounts"), ("containers", "logAnalytics")):
        rule = rules[f"{what}-collection"]
        assert [flow["destinations"] for flow in rule["dataFlows"]] == [[what]]
        assert [item["name"] for item in rule["destinations"][destination]] == [what]
        assert associations[f"{what}-association"]["resourceUri"].endswith(cluster["resourceName"])
    assert cluster["azureMonitorProfile"] == {"metrics": {"enabled": True}}


def test_grafana_stands_where_the_settings_ask_for_it_and_reads_metrics_alone() -> None:
    assert not declared("dev").of("dashboard:Grafana")
    program = declared("prod")
    roles = [item.inputs for item in program.of("authorization:RoleAssignment") if item.name.startswith("grafana-")]
    assert [role["principalId"] for role in roles] == ["principal-grafana"]
    assert roles[0]["scope"] == id_of("monitor:AzureMonitorWorkspace", "amw-mlops-forecasting")
    assert program.one("dashboard:Grafana").inputs["properties"]["apiKey"] == "Disabled"


@pytest.mark.parametrize(("stack", "amount"), [("dev", 600), ("prod", 2500)])
def test_the_budget_tells_people_before_and_after_the_money_is_spent(stack: str, amount: int) -> None:
    program = declared(stack)
    budget = program.one("consumption:Budget")
    notified: dict[str, Any] = budget.inputs["notifications"]
    assert budget.inputs["amount"] == amount
    assert budget.inputs["scope"].endswith(program.one("resources:ResourceGroup").inputs["resourceGroupName"])
    assert sorted(notified) == sorted(NOTIFICATIONS)
    assert all(item["enabled"] and item["contactEmails"] and item["contactGroups"] for item in notified.values())
    assert budget.inputs["timePeriod"]["startDate"].endswith("-01T00:00:00Z")
    assert budget.ignores == ["timePeriod"]


def test_the_workbook_shows_every_panel_under_a_name_that_stays() -> None:
    books = [declared(stack).one("applicationinsights:Workbook").inputs for stack in STACKS]
    assert len({book["resourceName"] for book in books}) == len(STACKS)
    for book in books:
        content = json.loads(book["serializedData"])
        assert [item["content"]["title"] for item in content["items"]] == [panel.title for panel in PANELS]
        assert all(item["content"]["query"].count("|") >= 1 for item in content["items"])


@pytest.mark.parametrize("stack", STACKS)
def test_the_dashboard_shows_what_each_alarm_watches_and_its_bound(stack: str) -> None:
    program = declared(stack)
    model = json.loads(program.one("dashboard:DashboardDefinition").inputs["properties"]["serializedData"])
    panels = {panel["title"]: panel for panel in model["panels"]}
    assert list(panels) == [alarm.name for alarm in (*METRICS, *CLUSTER)]
    for alarm in (*METRICS, *CLUSTER):
        first, last = panels[alarm.name]["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert (first["value"], last["value"]) == (None, alarm.bound)
        assert (last["color"] == "green") == alarm.below
    alerts = {item.name: item.inputs for item in program.of("monitor:MetricAlert")}
    for alarm in METRICS:
        (target,) = panels[alarm.name]["targets"]
        (resource,) = target["azureMonitor"]["resources"]
        assert alerts[alarm.name]["scopes"][0].endswith(f"/{resource['resourceName']}")
        assert target["azureMonitor"]["metricNamespace"] == NAMESPACES[alarm.part].lower()
    rules = program.one("alertsmanagement:PrometheusRuleGroup").inputs["rules"]
    measured = [panel["targets"][0]["expr"] for panel in model["panels"] if panel["datasource"]["type"] == "prometheus"]
    assert all(rule["expression"].startswith(f"{measure} ") for rule, measure in zip(rules, measured, strict=True))


@pytest.mark.parametrize("stack", STACKS)
def test_panels_of_the_dashboard_cover_each_other_nowhere(stack: str) -> None:
    model = json.loads(declared(stack).one("dashboard:DashboardDefinition").inputs["properties"]["serializedData"])
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in model["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_alarm_on_lag_reads_the_line_that_the_handler_writes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="events"):
        record("lag", handler="event-handler-0", records=120)
    assert re.findall(LAG, caplog.messages[0]) == ["120"]
    assert any(f"extract(@'{LAG}', 1" in alarm.query for alarm in LOGS)
