"""Names of all resources, built and checked in one place, because Azure refuses a bad one only late in a deployment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.errors import FourPartError

BRONZE, SILVER = "bronze", "silver"
MODEL = "demand"
"""Name of the registered model, and of the experiment that its training runs belong to."""
SCORING, HANDLER = "scoring", "event-handler"
"""The two workloads of the release: names of their image repositories, containers, services and service accounts."""
NAMESPACE = "forecasting"
"""Kubernetes namespace of both."""
BUILD_AGENTS = "builds"
"""Name of the pool of agents on which the registry builds in a private network."""
SCORING_PORT = 8443
"""TCP port of the scoring service, for HTTPS: of its container in QA, its pods, and every address that leads to them."""
CERTIFICATE = "scoring"
"""Name of the certificate of production's address in the platform's vault."""
RELEASE_PIPELINE = "release"
"""Name of the Azure DevOps pipeline that releases an image."""
SCORING_LOGS, DEAD_LETTER, FORECASTS = "scoring-logs", "dead-letter", "forecasts"


class NameRefusedError(FourPartError):
    """A name that Azure would refuse."""


# Source: "Naming rules and restrictions for Azure resources" (learn.microsoft.com, resource-name-rules).
RULES: dict[str, tuple[str, str]] = {
    "resource_group": (r"[\w.()-]{0,89}[\w()-]", "1-90 letters, digits, ._()-, no final full stop"),
    "storage_account": (r"[a-z0-9]{3,24}", "3-24 lower-case letters and digits"),
    "databricks": (r"[A-Za-z0-9_-]{3,64}", "3-64 letters, digits, _ and -"),
    "machine_learning": (r"[A-Za-z0-9][\w-]{2,32}", "3-33 letters, digits, _ and -"),
    "batch_endpoint": (r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]", "3-32 letters, digits and dashes, from a letter"),
    "registry": (r"[A-Za-z0-9]{5,50}", "5-50 letters and digits"),
    "key_vault": (r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]", "3-24 letters, digits and single dashes, from a letter"),
    "event_hubs": (r"[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]", "6-50 letters, digits and dashes, from a letter"),
    "kubernetes": (r"[A-Za-z0-9]([\w-]{0,61}[A-Za-z0-9])?", "1-63 letters, digits, _ and -"),
    "insights": (r"[^%&\\?/]{0,259}[^%&\\?/. ]", "1-260 characters, none of %&\\?/"),
    "log_analytics": (r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]", "4-63 letters, digits and dashes"),
    "identity": (r"[A-Za-z0-9][\w-]{2,127}", "3-128 letters, digits, _ and -"),
    "system_topic": (r"[A-Za-z0-9-]{3,50}", "3-50 letters, digits and dashes"),
    "network": (r"[A-Za-z0-9]([\w.-]{0,78}\w)?", "1-80 letters, digits, ._-, from a letter or digit, no final . or -"),
    "metrics": (r"[A-Za-z0-9][A-Za-z0-9-]{2,42}[A-Za-z0-9]", "4-44 letters, digits and dashes"),
    "grafana": (r"[A-Za-z][A-Za-z0-9-]{0,21}[A-Za-z0-9]", "2-23 letters, digits and dashes, from a letter"),
    "dashboard": (r"[A-Za-z][A-Za-z0-9-]{0,28}[A-Za-z0-9]", "2-30 letters, digits and dashes, from a letter"),
    "alarm": (r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/|. ]", "1-260 characters, none of *#&+:<>?@%{}/| or a backslash"),
    "collection": (r"[A-Za-z0-9]([\w.-]{1,62}[A-Za-z0-9])", "3-64 letters, digits, ._-"),
    "devops_pool": (r"[A-Za-z0-9][A-Za-z0-9.-]{1,42}[A-Za-z0-9]", "3-44 letters, digits, . and -"),
    "dev_center": (r"[A-Za-z0-9][\w.-]{2,25}", "3-26 letters, digits, ._-"),
    "dev_center_project": (r"[A-Za-z0-9][\w.-]{2,62}", "3-63 letters, digits, ._-"),
    "budget": (r"[\w-]{1,63}", "1-63 letters, digits, _ and -"),
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of one stack's resources; build it with `names`."""

    resource_group: str
    lake: str
    ml_storage: str
    databricks: str
    databricks_storage: str
    access_connector: str
    machine_learning: str
    registry: str
    key_vault: str
    event_hubs: str
    kubernetes: str
    insights: str
    log_analytics: str
    lake_topic: str
    registry_topic: str
    workspace_topic: str
    virtual_network: str
    nat_gateway: str
    nat_address: str
    metrics: str
    grafana: str
    dashboard: str
    action_group: str
    budget: str
    devops_pool: str
    dev_center: str
    dev_center_project: str
    workload: str
    suffix: str

    @property
    def databricks_group(self) -> str:
        """Resource group that Databricks manages."""
        return f"{self.resource_group}-databricks"

    def identity(self, role: str) -> str:
        """Name of the user-assigned identity that a workload of this role runs as."""
        return _checked("identity", _join("id", role, self.workload, self.suffix))

    def security_group(self, subnet: str) -> str:
        """Name of the security group of a subnet."""
        return _checked("network", _join("nsg", subnet, self.workload, self.suffix))

    def alarm(self, what: str) -> str:
        """Name of the alarm of this name in the tables."""
        return _checked("alarm", _join("alarm", what, self.workload, self.suffix))

    def collection(self, what: str) -> str:
        """Name of what collects metrics or logs of this kind."""
        return _checked("collection", _join("dc", what, self.workload, self.suffix))

    def endpoint(self, purpose: str) -> str:
        """Name of the private endpoint for this purpose."""
        return _checked("network", _join("pe", purpose, self.workload, self.suffix))


def names(workload: str = "mlops-forecasting", suffix: str = "") -> Names:
    """Names for a workload and a stack suffix (empty for production), each checked by its service's rule.

    Raises:
        NameRefusedError: when a built name breaks the rule of its service.
    """
    packed = re.sub(r"[^a-z0-9]", "", workload.lower()) + suffix.lower()

    def dashed(kind: str, prefix: str) -> str:
        return _checked(kind, _join(prefix, workload, suffix))

    return Names(
        resource_group=dashed("resource_group", "rg"),
        lake=_checked("storage_account", f"dls{packed}"),
        ml_storage=_checked("storage_account", f"stmlw{packed}"),
        databricks=dashed("databricks", "dbw"),
        databricks_storage=_checked("storage_account", f"stdbw{packed}"),
        access_connector=dashed("databricks", "dbac"),
        machine_learning=dashed("machine_learning", "mlw"),
        registry=_checked("registry", f"cr{packed}"),
        key_vault=dashed("key_vault", "kv"),
        event_hubs=dashed("event_hubs", "evh"),
        kubernetes=dashed("kubernetes", "aks"),
        insights=dashed("insights", "ins"),
        log_analytics=dashed("log_analytics", "log"),
        lake_topic=dashed("system_topic", "egst-lake"),
        registry_topic=dashed("system_topic", "egst-cr"),
        workspace_topic=dashed("system_topic", "egst-mlw"),
        virtual_network=dashed("network", "vnet"),
        nat_gateway=dashed("network", "ng"),
        nat_address=dashed("network", "pip-ng"),
        metrics=dashed("metrics", "amw"),
        grafana=_checked("grafana", f"amg{packed}"),
        dashboard=dashed("dashboard", "dash"),
        action_group=dashed("alarm", "ag"),
        budget=dashed("budget", "budget"),
        devops_pool=dashed("devops_pool", "mdp"),
        dev_center=dashed("dev_center", "dc"),
        dev_center_project=dashed("dev_center_project", "dcp"),
        workload=workload,
        suffix=suffix,
    )


@dataclass(frozen=True, kw_only=True)
class FoundationNames:
    """Names of what stands before one stack's platform; build it with `foundation_names`."""

    resource_group: str
    state_account: str
    key_vault: str
    identity: str


STATE, STATE_KEY = "state", "pulumi"
"""Container of Pulumi's state, and the key that its secrets are encrypted with."""


def foundation_names(workload: str = "mlops-forecasting", suffix: str = "") -> FoundationNames:
    """Names of a stack's foundation, each checked by its service's rule.

    Raises:
        NameRefusedError: when a built name breaks the rule of its service.
    """
    packed = re.sub(r"[^a-z0-9]", "", workload.lower()) + suffix.lower()
    return FoundationNames(
        resource_group=_checked("resource_group", _join("rg", workload, suffix, "foundation")),
        state_account=_checked("storage_account", f"stp{packed}"),
        key_vault=_checked("key_vault", f"kvp{packed}"),
        identity=_checked("identity", _join("id", "pipelines", workload, suffix)),
    )


def connection(stack: str) -> str:
    """Name of a stack's service connection and of its variable group on Azure DevOps."""
    return f"mlops-forecasting-{stack}"


def training_endpoint(workspace: str) -> str:
    """Name of the batch endpoint whose default deployment is the training pipeline.

    Names of endpoints are unique in an Azure region, so it follows from the workspace's.

    Raises:
        NameRefusedError: when the built name breaks the rule of batch endpoints.
    """
    return _checked("batch_endpoint", f"train-{workspace.removeprefix('mlw-')}")


def _join(*parts: str) -> str:
    return "-".join(part for part in parts if part)


def _checked(kind: str, name: str) -> str:
    pattern, allowed = RULES[kind]
    if re.fullmatch(pattern, name):
        return name
    happened = f"The {kind.replace('_', ' ')} name is not one that Azure accepts."
    raise NameRefusedError(
        happened,
        given=f"{name} ({len(name)} characters)",
        allowed=allowed,
        remedy="Choose another `workload` or `suffix` in Pulumi.<stack>.yaml.",
    )
