"""Rules for logs, metrics, alerts and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pulumi_policy import Severity

from .checks import between, each, equal, filled, on, unset_or_false
from .properties import is_list, places, read
from .rule import Check, Rule, Terms
from .sources import built_in, cis, own, pol, psrule, well_architected

DOCS = "https://learn.microsoft.com/azure/azure-monitor"
METRIC, QUERY, ACTIVITY = (f"azure-native:monitor:{kind}" for kind in ("MetricAlert", "ScheduledQueryRule", "ActivityLogAlert"))
BUDGETS = ("azure-native:consumption:Budget", "azure-native:costmanagement:Budget")


def _kept(terms: Terms) -> tuple[Check, ...]:
    return (between("retentionInDays", terms["leastDays"], terms["mostDays"]),)


def _reaches_somebody(notifications: object) -> bool:
    """Tell whether some notification of a budget is on and has an address; unknown addresses are addresses."""
    if not isinstance(notifications, Mapping):
        return False
    return any(
        isinstance(one, Mapping) and read(one, "enabled") is True and any(map(partial(_has_items, one), CONTACTS))
        for one in notifications.values()
    )


CONTACTS = ("contactEmails", "contactGroups")


def _has_items(holder: Mapping[str, object], name: str) -> bool:
    value = read(holder, name)
    return is_list(value) and len(value) > 0


def _tells_somebody(actions: object) -> bool:
    """Tell whether an alert has an action group; one that is made in the same update counts."""
    groups = places({"it": actions}, "it[].actionGroupId")
    return all(place.unknown or place.value for place in groups)


_component = partial(Rule, kinds=("azure-native:applicationinsights:Component",))
_workspace = partial(Rule, kinds=("azure-native:operationalinsights:Workspace",))

RULES = (
    _component(
        id="ai-workspace",
        title="Traces lie in the platform's own workspace",
        breach="Traces lie in a store that Azure has retired, apart from the other logs.",
        checks=(filled("workspaceResourceId"),),
        severity=Severity.MEDIUM,
        source=psrule("69", pol("d550e854")),
        remedy="Set workspace_resource_id on the Component.",
        url=f"{DOCS}/app/create-workspace-resource",
    ),
    _component(
        id="ai-no-local-auth",
        title="Traces are written by identities only",
        breach="Whoever finds the instrumentation key may write false traces, or flood the budget.",
        checks=(equal("disableLocalAuth", wanted=True),),
        severity=Severity.MEDIUM,
        source=psrule("Azure.AppInsights.LocalAuth", pol("199d5677")),
        remedy="Set disable_local_auth=True on the Component and give Monitoring Metrics Publisher.",
        url=f"{DOCS}/app/azure-ad-authentication",
    ),
    _component(
        id="ai-ip-masking",
        title="Addresses of callers are masked",
        breach="Traces hold the addresses of people, which makes them personal data.",
        checks=(unset_or_false("disableIpMasking"),),
        severity=Severity.MEDIUM,
        source=own("privacy"),
        remedy="Set disable_ip_masking=False on the Component.",
        url=f"{DOCS}/app/ip-collection",
    ),
    _workspace(
        id="la-no-local-auth",
        title="Logs are written by identities only",
        breach="Whoever holds the workspace key may write false logs.",
        checks=(equal("features.disableLocalAuth", wanted=True),),
        severity=Severity.MEDIUM,
        source=built_in("e15effd4"),
        remedy="Set features.disable_local_auth=True on the Workspace.",
        url=f"{DOCS}/logs/azure-ad-authentication-logs",
    ),
    _workspace(
        id="la-retention",
        title="Logs are kept as long as the stack says",
        breach="Logs are gone before an intrusion is found, or are paid for longer than anyone reads them.",
        checks=_kept,
        severity=Severity.MEDIUM,
        source=cis("Azure Foundations", "logging and monitoring"),
        remedy="Set telemetry.retentionDays in Pulumi.<stack>.yaml within policy/config.<stack>.json.",
        url=f"{DOCS}/logs/data-retention-configure",
        terms={"leastDays": {"type": "number", "default": 30}, "mostDays": {"type": "number", "default": 730}},
    ),
    _workspace(
        id="la-daily-cap",
        title="Logs have a daily cap",
        breach="A service that logs in a loop spends the month's budget in a night.",
        checks=(between("workspaceCapping.dailyQuotaGb", 0.1, 1000),),
        severity=Severity.LOW,
        source=well_architected("Cost Optimization, service guide for Log Analytics"),
        remedy="Set telemetry.dailyCapGb in Pulumi.<stack>.yaml.",
        url=f"{DOCS}/logs/daily-cap",
    ),
    Rule(
        id="alert-action",
        title="Alerts tell somebody",
        breach="The alert fires and nobody hears it.",
        kinds=(METRIC, QUERY, ACTIVITY),
        checks=(
            on(METRIC, each("actions", _tells_somebody, "actions[].actionGroupId set")),
            on(
                QUERY,
                each("actions.actionGroups", lambda value: is_list(value) and len(value) > 0, "actions.actionGroups not empty"),
            ),
            on(ACTIVITY, each("actions.actionGroups", _tells_somebody, "actions.actionGroups[].actionGroupId set")),
        ),
        severity=Severity.MEDIUM,
        source=well_architected("Operational Excellence OE:07"),
        remedy="Give the alert an action group.",
        url=f"{DOCS}/alerts/action-groups",
    ),
    Rule(
        id="alert-auto-resolve",
        title="Alerts end by themselves",
        breach="Alerts whose cause is gone stay open until nobody looks at them any more.",
        kinds=(METRIC, QUERY),
        checks=(Check("autoMitigate", lambda value: value is not False, "autoMitigate other than false"),),
        severity=Severity.LOW,
        source=psrule("Azure.Alert.MetricAutoMitigate"),
        remedy="Take auto_mitigate=False away.",
        url=f"{DOCS}/alerts/alerts-overview",
    ),
    Rule(
        id="cost-budget-contact",
        title="Budgets tell somebody",
        breach="The budget is overspent and nobody hears it.",
        kinds=BUDGETS,
        checks=(
            each("notifications", _reaches_somebody, "notifications with enabled = true and contactEmails or contactGroups"),
        ),
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization CO:04"),
        remedy="Give the Budget a notification that is enabled and has contact_emails or contact_groups.",
        url="https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets",
    ),
)
