"""Both platforms through the real engine: up, nothing to do, one change, a plan, destroyed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.declared.programs import ROOT
from local.certificates import ensure_certificates
from local.endpoints import Endpoints
from local.engine.build import ensure_engine
from local.engine.runner import PulumiEngine
from local.progress import Progress
from local.provider.deployment import Deployment
from local.provider.server import serve
from local.resources import Resources
from local.services.eventhubs import broker
from local.store import Store
from tests.infra.golden_list import STACKS

pytestmark = [pytest.mark.engine, pytest.mark.slow]
SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The platform's project on an empty cloud of its own."""

    pulumi: PulumiEngine
    resources: Resources

    def change(self, key: str, value: Any) -> Any:
        """Set a value of the stack file's copy and return the old one; a dotted key reaches into a section."""
        file = self.pulumi.workspace.stack_file
        told = yaml.safe_load(file.read_text())
        *sections, last = f"mlops-forecasting:{key}".split(".")
        part = told["config"]
        for section in sections:
            part = part[section]
        old, part[last] = part[last], value
        file.write_text(yaml.safe_dump(told))
        return old

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the engine on the stack."""
        files = ["--stack", self.pulumi.workspace.stack, "--config-file", str(self.pulumi.workspace.stack_file)]
        command = [str(self.pulumi.engine.binary), *arguments, *files, "--non-interactive", "--color", "never"]
        return subprocess.run(
            command, cwd=ROOT, env=self.pulumi.environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    def touched(self) -> dict[str, str]:
        """Resources that the next update would touch, by name, with what it would do."""
        seen: list[Any] = []
        self.pulumi.preview(on_event=seen.append)
        return {
            event.name: event.state for event in seen if event.type.startswith("azure") and event.state not in {"running", "same"}
        }


@pytest.fixture
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    """The stack that the test is given, on the real engine, provider and broker."""
    endpoints, resources = Endpoints.of(tmp_path), Resources(Store(tmp_path / "cloud.db"))
    ensure_certificates(tmp_path)
    started = subprocess.Popen(broker.command(broker.BROKER.ensure(Progress()), tmp_path))
    broker.wait_ready(tmp_path)
    server, port = serve(Deployment(resources=resources, endpoints=endpoints), 0)
    engine = ensure_engine(Progress())
    pulumi = PulumiEngine.of(engine, state=tmp_path, project=ROOT, stack=request.param, provider_port=port)
    pulumi.init()
    yield Platform(pulumi=pulumi, resources=resources)
    server.stop(0).wait()
    started.kill()
    started.wait()


CHANGES: list[tuple[str, object, dict[str, str]]] = [
    ("events.throughputUnits", 3, {"bus": "updated"}),
    ("operations.monthlyBudget", 700, {"budget": "updated"}),
    ("storage.softDeleteDays", 14, {"lake-soft-delete": "updated", "ml-storage-soft-delete": "updated"}),
    ("compute.idle", "PT5M", {"cpu": "updated", "gpu": "updated"}),
]


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("platform", STACKS, indirect=True)
def test_a_stack_goes_up_once_changes_what_was_changed_and_is_destroyed(platform: Platform, tmp_path: Path) -> None:
    pulumi = platform.pulumi
    created = pulumi.up().counts["create"]
    assert created > len(platform.resources.all())
    assert pulumi.up().empty
    assert platform.run("refresh", "--yes", "--expect-no-changes").returncode == 0
    for key, value, wanted in CHANGES:
        old = platform.change(key, value)
        assert platform.touched() == wanted, key
        platform.change(key, old)

    plan = tmp_path / "plan.json"
    platform.change("telemetry.retentionDays", 120)
    assert platform.run("preview", "--save-plan", str(plan)).returncode == 0
    platform.change("telemetry.retentionDays", 121)
    refused = platform.run("up", "--yes", "--skip-preview", "--plan", str(plan))
    assert refused.returncode != 0
    assert "violates plan" in refused.stdout + refused.stderr
    platform.change("telemetry.retentionDays", 120)
    assert platform.run("up", "--yes", "--skip-preview", "--plan", str(plan)).returncode == 0

    protected = sorted(
        item["urn"].rpartition("::")[2] for item in pulumi.export()["deployment"]["resources"] if item.get("protect")
    )
    if protected:
        before = {item.id for item in platform.resources.all()}
        refused = platform.run("destroy", "--yes")
        assert refused.returncode != 0
        named = {name for name in protected if f"::{name}'" in refused.stdout + refused.stderr}
        assert named >= {"bronze", "silver", "bus", "databricks", "machine-learning"}
        assert {item.id for item in platform.resources.all()} == before, "the preview of a destroy refuses before anything goes"
        pulumi.query("state", "unprotect", "--all", "--yes", "--stack", pulumi.workspace.stack)
    pulumi.destroy()
    assert platform.resources.all() == []
