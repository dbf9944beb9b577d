"""Declared resources as an exported state, and the engine that judges it: no login, no provider, no program."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from deployment.declared.model import Declared
from local.engine.build import Engine

PACK = Path(__file__).parents[2] / "policy"
REFERENCE = "pulumi:pulumi:StackReference"
KNOWN = "/subscriptions/s/resourceGroups/rg/providers/p/known"


def state(declarations: Iterable[Declared]) -> dict[str, Any]:
    """Return an export of these resources; what was unknown in a preview is known in a state."""
    rows = list(declarations)
    root = next(row.urn for row in rows if row.type == "pulumi:pulumi:Stack")
    stack, project = root.split(":")[2], root.split("::")[1]
    packages = sorted({row.type.partition(":")[0] for row in rows} - {"pulumi", "mlops-forecasting"})
    providers = {name: f"urn:pulumi:{stack}::{project}::pulumi:providers:{name}::default" for name in packages}
    made: list[dict[str, Any]] = [{"urn": root, "custom": False, "type": "pulumi:pulumi:Stack"}]
    for name, urn in providers.items():
        made.append({"urn": urn, "custom": True, "id": "0", "type": f"pulumi:providers:{name}", "inputs": {}, "outputs": {}})
    made += [_reference(row) for row in rows if row.type == REFERENCE]
    made += [_row(row, root, providers) for row in rows if row.type.partition(":")[0] in providers]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": "v3"}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": made}}


def _reference(row: Declared) -> dict[str, Any]:
    own = {"urn": row.urn, "custom": True, "id": row.name, "type": row.type, "external": True}
    return {**own, "inputs": {"name": row.name}, "outputs": {"name": row.name, **row.inputs}}


def _row(row: Declared, root: str, providers: dict[str, str]) -> dict[str, Any]:
    inputs = json.loads(json.dumps(row.inputs).replace(UNKNOWN_STRING_VALUE, KNOWN))
    own = {"urn": row.urn, "custom": True, "id": row.name, "type": row.type, "parent": root, "protect": row.protected}
    provider = f"{providers[row.type.partition(':')[0]]}::0"
    return {**own, "inputs": inputs, "outputs": inputs, "provider": provider, "propertyDependencies": row.sources}


def analyze(engine: Engine, folder: Path, exported: dict[str, Any], stack: str) -> tuple[int, str]:
    """Judge a state with the levels of a stack; return the exit code and what the engine said."""
    file = folder / "state.json"
    file.write_text(json.dumps(exported))
    levels = PACK / f"config.{stack}.json"
    command = [engine.binary, "policy", "analyze", "--file", file, "--policy-pack", PACK, "--policy-pack-config", levels]
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
