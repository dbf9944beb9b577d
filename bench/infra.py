"""`pulumi preview` of the platform on an empty stack, beside a program that only imports the same modules: wall seconds, best of three.

Both run on the real engine with the local cloud's provider, without policies. The target is 10 s and twice the bare program.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.empty_stack import empty_stack
from local.engine.build import Engine, ensure_engine
from local.progress import Progress

ROOT = Path(__file__).parents[1]
ROUNDS = 3
BARE = """\
from pulumi_azure_native import (
    alertsmanagement, applicationinsights, authorization, consumption, containerregistry, containerservice, dashboard,
    databricks, devcenter, devopsinfrastructure, eventgrid, eventhub, keyvault, machinelearningservices, managedidentity,
    monitor, network, operationalinsights, privatedns, resources, storage,
)

for module in (
    alertsmanagement.PrometheusRuleGroup, applicationinsights.Component, authorization.RoleAssignment, consumption.Budget,
    containerregistry.Registry, containerservice.ManagedCluster, dashboard.Grafana, databricks.Workspace, devcenter.Project,
    devopsinfrastructure.Pool, eventgrid.SystemTopic, eventhub.Namespace, keyvault.Vault, machinelearningservices.Workspace,
    managedidentity.UserAssignedIdentity, monitor.MetricAlert, network.VirtualNetwork, operationalinsights.Workspace,
    privatedns.PrivateZone, storage.StorageAccount,
):
    assert module
resources.ResourceGroup("group", resource_group_name="rg-bare", location="westeurope")
"""


def main() -> int:
    """Preview each stack and the bare program in turn, and print the table."""
    engine = ensure_engine(Progress())
    with tempfile.TemporaryDirectory(prefix="infra-") as scratch:
        bare = _bare(Path(scratch) / "bare")
        places = {"bare": (bare, "dev"), "dev": (ROOT, "dev"), "prod": (ROOT, "prod")}
        seconds = {name: min(_preview(engine, *place) for _ in range(ROUNDS)) for name, place in places.items()}
    sys.stdout.write(f"{'pulumi preview':26}{'ours, s':>9}{'bare, s':>9}{'ratio':>8}\n")
    for stack in ("dev", "prod"):
        ours, anchor = seconds[stack], seconds["bare"]
        sys.stdout.write(f"{stack:26}{ours:>9.1f}{anchor:>9.1f}{ours / anchor:>8.2f}\n")
    return 0


def _bare(folder: Path) -> Path:
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: bare\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(BARE)
    return folder


def _preview(engine: Engine, project: Path, stack: str) -> float:
    """Seconds of one preview on an empty stack of its own."""
    with empty_stack(engine, project, stack) as pulumi:
        return pulumi.preview().seconds


if __name__ == "__main__":
    sys.exit(main())
