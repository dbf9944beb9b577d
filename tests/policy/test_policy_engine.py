"""The pack under the real engine, on an exported state: no login, no provider, no program."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from local.engine.build import Engine, ensure_engine
from local.progress import Progress
from tests.policy.policy_cases import BREACHES, GOOD, changed, kinds

PACK = Path(__file__).parents[2] / "policy"
STACK = "urn:pulumi:dev::platform::pulumi:pulumi:Stack::platform-dev"
PROVIDER = "urn:pulumi:dev::platform::pulumi:providers:azure-native::default"

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ensure_engine(Progress())


def write_state(file: Path, resources: list[tuple[str, dict[str, Any]]]) -> None:
    rows: list[dict[str, Any]] = [
        {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"},
        {"urn": PROVIDER, "custom": True, "id": "0", "type": "pulumi:providers:azure-native", "inputs": {}, "outputs": {}},
    ]
    for place, (token, properties) in enumerate(resources):
        # What was unknown in the preview is known in a state.
        inputs = json.loads(json.dumps(properties).replace(UNKNOWN_STRING_VALUE, "/subscriptions/0/known"))
        urn = f"urn:pulumi:dev::platform::{token}::item-{place}"
        links = {"parent": STACK, "provider": f"{PROVIDER}::0"}
        rows.append({"urn": urn, "custom": True, "id": str(place), "type": token, "inputs": inputs, "outputs": inputs, **links})
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": "v3"}
    file.write_text(json.dumps({"version": 3, "deployment": {"manifest": manifest, "resources": rows}}))


def analyze(engine: Engine, folder: Path, resources: list[tuple[str, dict[str, Any]]]) -> tuple[int, str]:
    state = folder / "state.json"
    write_state(state, resources)
    levels = PACK / "config.dev.json"
    command = [engine.binary, "policy", "analyze", "--file", state, "--policy-pack", PACK, "--policy-pack-config", levels]
    environment = os.environ | {
        "PATH": f"{engine.host_folder}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    ended = subprocess.run(
        [str(part) for part in command], env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_the_engine_passes_a_state_that_holds_only_good_resources(engine: Engine, tmp_path: Path) -> None:
    code, output = analyze(engine, tmp_path, list(GOOD.items()))
    assert code == 0, output
    assert "mlops-forecasting@v0.1.0" in output
    assert "[mandatory]" not in output


def test_the_engine_refuses_a_state_with_one_breach_of_each_rule(engine: Engine, tmp_path: Path) -> None:
    code, output = analyze(
        engine, tmp_path, [(kinds(rule)[0], changed(kinds(rule)[0], *breaks[0])) for rule, breaks in BREACHES.items()]
    )
    assert code != 0
    found = re.findall(r"\[mandatory\] \[severity: \w+\]  (\S+)  \(azure-native:\S+: item-(\d+)\)", output)
    assert set(found) == {(rule, str(place)) for place, rule in enumerate(BREACHES)}, output
